package judge

import (
	"math"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// Report says what is known now. Its intervals take in every observation, its verdicts are
// those of the last look. With no observation it is undecided.
func (j *Judge) Report() hunt.Report {
	r := hunt.Report{
		Decided: true, Smallest: j.config.Smallest, Rounds: j.rounds,
		Blocks: j.blocks, Detectable: -1, More: -1, Remaining: -1,
	}
	for _, s := range j.sides {
		all := s.all()
		if lead := all.lead(); lead.fitted.ok {
			r.Noise = max(r.Noise, lead.fitted.floor)
			if s.name == hunt.SideA {
				idle := lead.fitted.interval(0)
				r.Idle = &idle
			}
		}
		for _, name := range j.config.Endpoints {
			r.Findings = append(r.Findings, j.finding(s, all, name))
		}
		r.Notes = append(r.Notes, s.notes(all, j.config.Smallest)...)
	}
	r.Verdict = overall(r.Findings)
	for _, name := range j.config.Endpoints {
		r.Decided = r.Decided && j.settled(name)
	}
	if j.config.Pair {
		r.Comparisons = j.comparisons()
	}
	j.foresee(&r)
	r.Summary = summary(&r)
	return r
}

// judgements are all series of a side. Where no heap is told there is but the first.
type judgements []judgement

func (s *side) all() judgements {
	all := judgements(s.judged())
	if s.told {
		all = append(all, s.judge(live), s.judge(free))
	}
	return all
}

// lead is the series that verdicts come from first.
func (a judgements) lead() *judgement { return &a[0] }

func (a judgements) interval(of series, name string) *hunt.Interval {
	for i := range a {
		if a[i].series == of {
			return a[i].interval(name)
		}
	}
	return nil
}

// estimate is what an endpoint leaves behind, by kind.
type estimate struct {
	class                        hunt.Class
	perRequest, hard, live, free *hunt.Interval
	rounds                       int
}

func (a judgements) estimate(name string, who *suspect) *estimate {
	e := &estimate{
		class: hunt.Unknown, rounds: a.lead().table.counts[name], perRequest: a.interval(a.lead().series, name),
		hard: a.interval(hard, name), live: a.interval(live, name), free: a.interval(free, name),
	}
	if who.verdict == hunt.Leaks {
		e.perRequest = a.interval(who.series, name)
		e.class = class(who.series, e.perRequest, e.live, e.free)
	}
	if e.class == hunt.Managed {
		e.perRequest = e.live
	}
	return e
}

func (j *Judge) finding(s *side, all judgements, name string) hunt.Finding {
	who := s.suspects[name]
	e := who.found
	if e == nil {
		e = all.estimate(name, who)
	}
	f := hunt.Finding{
		Side: s.name, Endpoint: name, Verdict: who.verdict, Class: e.class, PerRequest: e.perRequest,
		Hard: e.hard, Live: e.live, Free: e.free, AtMost: who.atMost, Deaths: who.deaths, Rounds: e.rounds,
	}
	var p50, p99, speed []float64
	for _, o := range s.seen {
		if o.Block.Endpoint != name {
			continue
		}
		f.Requests += o.Requests
		f.Failed += o.Failed
		if o.Block.Round == 0 {
			f.WarmUp += float64(o.After.Hard - o.Before.Hard)
			continue
		}
		p50, p99 = append(p50, milliseconds(o.P50)), append(p99, milliseconds(o.P99))
		if o.Took > 0 {
			speed = append(speed, float64(o.Requests)/o.Took.Seconds())
		}
	}
	f.P50, f.P99, f.PerSecond = median(p50), median(p99), median(speed)
	if f.Verdict == hunt.Undecided && j.config.Garbage {
		f.Decides = "a way to have the worker collect its garbage between blocks"
	}
	if f.Verdict == hunt.Unidentifiable {
		f.Decides = "a request that the worker answers well"
	}
	f.Why = why(&f, who)
	return f
}

// class says what kind of memory a leak is: where at least three quarters of it are live
// objects, it is the heap's. Source of the idea: the same split of a trend.
func class(of series, whole, live, free *hunt.Interval) hunt.Class {
	switch {
	case whole == nil || live == nil:
		return hunt.Unknown
	case of == hard && live.Hi < whole.Lo/2 && free != nil && free.Mid >= whole.Mid/2:
		return hunt.Slack
	case live.Lo >= 0.75*whole.Mid || live.Mid >= 0.75*whole.Mid && live.Lo > 0:
		return hunt.Managed
	case live.Mid <= 0.25*whole.Mid:
		return hunt.Native
	}
	return hunt.Mixed
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func median(of []float64) float64 {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}

func sqrt(v float64) float64 { return math.Sqrt(max(v, 0)) }
