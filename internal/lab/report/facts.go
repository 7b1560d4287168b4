package report

import (
	"fmt"
	"time"
)

// fact is a line of what was run, and where.
type fact struct{ Name, Value string }

// facts are those that anybody who reads a number has to know.
func (f *Findings) facts() []fact {
	e, m := f.Experiment, &f.Manifest
	var all []fact
	add := func(name, format string, args ...any) { all = append(all, fact{name, fmt.Sprintf(format, args...)}) }
	if e.Version.Small {
		add("version", "the small one")
	}
	switch {
	case e.Version.Speed != 1:
		add("speed", "%s × as written", number(e.Version.Speed))
	default:
		add("speed", "as written")
	}
	switch {
	case e.Version.Scale != 1:
		add("scale", "%s × as written", number(e.Version.Scale))
	default:
		add("scale", "as written")
	}
	add("seed", "%d", e.Load.Seed)
	trials, controls := 0, 0
	for i := range f.Records {
		if trial(&f.Records[i]) {
			trials++
		} else {
			controls++
		}
	}
	runs := counted(trials, "run")
	if controls > 0 {
		runs += ", " + counted(controls, "control")
	}
	add("runs", "%s", runs)
	if !m.Started.IsZero() {
		add("started", "%s", m.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if took := m.Ended.Sub(m.Started); took > 0 && !m.Ended.IsZero() {
		add("took", "%s", millis(float64(took/time.Millisecond)))
	}
	if w := wordsOf(e); e.Subject.Limit.Memory > 0 {
		add("memory limit", "%s", w.written(float64(e.Subject.Limit.Memory)))
	}
	machine := fmt.Sprintf("%s, %s of memory, kernel %s, %s, cgroup %s, clock %s", counted(m.Machine.CPUs, "CPU"),
		words{}.bytes(float64(m.Machine.Memory)), m.Machine.Kernel, m.Machine.Arch, m.Machine.Cgroup, m.Machine.Clock)
	add("machine", "%s", machine)
	if m.Stanch != "" {
		add("stanch", "%s", m.Stanch)
	}
	return all
}
