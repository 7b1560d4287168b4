package verdict

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Evidence is what the runs of an experiment left.
type Evidence struct {
	Runs []Run
}

// Run is one variant under one load, once. A repeat has one run of each variant, a
// control one or two of its own.
type Run struct {
	Control  string // the control that it belongs to; empty is a run of the experiment
	Repeat   int    // from 1
	Variant  string
	Order    int // its place among the runs of its repeat, from 1
	Windows  []Window
	Series   []Series
	Facts    []Fact
	Breaks   []float64 // seconds at which another process took over: nothing is fitted across
	Finished bool      // it came to its planned end
	Why      string    // it did not; may be empty
}

// Window is a stretch of a run that criteria name: a phase, or a part of one. Samples
// with From <= At < To are in it.
type Window struct {
	Name     string
	From, To float64   // seconds of the run
	Cuts     []float64 // seconds at which its cycles end, ascending; none is eight cycles of one length
}

// Series is samples of one thing in the order of time.
type Series struct {
	Name  string
	At    []float64 // seconds of the run
	Value []float64
}

// Fact is one number about a window, of the whole run where Window is empty: a share of
// requests that landed, what a query answered.
type Fact struct {
	Window string
	Name   string
	Value  float64
}

// key tells runs apart.
func (r *Run) key() string {
	if r.Control != "" {
		return fmt.Sprintf("control %s, repeat %d, variant %s", r.Control, r.Repeat, r.Variant)
	}
	return fmt.Sprintf("repeat %d, variant %s", r.Repeat, r.Variant)
}

// Check says everything that keeps the evidence from being read.
func (e *Evidence) Check() error {
	var wrong []error
	seen := map[string]bool{}
	for i := range e.Runs {
		r := &e.Runs[i]
		say := func(format string, args ...any) {
			wrong = append(wrong, fmt.Errorf("evidence of %s: "+format, append([]any{r.key()}, args...)...))
		}
		if r.Repeat < 1 {
			say("repeats count from 1")
		}
		if seen[r.key()] {
			say("is there twice")
		}
		seen[r.key()] = true
		names := map[string]bool{}
		once := func(kind, name string) {
			if names[kind+name] {
				say("%s %q is there twice", kind, name)
			}
			names[kind+name] = true
		}
		for _, w := range r.Windows {
			once("window", w.Name)
			if !(w.From < w.To) || math.IsInf(w.To-w.From, 0) || !rising(w.Cuts) {
				say("window %q has no stretch of time, or cuts that run backwards", w.Name)
			}
		}
		for _, s := range r.Series {
			once("series", s.Name)
			if len(s.At) != len(s.Value) || !rising(s.At) || !finite(s.Value) {
				say("series %q runs backwards, or has no number for each time", s.Name)
			}
		}
		for _, f := range r.Facts {
			once("fact", f.Window+"\x00"+f.Name)
			if !finite([]float64{f.Value}) {
				say("fact %q is no number", f.Name)
			}
		}
		if !rising(r.Breaks) {
			say("breaks run backwards")
		}
	}
	return errors.Join(wrong...)
}

func rising(at []float64) bool { return finite(at) && slices.IsSorted(at) }

func finite(values []float64) bool {
	for _, v := range values {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return false
		}
	}
	return true
}

// sorted is the evidence's runs in an order of their own.
func (e *Evidence) sorted() []*Run {
	runs := make([]*Run, len(e.Runs))
	for i := range e.Runs {
		runs[i] = &e.Runs[i]
	}
	slices.SortFunc(runs, func(a, b *Run) int {
		return cmp.Or(cmp.Compare(a.Control, b.Control), cmp.Compare(a.Repeat, b.Repeat), cmp.Compare(a.Variant, b.Variant))
	})
	return runs
}

// find is the run of a variant in a repeat. An empty variant is the only one.
func find(runs []*Run, control string, repeat int, variant string) (*Run, string) {
	var found *Run
	for _, r := range runs {
		if r.Control != control || r.Repeat != repeat || variant != "" && r.Variant != variant {
			continue
		}
		if found != nil {
			return nil, fmt.Sprintf("repeat %d has several variants, and the criterion names none", repeat)
		}
		found = r
	}
	if found == nil {
		return nil, fmt.Sprintf("there is no run of variant %q in repeat %d", variant, repeat)
	}
	return found, ""
}

// repeatsOf are the repeats of a control, or of the experiment itself, ascending.
func repeatsOf(runs []*Run, control string) (repeats []int) {
	for _, r := range runs {
		if r.Control == control && !slices.Contains(repeats, r.Repeat) {
			repeats = append(repeats, r.Repeat)
		}
	}
	return repeats // runs are sorted
}

func (r *Run) window(name string) (Window, bool) {
	i := slices.IndexFunc(r.Windows, func(w Window) bool { return w.Name == name })
	if i < 0 {
		return Window{}, false
	}
	return r.Windows[i], true
}

func (r *Run) series(name string) (Series, bool) {
	i := slices.IndexFunc(r.Series, func(s Series) bool { return s.Name == name })
	if i < 0 {
		return Series{}, false
	}
	return r.Series[i], true
}

// in is the part of a series that lies in a window.
func (s Series) in(w Window) Series {
	from, _ := slices.BinarySearch(s.At, w.From)
	to, _ := slices.BinarySearch(s.At, w.To)
	return Series{s.Name, s.At[from:to], s.Value[from:to]}
}
