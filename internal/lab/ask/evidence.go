package ask

import (
	"fmt"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// Evidence is what records and answers say, in the verdict's words. Answers that are
// not there, or have no number, leave the fact out: the verdict says what it lacks.
func Evidence(e *lab.Experiment, records []lab.Record, answers []lab.Answer) (verdict.Evidence, error) {
	c, err := Case(e)
	if err != nil {
		return verdict.Evidence{}, err
	}
	needs := needsOf(&c)
	var all verdict.Evidence
	same := 0
	for i := range records {
		r := &records[i]
		run := verdict.Run{Repeat: max(r.Round, 1), Variant: r.Variant, Order: r.Order, Finished: r.Finished, Why: r.Why}
		switch timeline.Role(r.Role) {
		case timeline.Planted:
			run.Control = Planted
		case timeline.Same:
			run.Control = Same
			one, other := again(r.Variant)
			run.Variant = one
			if same++; same > 1 {
				run.Variant = other
			}
		}
		s := &sheet{e: e, r: r, run: &run, needs: needs}
		s.windows()
		s.breaks()
		s.samples()
		s.counters()
		s.durations()
		s.signals(answers)
		s.facts(answers)
		all.Runs = append(all.Runs, run)
	}
	return all, nil
}

// Judge makes the verdict of an experiment.
func Judge(e *lab.Experiment, records []lab.Record, answers []lab.Answer) (verdict.Verdict, error) {
	c, err := Case(e)
	if err != nil {
		return verdict.Verdict{}, err
	}
	evidence, err := Evidence(e, records, answers)
	if err != nil {
		return verdict.Verdict{}, err
	}
	return verdict.Judge(c, evidence)
}

// sheet is one run's evidence in the making.
type sheet struct {
	e     *lab.Experiment
	r     *lab.Record
	run   *verdict.Run
	needs needs
}

// needs are the series and windows that a case speaks of.
type needs struct{ series, windows []string }

func needsOf(c *verdict.Case) (n needs) {
	series := func(name string) {
		if name != "" && !slices.Contains(n.series, name) {
			n.series = append(n.series, name)
		}
	}
	window := func(name string) {
		if name != "" && !slices.Contains(n.windows, name) {
			n.windows = append(n.windows, name)
		}
	}
	all := slices.Concat(c.Gates, c.Proof, c.Disproof)
	for _, control := range c.Controls {
		all = append(all, control.Criterion)
	}
	for _, m := range c.Comparisons {
		all = append(all, verdict.Criterion{Place: verdict.Place{Window: m.Window}, Series: m.Series, Per: m.Per})
	}
	for _, one := range all {
		series(one.Series)
		series(one.Per)
		for _, name := range one.Streams {
			series(name)
		}
		for _, signal := range slices.Concat(one.Signals, one.Others) {
			series(signal.Series)
		}
		window(one.Place.Window)
		window(one.Base)
		window(one.Peak)
		if one.Against != nil {
			window(one.Against.Window)
		}
	}
	return n
}

// windows are the phases, those that are looked at together, and the whole run.
func (s *sheet) windows() {
	for _, span := range s.r.Spans {
		if span.To > span.From {
			s.run.Windows = append(s.run.Windows, verdict.Window{Name: span.Name, From: span.From, To: span.To, Cuts: span.Cuts})
		}
	}
	add := func(name string, phases []string) {
		if slices.ContainsFunc(s.run.Windows, func(w verdict.Window) bool { return w.Name == name }) {
			return
		}
		if from, to, ok := stretch(s.r, phases); ok {
			s.run.Windows = append(s.run.Windows, verdict.Window{Name: name, From: from, To: to})
		}
	}
	add(Everything, nil)
	for _, phases := range several(s.e) {
		add(windowName(phases), phases)
	}
}

// several are the windows of more than one phase.
func several(e *lab.Experiment) (all [][]string) {
	add := func(windows ...[]string) {
		for _, w := range windows {
			if len(w) > 1 {
				all = append(all, w)
			}
		}
	}
	for _, c := range slices.Concat(e.Proof, e.Disproof) {
		add(c.Window, c.Of, c.From, c.Peak)
	}
	for _, g := range e.Gates {
		add(g.Window)
	}
	if e.Compare != nil {
		for _, m := range e.Compare.Metrics {
			add(m.Window)
		}
	}
	if p := e.Controls.Planted; p != nil {
		add(p.Window)
	}
	if p := e.Controls.Same; p != nil {
		add(p.Window)
	}
	return all
}

// breaks are the moments at which another process took over, and at which the one before
// was gone: in between, what both hold was looked at as one.
func (s *sheet) breaks() {
	for _, event := range s.r.Events {
		if event.Kind == lab.EventStarted && event.Generation > 1 || event.Kind == lab.EventExited {
			s.run.Breaks = append(s.run.Breaks, event.At)
		}
	}
	slices.Sort(s.run.Breaks)
}

func (s *sheet) add(series verdict.Series) {
	if slices.Contains(s.needs.series, series.Name) {
		s.run.Series = append(s.run.Series, series)
	}
}

func (s *sheet) fact(window, name string, value float64) {
	s.run.Facts = append(s.run.Facts, verdict.Fact{Window: window, Name: name, Value: value})
}

// answer is what a question of this run was answered.
func (s *sheet) answer(answers []lab.Answer, part, id string) *lab.Answer {
	for i := range answers {
		if a := &answers[i]; a.Run == s.r.Number && a.Part == part && a.ID == id {
			return a
		}
	}
	return nil
}

// Unanswered are the questions whose answers have no number, with why, for people.
func Unanswered(answers []lab.Answer) (all []string) {
	for _, a := range answers {
		if a.Problem != "" {
			all = append(all, fmt.Sprintf("run %d, %s %s: %s", a.Run, a.Part, a.ID, a.Problem))
		}
	}
	return all
}
