package judge

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// blurred is the inflation of variance from which on an endpoint is not told apart from
// the others. Source: the usual rule; D. Marquardt, Technometrics 12 (1970).
const blurred = 10

// Mixed judges windows of mixed traffic, for when endpoints can't be driven apart:
// the growth of each window is explained by its seconds and by the requests that each
// endpoint had in it. An endpoint whose requests rose and fell with those of others is
// unidentifiable. Stretches come in the order of time; one in which the process was
// replaced is left out. Smallest is bytes a request, as in Config. It gives verdicts
// once, on all stretches together, and knows no filling: a cache looks like a leak to it.
func Mixed(endpoints []string, smallest float64, stretches []hunt.Stretch) (hunt.Report, error) {
	config := Config{Endpoints: endpoints, Smallest: smallest}
	if err := config.check(); err != nil {
		return hunt.Report{}, err
	}
	r := hunt.Report{
		Decided: true, Verdict: hunt.Undecided, Smallest: smallest, Blocks: len(stretches),
		Detectable: -1, More: -1, Remaining: -1,
	}
	told := true
	for _, s := range stretches {
		told = told && s.Before.Heap > 0 && s.Before.Committed > 0 && s.After.Heap > 0 && s.After.Committed > 0
	}
	sent := map[string]int{}
	for _, s := range stretches {
		for _, name := range endpoints {
			sent[name] += s.Requests[name]
		}
	}
	var known []string // endpoints that had any traffic
	for _, name := range endpoints {
		if sent[name] > 0 {
			known = append(known, name)
		}
	}
	whole := mix(known, hard, told, stretches)
	all := judgements{whole}
	if told {
		all = judgements{mix(known, kept, told, stretches), whole, mix(known, live, told, stretches), mix(known, free, told, stretches)}
	}
	inflation, with := inflations(whole.table)
	if lead := all.lead(); lead.fitted.ok {
		r.Noise = lead.fitted.floor
		idle := lead.fitted.interval(0)
		r.Idle = &idle
	}
	suspects := map[string]*suspect{}
	for _, name := range endpoints {
		suspects[name] = &suspect{verdict: hunt.Undecided, atMost: -1}
		if inflation[name] > blurred {
			suspects[name].verdict = hunt.Unidentifiable
		}
	}
	judgeMixed(all, known, suspects, smallest)
	for _, name := range endpoints {
		r.Findings = append(r.Findings, mixedFinding(all, name, suspects[name], sent[name], inflation[name], with[name]))
	}
	r.Verdict = overall(r.Findings)
	r.Summary = summary(&r)
	return r, nil
}

// mix is the regression of one series on mixed traffic.
func mix(endpoints []string, of series, told bool, stretches []hunt.Stretch) judgement {
	t := table{columns: map[string]int{}, counts: map[string]int{}}
	for i, name := range endpoints {
		t.columns[name] = i + 1
	}
	total, last := 0.0, -1
	for i, s := range stretches {
		seconds := (s.After.At - s.Before.At).Seconds()
		if seconds <= 0 || s.Before.Generation != s.After.Generation {
			continue
		}
		x := make([]float64, len(endpoints)+1)
		x[0] = seconds
		for c, name := range endpoints {
			x[c+1] = float64(s.Requests[name])
			if s.Requests[name] > 0 {
				t.counts[name]++
			}
		}
		linked := last >= 0 && last == i-1 && stretches[last].After.At == s.Before.At
		t.rows = append(t.rows, row{x: x, y: of.of(s.After) - of.of(s.Before), time: seconds, linked: linked, before: nobody})
		total, last = total+seconds, i
	}
	for i := range t.rows {
		t.rows[i].time *= float64(len(t.rows)) / total
	}
	return judgement{of, told && of != hard, t, fit(t.rows)}
}

// judgeMixed gives the verdicts: one look, with the odds of a whole hunt.
func judgeMixed(all judgements, endpoints []string, suspects map[string]*suspect, smallest float64) {
	for again := true; again; {
		again = false
		open := 0
		for _, who := range suspects {
			if who.verdict != hunt.Leaks {
				open++
			}
		}
		for _, name := range endpoints {
			who := suspects[name]
			if who.verdict == hunt.Undecided && all.lead().leaks(name, blamed/float64(open), smallest) {
				who.verdict, who.series, again = hunt.Leaks, all.lead().series, true
			}
		}
	}
	for _, name := range endpoints {
		who := suspects[name]
		hi, ok := all.lead().atMost(name, excused)
		if !ok || who.verdict == hunt.Unidentifiable {
			continue
		}
		if who.atMost = max(hi, 0); hi < smallest && who.verdict == hunt.Undecided {
			who.verdict, who.series = hunt.Clean, all.lead().series
		}
	}
}

func mixedFinding(all judgements, name string, who *suspect, sent int, inflation float64, with string) hunt.Finding {
	e := all.estimate(name, who)
	f := hunt.Finding{
		Side: hunt.SideA, Endpoint: name, Verdict: who.verdict, Class: e.class, PerRequest: e.perRequest,
		Hard: e.hard, Live: e.live, Free: e.free, AtMost: who.atMost, Rounds: e.rounds, Requests: sent, Inflation: inflation,
	}
	switch {
	case sent == 0:
		f.Verdict, f.Why, f.Decides = hunt.Unidentifiable, "it had no request", "traffic that reaches it"
	case f.Verdict == hunt.Unidentifiable:
		f.PerRequest, f.Hard, f.Live, f.Free = nil, nil, nil, nil
		f.Why = fmt.Sprintf("its requests rose and fell with those of %s, which blurs it %.0f-fold", with, inflation)
		f.Decides = fmt.Sprintf("stretches in which %s is driven alone, as stanch hunt drives it", name)
	default:
		f.Why = why(&f, who)
		if f.Verdict == hunt.Undecided {
			f.Decides = fmt.Sprintf("more traffic, or stretches in which %s is driven alone, as stanch hunt drives it", name)
		}
	}
	return f
}

// inflations say by how much the variance of each endpoint's estimate is larger than it would
// be if its traffic went its own way, and which other endpoint goes most with it.
func inflations(t table) (inflation map[string]float64, with map[string]string) {
	inflation, with = map[string]float64{}, map[string]string{}
	columns := len(t.columns) + 1
	cross := make([][]float64, columns)
	for a := range columns {
		cross[a] = make([]float64, columns)
		for b := range a + 1 {
			for _, r := range t.rows {
				cross[a][b] += r.x[a] * r.x[b]
			}
		}
	}
	// What time alone does not tell of two endpoints' traffic.
	beside := func(a, b int) float64 {
		a, b = max(a, b), min(a, b)
		return cross[a][b] - cross[a][0]*cross[b][0]/cross[0][0]
	}
	alone := make([]float64, columns)
	for c := 1; c < columns; c++ {
		alone[c] = beside(c, c)
	}
	for c := range columns {
		cross[c][c] *= 1 + 1e-6 // so that even twins have an inverse
	}
	inverse, _, ok := invert(cross)
	for name, c := range t.columns {
		if inflation[name] = 1e6; ok {
			inflation[name] = max(alone[c]*inverse[c][c], 1)
		}
		if alone[c] <= 1e-6*cross[c][c] {
			inflation[name], with[name] = 1e6, "time"
			continue
		}
		most := -1.0
		for other, d := range t.columns {
			together := math.Abs(beside(c, d)) / sqrt(alone[c]*alone[d])
			if d != c && (together > most || together == most && other < with[name]) {
				most, with[name] = together, other
			}
		}
	}
	return inflation, with
}
