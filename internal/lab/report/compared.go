package report

import (
	"html/template"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// comparedView is a comparison's answer.
type comparedView struct {
	Name, Says, Window, Change, Class, Mark string
	Estimate, Asked, Told, Why, Expect, N   string
	Picture                                 template.HTML
}

// compared are the answers of the comparison.
func (f *Findings) compared() (all []comparedView) {
	v := f.judged()
	if v == nil || f.Experiment.Compare == nil {
		return nil
	}
	s := scale{words: wordsOf(f.Experiment), unit: lab.Share}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		r := &c.Result
		one := comparedView{Name: c.Name, Change: string(c.Change), N: number(float64(r.N)), Class: "open", Mark: "?"}
		switch c.Change {
		case verdict.Better:
			one.Class, one.Mark = "yes", "✓"
		case verdict.Worse:
			one.Class, one.Mark = "no", "✗"
		case verdict.Equivalent:
			one.Class, one.Mark = "calm", "="
		}
		if k := slices.IndexFunc(f.Experiment.Compare.Metrics, func(m lab.Metric) bool { return m.ID == c.Name }); k >= 0 {
			m := &f.Experiment.Compare.Metrics[k]
			one.Says, one.Window = m.Says, joined(m.Window)
			one.Expect = map[lab.Expect]string{lab.Less: "less", lab.More: "more", lab.Equal: "the same", lab.Either: "nothing in particular"}[m.Expect]
		}
		if !finite(float64(r.Estimate)) {
			one.Why = r.Why
		} else {
			one.Estimate = changed(s, r)
			one.Asked = "less than " + s.print(float64(r.Threshold)) + " does not matter"
			if ruler, ok := rulerOf([]verdict.Result{*r}); ok {
				one.Picture = ruler.interval(s, one.Class, true, r)
			}
		}
		if finite(float64(r.Detectable)) {
			one.Told = told(s, r)
		}
		all = append(all, one)
	}
	return all
}
