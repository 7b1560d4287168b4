package trial

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/lab"
)

const showEvery = 250 * time.Millisecond

// watch looks at the subject until stop, which waits for it: samples, the planted leak,
// what a function host counted, and whether stanch is still there.
func (t *Trial) watch(ctx context.Context, cancel context.CancelCauseFunc) (stop func()) {
	ctx, end := context.WithCancel(ctx)
	t.sampler.gauge.Start(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { t.sample(ctx, cancel) })
	watching.Go(func() { t.poll(ctx, cancel) })
	return func() {
		end()
		watching.Wait()
	}
}

// sampling is how much the kernel prefers the thread that samples, where it may: a look
// takes microseconds, and is wanted most when the worker takes all processors.
const sampling = -10

// sample takes samples in even steps from the beginning on.
func (t *Trial) sample(ctx context.Context, cancel context.CancelCauseFunc) {
	runtime.LockOSThread() // and not unlocked: the thread ends with its priority
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), sampling)
	every := t.e.Collect.Every
	kills := t.group.kills()
	shown := time.Time{}
	for n := 0; ; n++ {
		if sleep(ctx, t.began.Add(time.Duration(n)*every)) != nil {
			return
		}
		sample := t.sampler.look(t.now())
		t.sink.Sample(sample)
		if now := t.group.kills(); now > kills {
			t.note("the kernel killed %s for the limit", processes(now-kills))
			kills = now
		}
		if t.planter != nil {
			if err := t.planter.grow(t.planter.due(t.score.called(), sample.At)); err != nil {
				cancel(broken("control %s: %v", t.run.Role, err))
				return
			}
		}
		if err := t.sink.Err(); err != nil {
			cancel(fmt.Errorf("write the bundle: %w", err))
			return
		}
		if now := time.Now(); t.cfg.Show != nil && now.Sub(shown) >= showEvery {
			shown = now
			t.cfg.Show(t.score.show(sample))
		}
		// What could not be looked at in time is a gap in the evidence, and not made up
		// for by looks that come too close together.
		n = max(n, int(time.Since(t.began)/every))
	}
}

// nap is how long the thread that samples sleeps before it looks whether it is to end.
const nap = 50 * time.Millisecond

// sleep waits for a moment as until does, in the kernel: a timer of Go's is looked after
// by another thread, which has to wait for a processor like everybody.
func sleep(ctx context.Context, at time.Time) error {
	for left := time.Until(at); left > 0 && ctx.Err() == nil; left = time.Until(at) {
		now := unix.NsecToTimespec(int64(min(left, nap)))
		_ = unix.Nanosleep(&now, nil) // a signal ends it early, and the loop goes on
	}
	return context.Cause(ctx)
}

func processes(n int64) string {
	if n == 1 {
		return "a process"
	}
	return fmt.Sprintf("%d processes", n)
}

const pollEvery = 100 * time.Millisecond

// poll asks stanch for what only it knows.
func (t *Trial) poll(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var before, beforeFailed int64 // of the variants that have gone
	var done, failed int64
	var last *stage
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s := t.current()
		if s == nil {
			continue
		}
		select {
		case <-s.process.Done():
			if t.current() == s { // it was not stopped by us
				cancel(s.ended())
				return
			}
			continue
		default:
		}
		if t.variant.Contract != lab.Functions {
			continue
		}
		if s != last {
			before, beforeFailed, last = before+done, beforeFailed+failed, s
			done, failed = 0, 0
		}
		var status struct {
			Work struct {
				Functions []struct {
					Succeeded int64 `json:"succeeded"`
					Failed    int64 `json:"failed"`
				} `json:"functions"`
			} `json:"work"`
		}
		if s.ask(ctx, http.MethodGet, "/status", &status) != nil {
			continue // it is busy, or on its way out
		}
		done, failed = 0, 0
		for _, f := range status.Work.Functions {
			done, failed = done+f.Succeeded, failed+f.Failed
		}
		t.score.counted(before+done, beforeFailed+failed)
	}
}
