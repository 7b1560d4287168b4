package main

import "github.com/stanch-dev/stanch/internal/lab/verdict"

// planted is an experiment whose truth is known, since it says what its worker does.
type planted struct {
	name  string
	truth verdict.Outcome
	why   string // it is known
	shown string // what the verdict's reasons have to name; empty is nothing
	base  string // the template of its file
	terms terms
}

// terms are what one experiment has of its own. Traits are the worker's words
// (worker/worker.py); a size is as the file writes it.
type terms struct {
	Told     []string // traits of the worker that is in question
	Clean    []string // and of the one that it is held against
	Language string   // python, node or go
	Memory   string   // the limit
	Smallest string   // the least effect that matters
	Rate     int      // requests a second, where the template has one rate
	Length   string   // of each of the two stretches
	Between  string   // an action before the second one
	Planted  string   // the variant that the planted leak is given to; empty is no such control
	Size     string   // of the planted leak
	Same     string   // the variant that is run twice as a control; empty is no such control
	Service  bool     // a dependency is there to be called
	Killed   bool     // a kernel's kill is part of the proof
	Repeats  int

	Name string // of the experiment, put in when it is written
	Seed uint64
}

// usual are the terms of most: a Python worker under 200 requests a second.
func usual(change func(t *terms)) terms {
	t := terms{
		Language: "python", Memory: "256MiB", Smallest: "4KiB", Rate: 200, Length: "3s",
		Planted: "clean", Size: "16KiB", Repeats: 1,
	}
	change(&t)
	return t
}

// all are the experiments: ten true ones, nine false ones, nine that can't be decided.
func all() []planted {
	var list []planted
	for _, part := range [][]planted{supported(), notSupported(), undecidable()} {
		list = append(list, part...)
	}
	return list
}
