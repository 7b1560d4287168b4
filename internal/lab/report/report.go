// Package report tells people what an experiment found: a page, a text for a pull
// request, a file for a build server, and the timeline as numbers.
//
// It judges nothing. What is decided comes from the verdict, what is drawn from the raw
// records, and each number stands with its unit, its interval and what it rests on. A
// bundle without a verdict gets a report that says so before anything else. All of it
// is pure: the same findings give the same bytes, so that whoever has a bundle can make
// its report again and compare. Names, events and rows came from a worker, and may be
// meant to harm: nothing of theirs is taken for markup, nor can it move the reader's
// cursor. The page needs no network and no script, and stays below two megabytes
// however long the experiment was: of a long row of samples each column of the picture
// keeps the least and the most.
//
// Begin with [Findings] and [HTML].
package report

import (
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// Findings are all that a report tells. The functions that take them change nothing in
// them.
type Findings struct {
	Experiment *lab.Experiment
	Manifest   lab.Manifest
	Records    []lab.Record     // by number
	Answers    []lab.Answer     // of criteria, metrics and signals, and of [Questions]
	Verdict    *verdict.Verdict // nil: there is none. Without a complete manifest it is not told
	Criteria   []Criterion
	Notes      []string // what could not be read
}

// Criterion is one of the file's, beside what was judged of it.
type Criterion struct {
	Part    string           `json:"part"` // one of the parts
	ID      string           `json:"id"`
	Says    string           `json:"says,omitempty"`
	Test    string           `json:"test"`
	Window  []string         `json:"window"` // phases; none is the whole run
	Bound   string           `json:"bound"`  // in words
	Results []verdict.Result `json:"results"`
}

// The parts of an experiment that are judged.
const (
	Proof    = "proof"
	Disproof = "disproof"
	Gate     = "gate"
	Control  = "control"
	Compare  = "compare"
)

// judged is the verdict, if there is one: of a bundle that nobody completed there is
// none, whatever the findings hold.
func (f *Findings) judged() *verdict.Verdict {
	if f.Manifest.State != lab.Complete {
		return nil
	}
	return f.Verdict
}

// onlyCompared says whether two variants are all that is asked about.
func (f *Findings) onlyCompared() bool {
	return f.Experiment.Compare != nil && len(f.Experiment.Proof) == 0
}

// part are the criteria of a part, in their order.
func (f *Findings) part(part string) (all []*Criterion) {
	for i := range f.Criteria {
		if f.Criteria[i].Part == part {
			all = append(all, &f.Criteria[i])
		}
	}
	return all
}

// written is the criterion as the file has it; nil where it is a gate or a control.
func (f *Findings) written(c *Criterion) *lab.Criterion {
	all := f.Experiment.Proof
	switch c.Part {
	case Disproof:
		all = f.Experiment.Disproof
	case Proof:
	default:
		return nil
	}
	i := slices.IndexFunc(all, func(w lab.Criterion) bool { return w.ID == c.ID })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// trial says whether a run is of the experiment itself, and not a control's.
func trial(r *lab.Record) bool { return r.Role == string(timeline.Trial) }
