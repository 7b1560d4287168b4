package main

import (
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/trend"
)

func TestEveryRuleCallsALineThatIsSteepAndNoLevel(t *testing.T) {
	const limit = 1 << 30
	run := func(perHour float64) map[string]bool {
		called := map[string]bool{}
		rules := all()
		for second := range 4 * 3600 {
			wiggle := float64(second*7919%1000) * 100
			s := trend.Sample{At: time.Duration(second) * time.Second, Limit: limit, Generation: 1, Bytes: int64(500e6 + wiggle + perHour*float64(second)/3600)}
			for _, r := range rules {
				r.observe(s)
				if second%60 == 0 && r.leaks() {
					called[r.name()] = true
				}
			}
		}
		return called
	}
	steep, level := run(110e6), run(0)
	for _, r := range all() {
		if !steep[r.name()] {
			t.Errorf("%s does not call 110 MB an hour with the limit four hours away", r.name())
		}
		if level[r.name()] {
			t.Errorf("%s calls a level a leak", r.name())
		}
	}
}
