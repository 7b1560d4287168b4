// Command recycle counts the requests that are lost while workers are replaced, by stanch and by its peers.
//
//	go run ./bench/recycle            (make bench-recycle)
//
// Under a closed loop of kept and fresh connections, GET, POST, chunked POST
// and streams, beside held WebSockets and event streams, stanch is told to
// replace its worker again and again; with -by leak the workers leak and stanch
// decides by itself. The same mix then goes to gunicorn with --max-requests and
// to pm2's cluster with max_memory_restart, fewer requests of it, since they
// are slower. Every request is sent once; see package load. Begin with
// contenders.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

type settings struct {
	requests, peerRequests int64
	replacements           int
	worker, by             string
	conns                  int
	websockets, sse        int
	leakKB                 int
	streamDrain            string
	only                   string
}

func main() {
	var s settings
	flag.Int64Var(&s.requests, "requests", 1_000_000, "requests to send through stanch, at least")
	flag.Int64Var(&s.peerRequests, "peer-requests", 60_000, "requests to send through each peer, at least")
	flag.IntVar(&s.replacements, "replacements", 100, "replacements to see, at least")
	flag.StringVar(&s.worker, "worker", "go", "example worker behind stanch: go, python or node")
	flag.StringVar(&s.by, "by", "replace", "what brings stanch's replacements: replace (POST /replace) or leak")
	flag.IntVar(&s.leakKB, "leak-kb", 4, "with -by leak: what each GET keeps, in KiB, in a limit of 256 MiB")
	flag.IntVar(&s.conns, "conns", 16, "connections")
	flag.IntVar(&s.websockets, "websockets", 4, "WebSockets held through stanch")
	flag.IntVar(&s.sse, "sse", 4, "event streams held through stanch")
	flag.StringVar(&s.streamDrain, "stream-drain", "3s", "what stanch gives WebSockets before it ends them; event streams of the mix take 2s")
	flag.StringVar(&s.only, "only", "", "one contender: stanch, gunicorn, gunicorn20 or pm2")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "recycle:", err)
		os.Exit(1)
	}
}

// outcome is one contender's line in the result.
type outcome struct {
	Name         string       `json:"name"`
	Version      string       `json:"version,omitempty"`
	Replacements int          `json:"replacements"`
	Load         load.Summary `json:"load"`
	Skipped      string       `json:"skipped,omitempty"`
}

type result struct {
	Bench     string      `json:"bench"`
	Machine   rig.Machine `json:"machine"`
	Mix       string      `json:"mix"`
	Held      string      `json:"held_through_stanch"`
	Outcomes  []outcome   `json:"outcomes"`
	StanchOK  bool        `json:"stanch_lost_nothing"`
	Completed bool        `json:"completed"`
}

func run(ctx context.Context, s settings) error {
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	r := result{
		Bench: "recycle", Machine: rig.ThisMachine(), Mix: load.DefaultMix().String(),
		Held: fmt.Sprintf("%d WebSockets, %d event streams", s.websockets, s.sse), Completed: true,
	}
	for _, c := range contenders {
		if s.only != "" && s.only != c.name {
			continue
		}
		fmt.Fprintf(os.Stderr, "== %s\n", c.name)
		o, err := c.run(ctx, stage, s)
		o.Name = c.name
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if c.name == "stanch" {
				return err
			}
			o.Skipped = err.Error()
		}
		if c.name == "stanch" {
			r.StanchOK = o.Load.Lost == 0
			r.Completed = o.Load.Sent >= s.requests && o.Replacements >= s.replacements
		}
		r.Outcomes = append(r.Outcomes, o)
		tell(o)
	}
	return rig.Result(os.Stdout, r)
}

func tell(o outcome) {
	if o.Skipped != "" {
		fmt.Fprintf(os.Stderr, "%-11s skipped: %s\n", o.Name, o.Skipped)
		return
	}
	fmt.Fprintf(os.Stderr, "%-11s %8d sent  %5d lost  %4d replacements  longest outage %d ms  p99 %.1f ms  %v\n",
		o.Name, o.Load.Sent, o.Load.Lost, o.Replacements, o.Load.OutageMS, o.Load.P99MS, o.Load.Reasons)
}

// contenders, in the order in which they run.
var contenders = []struct {
	name string
	run  func(context.Context, *rig.Stage, settings) (outcome, error)
}{
	{"stanch", runStanch},
	{"gunicorn", func(ctx context.Context, st *rig.Stage, s settings) (outcome, error) {
		return runGunicorn(ctx, st, s, "gunicorn")
	}},
	{"gunicorn20", func(ctx context.Context, st *rig.Stage, s settings) (outcome, error) {
		return runGunicorn(ctx, st, s, "gunicorn20")
	}},
	{"pm2", runPM2},
}

// drive sends the mix until enough requests are sent and enough has returned,
// telling every five seconds how far it is.
func drive(ctx context.Context, plan load.Plan, requests int64, enough func() bool, replaced func() int) (load.Summary, error) {
	plan.Duration = time.Hour
	r, err := load.New(plan)
	if err != nil {
		return load.Summary{}, err
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		told := time.Now()
		for {
			select {
			case <-sending.Done():
				return
			case <-tick.C:
			}
			s := r.Summary()
			if s.Sent >= requests && enough() {
				stop()
				return
			}
			if time.Since(told) > 5*time.Second {
				told = time.Now()
				fmt.Fprintf(os.Stderr, "   %4.0f s  %d sent  %d lost  %d replacements\n", s.Seconds, s.Sent, s.Lost, replaced())
			}
		}
	})
	summary := r.Do(sending)
	stop()
	watching.Wait()
	return summary, ctx.Err()
}

// install has bench/peers.sh bring a peer, and returns the directory of peers.
func install(ctx context.Context, stage *rig.Stage, peer string) (string, error) {
	script := exec.CommandContext(ctx, filepath.Join(stage.Root, "bench", "peers.sh"), peer)
	script.Stderr = os.Stderr
	if err := script.Run(); err != nil {
		return "", fmt.Errorf("install %s: %w", peer, err)
	}
	return filepath.Join(stage.Root, ".cache", "peers"), nil
}

func version(program string, args ...string) string {
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		return "unknown"
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
