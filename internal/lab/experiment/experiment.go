// Package experiment reads experiment.yaml: what a lab claims, does and asks, in the
// words of package lab.
//
// It is strict. An unknown key, a value out of its range, a name that nothing has and
// KQL that does not compile are mistakes; all of them are told in one go, each with
// its place and the nearest right name, and nothing becomes a default in silence. No
// value of a variant's environment gets into a message, since it may be a secret.
//
// Each key is written once, in a table of fields (subject.go, load.go, phase.go,
// criterion.go, compare.go): where it goes, what it may be, what it is by itself, and
// a line for people. The reader, the JSON schema for editors and the reference all
// come from these tables. Speed, scale and the small version are put in while
// reading. The text of the file comes as a tree of [Node], so that no YAML is known
// here. Begin with [Read].
package experiment

import (
	"cmp"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

// Options are how an experiment is changed before it is run.
type Options struct {
	Small bool    // take the file's small version
	Speed float64 // 0: as the file says
	Scale float64 // 0: as the file says
	// Folder says whether the experiment's folder has a folder of this name, with
	// slashes; nil if that is not known.
	Folder func(name string) bool
}

// maxFactor bounds speed and scale, up and down.
const maxFactor = 1000

// Read reads a file. Without mistakes the experiment is sound. Both versions of the
// file are looked at, whichever is asked for, so that the mistakes are all there are,
// in the order of their places.
func Read(s tree.Source, o Options) (*lab.Experiment, Mistakes) {
	full, small := s.Root.Without(smallKey)
	e, mistakes := read(s.File, full, o.factors(factors{1, 1}), o)
	if small.Line == 0 {
		if o.Small {
			mistakes = append(mistakes, Mistake{File: s.File, Line: s.Root.Line, Column: s.Root.Column, Text: "there is no small version", Hint: "small: {speed: 20, scale: 0.1} makes one"})
		}
		return e, mistakes.sorted()
	}
	r := &reader{file: s.File, factors: factors{1, 1}, fixed: factors{1, 1}, names: map[string][]string{}}
	own := r.smallFactors(small.Value)
	merged := r.merge(full, small.Value)
	shrunk, more := read(s.File, merged, o.factors(own), o)
	if o.Small {
		e = shrunk
		e.Version.Small = true
	}
	mistakes = append(mistakes, r.mistakes...)
	for _, m := range more {
		if !slices.Contains(mistakes, m) {
			mistakes = append(mistakes, m)
		}
	}
	return e, mistakes.sorted()
}

func (o Options) factors(own factors) pair {
	p := pair{own, own}
	if o.Speed > 0 {
		p.now.speed = o.Speed
	}
	if o.Scale > 0 {
		p.now.scale = o.Scale
	}
	return p
}

func read(name string, root tree.Node, f pair, o Options) (*lab.Experiment, Mistakes) {
	r := &reader{
		file: name, factors: f.now, folder: o.Folder, names: map[string][]string{},
		fixed: factors{f.now.speed / f.own.speed, f.now.scale / f.own.scale},
	}
	e, _ := file().read(r, "the file", root)
	e.Version = lab.Version{Speed: f.now.speed, Scale: f.now.scale}
	for _, factor := range []float64{f.now.speed, f.now.scale} {
		if !(factor >= 1.0/maxFactor && factor <= maxFactor) {
			r.fail(root, "", "speed and scale are %v and %v; both have to be between %v and %d", f.now.speed, f.now.scale, 1.0/maxFactor, maxFactor)
			break
		}
	}
	r.resolve()
	if len(r.mistakes) == 0 {
		r.together(root, &e)
	}
	return &e, r.mistakes
}

// factors are what times are divided and sizes multiplied by.
type factors struct{ speed, scale float64 }

// pair is what holds, and what the small version was written for.
type pair struct{ now, own factors }

// sorted is in the order of the file.
func (m Mistakes) sorted() Mistakes {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(m)
}

// file is the whole file.
func file() object[lab.Experiment] {
	return object[lab.Experiment]{
		title: "The file", doc: "An experiment of `stanch lab`.",
		fields: []field[lab.Experiment]{
			must(set("version", "The version of this format.", whole(1, 1), func(*lab.Experiment, int) {})),
			must(at("name", "What the experiment is called, in lists and reports.", word(), func(e *lab.Experiment) *string { return &e.Name })),
			must(at("hypothesis", "What is to be decided.", hypothesis().kind(), func(e *lab.Experiment) *lab.Hypothesis { return &e.Hypothesis })),
			must(at("subject", "The worker, in its variants.", subject().kind(), func(e *lab.Experiment) *lab.Subject { return &e.Subject })),
			at("load", "What is asked of the worker.", load().kind(), func(e *lab.Experiment) *lab.Load { return &e.Load }),
			must(at("phases", "The timeline, in order.", list(1, 100, phase().kind()), func(e *lab.Experiment) *[]lab.Phase { return &e.Phases })),
			empty(at("collect", "What is kept beside the requests.", collect().kind(), func(e *lab.Experiment) *lab.Collect { return &e.Collect })),
			at("signals", "What is on or off at each moment, by name; for the test `together` and for alternates.", mapping("signal", signal().kind(), func(name string, s lab.Signal) lab.Signal { s.Name = name; return s }), func(e *lab.Experiment) *[]lab.Signal { return &e.Signals }),
			at("controls", "Runs beside the experiment's that show what the instrument sees.", controls().kind(), func(e *lab.Experiment) *lab.Controls { return &e.Controls }),
			at("gates", "What has to be so for the evidence to mean anything; a miss makes the verdict inconclusive.", list(0, 100, gate().kind()), func(e *lab.Experiment) *[]lab.Gate { return &e.Gates }),
			at("proof", "All have to hold for *supported*.", list(0, 100, criterion("0.99").kind()), func(e *lab.Experiment) *[]lab.Criterion { return &e.Proof }),
			at("disproof", "One that holds is enough for *not supported*.", list(0, 100, criterion("0.95").kind()), func(e *lab.Experiment) *[]lab.Criterion { return &e.Disproof }),
			at("alternates", "Causes that would look alike, named when their signal is on.", list(0, 100, alternate().kind()), func(e *lab.Experiment) *[]lab.Alternate { return &e.Alternates }),
			at("compare", "One variant against another under the same load, in ABBA order.", maybe(comparison().kind()), func(e *lab.Experiment) **lab.Comparison { return &e.Compare }),
			empty(at("repeat", "How often it is run.", repeat().kind(), func(e *lab.Experiment) *lab.Repeat { return &e.Repeat })),
		},
	}
}

func hypothesis() object[lab.Hypothesis] {
	return object[lab.Hypothesis]{
		title: "hypothesis",
		fields: []field[lab.Hypothesis]{
			must(at("claim", "One sentence that can be wrong.", text(), func(h *lab.Hypothesis) *string { return &h.Claim })),
			at("because", "The mechanism that is supposed.", text(), func(h *lab.Hypothesis) *string { return &h.Because }),
			at("smallest-effect", "The least that anybody cares about, in what the criteria judge.", value(), func(h *lab.Hypothesis) *lab.Value { return &h.SmallestEffect }),
		},
	}
}

// most is how many requests, messages and blobs an experiment may have.
const most = 10_000_000

// together checks what no part of the file can know by itself.
func (r *reader) together(root tree.Node, e *lab.Experiment) {
	total := 0.0
	for _, p := range e.Phases {
		for _, rate := range p.Rates {
			total += rate.PerSecond * p.For.Seconds()
		}
	}
	if total > most {
		r.fail(root, "lower the rates, or shorten the phases", "the phases ask for %.0f requests, messages and blobs, and the most is %d", math.Ceil(total), most)
	}
	if len(e.Proof)+len(e.Disproof) == 0 && e.Compare == nil {
		r.fail(root, "proof: a list of criteria; disproof: another; or compare", "nothing is asked: no criterion decides the hypothesis")
	}
	if e.Compare != nil && e.Compare.A == e.Compare.B {
		r.fail(root.Value("compare"), "controls: {same: …} does that", "a variant is compared with itself")
	}
	for _, key := range []string{"proof", "disproof"} {
		for _, n := range root.Value(key).Items {
			if arm := n.Value("arm"); arm.Kind == tree.Text && e.Compare == nil {
				r.fail(arm, "compare: {a: …, b: …} makes arms", "arm is for comparisons, and there is none")
			}
		}
	}
	if n := root.Value("subject").Value("start"); n.Kind == tree.Text && e.Compare != nil {
		r.fail(n, "its variants are those of a and b", "start is not for comparisons")
	}
	if e.Subject.Start == "" && e.Compare == nil {
		e.Subject.Start = e.Subject.Variants[0].Name
	}
	r.stores(root, e)
	r.dependencies(root, e)
	r.stretches(root, e)
	r.timed(root, e)
}

// stores checks that what goes into a store has one.
func (r *reader) stores(root tree.Node, e *lab.Experiment) {
	if e.Subject.Store != lab.NoStore {
		return
	}
	needs := len(e.Load.Before) > 0
	for _, s := range e.Load.Streams {
		needs = needs || s.HTTP == nil
	}
	if needs {
		r.fail(root.Value("load"), "store: file (a folder) or azurite, below subject", "queues and blobs need a store, and there is none")
	}
}
