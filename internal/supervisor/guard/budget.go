package guard

import "time"

// Budget bounds how often something may happen within a window of time. A
// Count of 0 is no bound.
type Budget struct {
	Count  int
	Window time.Duration
}

// purse keeps what was spent of a budget.
type purse struct{ spent []time.Time }

// spend takes one, if the budget allows it at this time.
func (p *purse) spend(b Budget, now time.Time) bool {
	if b.Count == 0 {
		return true
	}
	kept := p.spent[:0]
	for _, at := range p.spent {
		if now.Sub(at) < b.Window {
			kept = append(kept, at)
		}
	}
	p.spent = kept
	if len(p.spent) >= b.Count {
		return false
	}
	p.spent = append(p.spent, now)
	return true
}
