package report

import (
	"cmp"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// phaseRow is a phase as it was planned.
type phaseRow struct {
	Index                         int
	Name, Time, Variant, Load, Do string
	Judged                        bool
}

func (f *Findings) phaseRows() (rows []phaseRow) {
	at, variant := 0.0, f.Experiment.Subject.Start
	for i := range f.Experiment.Phases {
		p := &f.Experiment.Phases[i]
		row := phaseRow{Index: i + 1, Name: p.Name, Judged: p.Judge, Time: clock(at) + " to " + clock(at+p.Length().Seconds())}
		at += p.Length().Seconds()
		var load, do []string
		for _, r := range p.Rates {
			load = append(load, r.Stream+" "+number(r.PerSecond)+"/s")
		}
		for _, a := range p.Do {
			if a.Use != "" {
				variant = a.Use
			}
			do = append(do, f.action(a))
		}
		if f.Experiment.Compare == nil {
			row.Variant = variant
		}
		row.Load, row.Do = cmp.Or(strings.Join(load, ", "), "none"), strings.Join(do, "; ")
		rows = append(rows, row)
	}
	return rows
}

// action says what is done to the subject.
func (f *Findings) action(a lab.Action) string {
	w := wordsOf(f.Experiment)
	switch {
	case a.Use != "":
		return "go on with " + a.Use
	case a.Recycle != nil && a.Recycle.Drain:
		return "a fresh process, the old one drained"
	case a.Recycle != nil:
		return "a fresh process, the old one killed"
	case a.Limit != nil:
		var all []string
		if a.Limit.Memory > 0 {
			all = append(all, "memory limit "+w.written(float64(a.Limit.Memory)))
		}
		if a.Limit.Allocation > 0 {
			all = append(all, "a process may allocate "+w.written(float64(a.Limit.Allocation)))
		}
		return strings.Join(all, ", ")
	case a.Fault != nil:
		text := a.Fault.Dependency + " is " + string(a.Fault.Kind)
		if a.Fault.Delay > 0 {
			text += " by " + millis(float64(a.Fault.Delay.Milliseconds()))
		}
		if a.Fault.Share > 0 && a.Fault.Share < 1 {
			text += " for " + percent(a.Fault.Share) + " of the calls"
		}
		return text
	}
	return ""
}
