package verdict

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/stats"
)

// judging is one verdict in the making.
type judging struct {
	c       *Case
	runs    []*Run
	repeats []int
	least   map[measured]float64 // what the same variant twice differed by
}

// measured is a measure of a series, wherever it is taken.
type measured struct {
	measure Measure
	series  string
	per     string
	at      float64
}

// Judge makes the verdict. Its error is about a case or evidence that can't be read, and
// names everything that is wrong with them; evidence that is merely not there makes a
// verdict inconclusive.
func Judge(c Case, e Evidence) (Verdict, error) {
	if err := errors.Join(c.Check(), e.Check()); err != nil {
		return Verdict{}, err
	}
	runs := e.sorted()
	j := &judging{c: &c, runs: runs, repeats: repeatsOf(runs, ""), least: map[measured]float64{}}
	v := Verdict{Outcome: Inconclusive, Why: []string{}, Repeats: []Repeated{}, Gates: []Result{}, Controls: []Result{}, Proof: []Result{}, Disproof: []Result{}, Comparisons: []Compared{}}
	j.gate(&v)
	j.control(&v)
	var proof, disproof [][]Result // by criterion, then by repeat
	for i := range c.Proof {
		proof = append(proof, j.each(&c.Proof[i], j.raised(&c.Proof[i]), 0))
		v.Proof = append(v.Proof, proof[i]...)
	}
	disproof = j.family(c.Disproof)
	for _, results := range disproof {
		v.Disproof = append(v.Disproof, results...)
	}
	for i, repeat := range j.repeats {
		if len(proof) > 0 {
			v.Repeats = append(v.Repeats, combine(repeat, i, proof, disproof))
		}
	}
	j.compare(&v)
	for _, r := range slices.Concat(v.Proof, v.Disproof) {
		for _, cause := range r.Causes {
			if !slices.Contains(v.Causes, cause) {
				v.Causes = append(v.Causes, cause)
			}
		}
	}
	j.conclude(&v)
	return v, nil
}

// gate holds every repeat against the gates. A run that was cut short is no evidence.
func (j *judging) gate(v *Verdict) {
	for _, r := range j.runs {
		if !r.Finished {
			why := r.key() + " did not come to its end"
			if r.Why != "" {
				why += ": " + r.Why
			}
			v.Why = append(v.Why, why)
		}
	}
	for i := range j.c.Gates {
		gate := &j.c.Gates[i]
		for _, result := range j.each(gate, gate.Threshold, 0) {
			v.Gates = append(v.Gates, result)
			if result.Decision != Holds {
				v.Why = append(v.Why, fmt.Sprintf("gate %s, repeat %d: %s", gate.ID, result.Repeat, result.Why))
			}
		}
	}
	least := max(j.c.Repeats.Least, 1)
	if n := len(j.repeats); n < least {
		v.Why = append(v.Why, fmt.Sprintf("%d of %d repeats are there", n, least))
	}
}

// control tries the instrument, and takes from the negative controls what differs
// between the same twice.
func (j *judging) control(v *Verdict) {
	for i := range j.c.Controls {
		control := &j.c.Controls[i]
		c := control.Criterion
		c.ID = control.Name
		repeats := repeatsOf(j.runs, control.Name)
		if len(repeats) == 0 {
			v.Why = append(v.Why, fmt.Sprintf("control %s was not run", control.Name))
		}
		if c.pooled(len(repeats)) {
			repeats = []int{0}
		}
		for _, repeat := range repeats {
			result := c.result(j.read(&c, control.Name, repeat, c.confidence()), repeat, c.Threshold, c.confidence())
			v.Controls = append(v.Controls, result)
			if result.Decision != Holds {
				v.Why = append(v.Why, fmt.Sprintf("control %s: %s", control.Name, result.Why))
				continue
			}
			if control.Kind == Negative && c.Against != nil && !c.Against.Ratio {
				key := measured{c.Measure, c.Series, c.Per, c.At}
				j.least[key] = max(j.least[key], float64(result.Estimate), -float64(result.Estimate))
			}
		}
	}
}

// raised is the threshold of a criterion, or what the same twice differed by where that
// is more: less than the instrument's own wobble is nothing.
func (j *judging) raised(c *Criterion) float64 {
	wobble := j.least[measured{c.Measure, c.Series, c.Per, c.At}]
	ratio := c.Against != nil && c.Against.Ratio
	switch {
	case ratio:
	case c.Is == Above || c.Is == AtLeast:
		return max(c.Threshold, wobble)
	}
	return c.Threshold
}

// pooled says whether a criterion is taken over all repeats together.
func (c *Criterion) pooled(repeats int) bool {
	return c.Against != nil && c.Against.Paired || c.Measure == Retained && repeats >= leastPairs
}

// read takes a criterion in one repeat, or over all of them for 0.
func (j *judging) read(c *Criterion, control string, repeat int, confidence float64) reading {
	switch {
	case repeat > 0:
		return take(j.runs, control, repeat, c, confidence)
	case c.Measure == Retained:
		return retainedOver(j.runs, control, repeatsOf(j.runs, control), c, confidence)
	}
	return paired(j.runs, control, repeatsOf(j.runs, control), c, confidence)
}

