package draft

import (
	"math"
	"time"
)

const (
	cycles     = 8                 // seven differences, of which the first is left out
	smallTakes = 110 * time.Second // with starts of workers, about two minutes
	hurry      = 5                 // the small version's rate, as a multiple
)

// plan is one version's times and rates.
type plan struct {
	WarmUp  time.Duration
	Quiet   time.Duration // leak: with a tenth of the load
	Load    time.Duration // of the phase with cycles, without its rests
	Rest    time.Duration
	Still   time.Duration // oom: without load
	Stretch time.Duration // oom: of the baseline, of the overload and of the recovery
	Every   time.Duration // between samples
	Idle    time.Duration
	Least   int // rounds
	Most    int
	Bin     time.Duration // of signals
	Near    time.Duration // how far onsets may lie apart

	Fast, Slow []streamRate
}

// streamRate is how fast a stream comes.
type streamRate struct {
	Stream    string
	PerSecond float64
}

// cycle is one cycle with its rest.
func (p plan) cycle() time.Duration { return p.Load/cycles + p.Rest }

// runs is how long the runs of a claim take, in lengths of the phase that the controls
// run too: three controls, and the rounds.
func runs(c Claim, two bool, rounds int) float64 {
	controls, round := 3.0, 0.0
	switch {
	case c == Leak:
		round = 1 + 1.0/5 + 1.0/3 // and warm-up, and quiet
	case c == OOM:
		controls, round = 2.2+1.0/3, 2.1+1.0/5+1.0/3 // a baseline has its rest; and warm-up, and still
		if two {
			round += 1 + 1.0/5 // recovery and remediation
		}
	default:
		round = 2 * (1 + 1.0/5) // two arms
		if c == Compare {
			controls = 1
		}
	}
	return controls + float64(rounds)*round
}

// planOf lays out a version of so many rounds in so much time.
func (a Answers) planOf(takes time.Duration, small bool) plan {
	p := plan{Least: 2, Most: 4, Every: 500 * time.Millisecond, Idle: 2 * time.Second}
	if a.Claim == Compare {
		p.Least, p.Most = 4, 6 // what few pairs can show is not much
	}
	step, rest := time.Second, 5*time.Second
	fast := a.Rate
	if small {
		p.Least, p.Most = 1, 1
		if a.Claim == Compare {
			p.Least, p.Most = 3, 3
		}
		p.Every, p.Idle = 200*time.Millisecond, 300*time.Millisecond
		step, rest = 100*time.Millisecond, 600*time.Millisecond
		fast *= hurry
		if a.Claim == OOM {
			fast = a.Rate * 2
		}
	}
	one := time.Duration(float64(takes) / runs(a.Claim, a.Other != nil, p.Least))
	p.Stretch, p.Still = one.Truncate(step), (one / 3).Truncate(step)
	p.WarmUp, p.Quiet = (one / 5).Truncate(step), (one / 3).Truncate(step)
	p.Rest = max(rest, (one / cycles / 5).Truncate(step)) // a cycle's floor is sought in its last fifth
	p.Load = max((one/cycles-p.Rest).Truncate(step), step) * cycles
	if a.Claim == OOM {
		// So near that chance would not do it in the two windows, and told finely enough.
		p.Rest = max(p.Stretch/10, 2*time.Second).Truncate(step)
		p.Near = (p.Stretch / 25).Truncate(step)
		p.Bin = max((p.Near / 3).Truncate(step), 100*time.Millisecond)
	}
	p.Fast, p.Slow = a.rates(fast), a.rates(fast/10)
	return p
}

// rates shares out what comes in a second, evenly among endpoints, queues and blobs.
func (a Answers) rates(perSecond float64) (all []streamRate) {
	things := float64(len(a.Requests) + len(a.Queues) + len(a.Blobs))
	for _, s := range a.streams() {
		n := 1.0
		if len(s.Requests) > 0 {
			n = float64(len(s.Requests))
		}
		all = append(all, streamRate{s.Name, max(math.Round(perSecond*n/things*1000)/1000, 0.001)})
	}
	return all
}
