package gate_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/gate"
)

func TestOffer(t *testing.T) {
	for _, row := range []struct {
		name   string
		cfg    gate.Config
		state  gate.State
		inside int
		queued int
		served bool
		want   gate.Decision
	}{
		{"open and free", gate.Config{Concurrency: 2, Queue: 1}, gate.Open, 1, 0, true, gate.Enter},
		{"no cap", gate.Config{}, gate.Open, 1000, 0, true, gate.Enter},
		{"at the cap", gate.Config{Concurrency: 2, Queue: 1}, gate.Open, 2, 0, true, gate.Wait},
		{"at the cap, the queue full", gate.Config{Concurrency: 2, Queue: 1}, gate.Open, 2, 1, true, gate.Full},
		{"free, but others wait: no overtaking", gate.Config{Concurrency: 2, Queue: 2}, gate.Open, 1, 1, true, gate.Wait},
		{"no worker yet", gate.Config{Queue: 1}, gate.Open, 0, 0, false, gate.Wait},
		{"no worker and no queue", gate.Config{}, gate.Open, 0, 0, false, gate.Full},
		{"held", gate.Config{Queue: 1}, gate.Hold, 0, 0, true, gate.Wait},
		{"shut", gate.Config{Queue: 1}, gate.Shut, 0, 0, true, gate.RefusedBy},
	} {
		g := gate.New(gate.Config{Queue: 1 << 20})
		for range row.inside {
			g.Offer(true)
		}
		for range row.queued {
			g.Offer(false)
		}
		g.Configure(row.cfg)
		g.Set(row.state)
		if got := g.Offer(row.served); got != row.want {
			t.Errorf("%s: Offer = %d, want %d", row.name, got, row.want)
		}
	}
}

// Whatever comes in whatever order, the books balance: nobody is counted twice
// or lost, and the bounds hold.
func TestTheBooksBalance(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		cfg := gate.Config{Concurrency: 1 + rnd.IntN(5), Queue: rnd.IntN(5)}
		g := gate.New(cfg)
		inside, queued := 0, 0
		for step := range 2000 {
			switch rnd.IntN(5) {
			case 0, 1:
				switch g.Offer(rnd.IntN(2) == 0) {
				case gate.Enter:
					inside++
				case gate.Wait:
					queued++
				case gate.RefusedBy, gate.Full:
				}
			case 2:
				if inside > 0 {
					g.Leave()
					inside--
				}
			case 3:
				if g.Promote() {
					queued, inside = queued-1, inside+1
				} else if queued > 0 && rnd.IntN(2) == 0 {
					g.Abandon()
					queued--
				}
			case 4:
				g.Set(gate.State(rnd.IntN(3)))
			}
			if g.Inside() != inside || g.Queued() != queued {
				t.Fatalf("seed %d, step %d: %d inside and %d queued, want %d and %d", seed, step, g.Inside(), g.Queued(), inside, queued)
			}
			if inside > cfg.Concurrency || queued > cfg.Queue {
				t.Fatalf("seed %d, step %d: %d inside of %d, %d queued of %d", seed, step, inside, cfg.Concurrency, queued, cfg.Queue)
			}
		}
	}
}