// each holds a criterion against every repeat, or once against all. Family is how
// many criteria share its odds, for each repeat; 0 is a criterion by itself.
func (j *judging) each(c *Criterion, threshold float64, family int) (results []Result) {
	confidence := 1 - (1-c.confidence())/float64(max(family, 1))
	if c.pooled(len(j.repeats)) {
		confidence = j.look(confidence)
		return []Result{c.result(j.read(c, "", 0, confidence), 0, threshold, confidence)}
	}
	for _, repeat := range j.repeats {
		results = append(results, c.result(j.read(c, "", repeat, confidence), repeat, threshold, confidence))
	}
	return results
}

// look raises the confidence of what is taken over all repeats, where the case may be
// judged after each: the looks share the odds. What is taken repeat by repeat needs
// none of it: a false verdict at a later look needs all earlier repeats to be wrong too.
func (j *judging) look(confidence float64) float64 {
	least, most := max(j.c.Repeats.Least, 1), max(j.c.Repeats.Most, j.c.Repeats.Least, 1)
	if least == most {
		return confidence
	}
	odds := 1 - confidence
	now := min(max(len(j.repeats), least), most)
	spent := stats.Spent(odds, float64(now)/float64(most))
	if now > least {
		spent -= stats.Spent(odds, float64(now-1)/float64(most))
	}
	return 1 - spent
}

// family decides criteria of which any one is enough, by S. Holm's steps (Scandinavian
// Journal of Statistics 6, 1979): each that holds leaves more of the odds to the
// rest. What was read and not estimated has no odds and takes none.
func (j *judging) family(criteria []Criterion) (all [][]Result) {
	all = make([][]Result, len(criteria))
	taken := make([]bool, len(criteria))
	for open := j.estimatedOf(criteria); ; open-- {
		again := false
		for i := range criteria {
			if taken[i] {
				continue
			}
			all[i] = j.each(&criteria[i], j.raised(&criteria[i]), max(open, 1))
			estimated := slices.ContainsFunc(all[i], func(r Result) bool { return r.Lo != r.Hi })
			held := len(all[i]) > 0 && !slices.ContainsFunc(all[i], func(r Result) bool { return r.Decision != Holds })
			if held && estimated && !again {
				taken[i], again = true, true
			}
		}
		if !again || open <= 1 {
			return all
		}
	}
}

// estimatedOf is how many of the criteria have odds.
func (j *judging) estimatedOf(criteria []Criterion) (n int) {
	for i := range criteria {
		c := &criteria[i]
		read := slices.Contains([]Measure{Value, Count, Coverage, Max, Min, Weakest, Aligned, Endpoint}, c.Measure)
		if !read || c.Against != nil && c.Against.Paired {
			n++
		}
	}
	return n
}

// combine is the outcome of the i-th repeat.
func combine(repeat, i int, proof, disproof [][]Result) Repeated {
	of := func(results []Result) Result { return results[min(i, len(results)-1)] }
	var open, against []string
	for _, results := range proof {
		if r := of(results); r.Decision != Holds {
			open = append(open, fmt.Sprintf("%s %s: %s", r.ID, r.Decision, r.Why))
		}
	}
	for _, results := range disproof {
		if r := of(results); r.Decision == Holds {
			against = append(against, fmt.Sprintf("%s: %s", r.ID, r.Why))
		}
	}
	switch {
	case len(open) == 0 && len(against) == 0:
		return Repeated{repeat, Supported, "all proof holds, and no disproof"}
	case len(open) > 0 && len(against) > 0:
		return Repeated{repeat, NotSupported, "disproof holds: " + strings.Join(against, "; ")}
	case len(against) > 0:
		return Repeated{repeat, Inconclusive, "all proof holds, and so does disproof: " + strings.Join(against, "; ")}
	}
	return Repeated{repeat, Inconclusive, "neither proof nor disproof: " + strings.Join(open, "; ")}
}

// conclude makes one outcome of all repeats, where nothing has spoken against the
// instrument.
func (j *judging) conclude(v *Verdict) {
	if len(v.Why) > 0 {
		v.Next = "mend what the gates and controls found, and run again"
		return
	}
	if len(j.c.Proof) == 0 {
		j.expected(v)
		return
	}
	first := v.Repeats[0].Outcome
	if slices.ContainsFunc(v.Repeats, func(r Repeated) bool { return r.Outcome != first }) {
		v.Next = Again + ", with cycles or windows twice as long"
		for _, r := range v.Repeats {
			v.Why = append(v.Why, fmt.Sprintf("repeats disagree: repeat %d is %s, %s", r.Repeat, r.Outcome, r.Why))
		}
		return
	}
	v.Outcome, v.Why = first, []string{v.Repeats[0].Why}
	if first == Inconclusive {
		v.Next = Again + ", with cycles or windows twice as long"
	}
}
