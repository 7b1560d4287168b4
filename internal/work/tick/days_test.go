package tick_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/work/tick"
)

// Hosts lose the store, are stopped and started again, and their clocks differ, on
// many random days: a tick is never run twice at a time, the ticks that are run
// never go back, and when all is well again nothing is left behind.
func TestRandomDaysRunEachTickAndNeverTwoAtOnce(t *testing.T) {
	for seed := range uint64(60) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 11))
			d, s := &diary{}, &shelf{}
			type member struct {
				*host
				ledger *frozen
				skew   time.Duration
			}
			begin := func(name string) *member {
				m := &member{ledger: &frozen{shelf: s}, skew: time.Duration(random.Int64N(int64(4 * time.Second)))}
				cfg := every(t, "0 */5 * * * *")
				cfg.Now = func() time.Time { return time.Now().Add(m.skew) }
				long := time.Duration(random.Int64N(int64(7 * time.Minute)))
				m.host = d.host(t, name, cfg, m.ledger, func(ctx context.Context, at tick.Tick) error {
					if err := takes(long)(ctx, at); err != nil {
						return err
					}
					if long%3 == 0 {
						return errors.New("it failed")
					}
					return nil
				})
				return m
			}
			cut := func(m *member, dead bool) {
				m.ledger.mu.Lock()
				defer m.ledger.mu.Unlock()
				m.ledger.dead = dead
			}
			members := []*member{begin("a"), begin("b"), begin("c")}
			for range 60 {
				time.Sleep(time.Duration(random.Int64N(int64(4 * time.Minute))))
				i := random.IntN(len(members))
				switch m := members[i]; random.IntN(6) {
				case 0, 1:
					cut(m, true)
				case 2, 3:
					cut(m, false)
				case 4:
					m.end()
					members[i] = begin(string(rune('a' + i)))
				case 5:
					away := random.IntN(2) == 0
					s.set(func() {
						s.away = nil
						if away {
							s.away = gone
						}
					})
				}
			}
			s.set(func() { s.away = nil })
			for _, m := range members {
				cut(m, false)
			}
			time.Sleep(30 * time.Minute)
			healed := time.Now()
			time.Sleep(30 * time.Minute)
			for _, m := range members {
				m.end()
			}
			if d.most != 1 {
				t.Errorf("seed %d: %d at once", seed, d.most)
			}
			after := 0
			for i, r := range d.runs {
				if i > 0 && r.Scheduled.Before(d.runs[i-1].Scheduled) {
					t.Errorf("seed %d: %v was run after %v", seed, r.Scheduled, d.runs[i-1].Scheduled)
				}
				if r.Scheduled.After(healed) {
					after++
				}
			}
			if after < 3 {
				t.Errorf("seed %d: %d ticks were run in half an hour when all was well, want at least 3 of 6: %q", seed, after, d.news)
			}
		})
	}
}
