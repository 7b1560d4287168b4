package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// progress tells on stderr how far something is that takes more than two seconds.
type progress struct {
	done  atomic.Int64
	end   chan struct{}
	group sync.WaitGroup
}

// newProgress begins; of is 0 where nobody knows it. Its owner calls stop.
func newProgress(w world, what string, of int64, bytes bool) *progress {
	p := &progress{end: make(chan struct{})}
	p.group.Go(func() { p.tell(w.stderr, isTerminal(w.stderr), what, of, bytes) })
	return p
}

func (p *progress) tell(out io.Writer, terminal bool, what string, of int64, bytes bool) {
	show := func(n int64) string {
		if bytes {
			return (bytesize.Size(n) &^ (64<<10 - 1)).String()
		}
		return fmt.Sprint(n)
	}
	began, told := time.Now(), false
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			n := p.done.Load()
			text := what + " " + show(n)
			if of > 0 {
				text += fmt.Sprintf(" of %s, %d %%", show(of), n*100/of)
			}
			text += fmt.Sprintf(", %s/s", show(int64(float64(n)/time.Since(began).Seconds())))
			if terminal {
				fmt.Fprintf(out, "\r\x1b[K%s", text)
			} else {
				fmt.Fprintln(out, text)
				tick.Reset(10 * time.Second) // a log wants fewer lines
			}
			told = true
		case <-p.end:
			if told && terminal {
				fmt.Fprint(out, "\r\x1b[K")
			}
			return
		}
	}
}

func (p *progress) add(n int64) { p.done.Add(n) }

// Write counts what passes.
func (p *progress) Write(b []byte) (int, error) {
	p.done.Add(int64(len(b)))
	return len(b), nil
}

func (p *progress) stop() {
	close(p.end)
	p.group.Wait()
}
