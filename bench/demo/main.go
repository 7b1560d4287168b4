// Command demo shows in a minute and a half what stanch is for: the same leaking worker twice, behind stanch and without it.
//
//	make demo
//
// Both are the Python example with the same leak, the same memory limit and the
// same requests, at the same time; the one without stanch is started again
// whenever it dies. At the end stands what each has lost, and a chart of its
// memory. The limit is a cgroup where one can be made here; elsewhere the demo
// plays the kernel and kills what goes over, and says so. It needs Go and
// Python 3. Begin with run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	duration time.Duration
	rate     float64
	limit    int64
	leakKB   int
	cgroup   bool
	json     bool
}

func main() {
	var s settings
	flag.DurationVar(&s.duration, "duration", 60*time.Second, "how long requests are sent")
	flag.Float64Var(&s.rate, "rate", 100, "requests a second, to each of the two")
	limit := flag.Int64("limit-mib", 256, "memory limit of each in MiB")
	flag.IntVar(&s.leakKB, "leak-kb", 200, "what each request leaks, in KiB")
	flag.BoolVar(&s.cgroup, "cgroup", true, "set the limits by cgroups where they can be made")
	flag.BoolVar(&s.json, "json", false, "end in a line RESULT {json}, as the benches do")
	flag.Parse()
	s.limit = *limit << 20
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	screen := newScreen(os.Stdout)
	screen.Say("Building stanch and starting two leaking Python workers ...")
	guarded, err := newSide("behind stanch", s)
	if err != nil {
		return err
	}
	defer guarded.close()
	alone, err := newSide("without it", s)
	if err != nil {
		return err
	}
	defer alone.close()
	if err := guarded.behindStanch(ctx); err != nil {
		return err
	}
	if err := alone.restarted(ctx); err != nil {
		return err
	}
	screen.intro(s, guarded)

	sides := []*side{guarded, alone}
	var sending sync.WaitGroup
	done := make(chan struct{})
	for _, side := range sides {
		sending.Go(func() { side.send(ctx) })
	}
	go func() { // done is waited for on every way out
		sending.Wait()
		close(done)
	}()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); ; {
		select {
		case <-done:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for _, side := range sides {
				side.finish(ctx)
			}
			screen.summary(s, sides)
			if s.json {
				return rig.Result(os.Stdout, map[string]any{"bench": "demo", "machine": rig.ThisMachine(), "stanch": guarded.result(), "alone": alone.result()})
			}
			return nil
		case <-tick.C:
			for _, side := range sides {
				side.look(ctx)
			}
			screen.progress(min(time.Since(begin), s.duration), s, sides)
		}
	}
}

// plan is what is sent to each side: reading and writing, no retries.
func (s settings) plan(address string) load.Plan {
	p := load.DefaultPlan(address)
	p.Mix = load.Mix{load.Get: 90, load.Post: 10}
	p.Rate, p.Duration = s.rate, s.duration
	return p
}
