package verdict

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/stats"
)

// decide holds a reading against a threshold. Each decision needs a bound to lie beyond
// it, so that what was hardly measured is unclear and not absent.
func (r *reading) decide(is Relation, threshold, confidence float64) Decision {
	if r.missing != "" {
		return Unclear
	}
	if r.decided != "" {
		return r.decided
	}
	lo, hi := r.at(confidence)
	var holds, fails bool
	switch is {
	case Above:
		holds, fails = lo > threshold, hi <= threshold
	case AtLeast:
		holds, fails = lo >= threshold, hi < threshold
	case Below:
		holds, fails = hi < threshold, lo >= threshold
	case AtMost:
		holds, fails = hi <= threshold, lo > threshold
	case Within: // two one-sided tests: D. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987)
		holds, fails = lo > -threshold && hi < threshold, lo >= threshold || hi <= -threshold
	}
	agree := r.signsAgree(threshold, confidence)
	if is == Within && holds {
		agree = agree && r.signsAgree(-threshold, confidence)
	} else if is == Within && hi <= -threshold {
		agree = r.signsAgree(-threshold, confidence)
	}
	switch {
	case holds && agree:
		return Holds
	case fails && agree:
		return Fails
	}
	return Unclear
}

// leastOdds is the smallest p that is told.
const leastOdds = 1e-6

// odds are the least odds of error at which the reading would still hold.
func (r *reading) odds(is Relation, threshold float64) float64 {
	holds := func(odds float64) bool { return r.decide(is, threshold, 1-odds) == Holds }
	switch {
	case r.decided != "":
		return r.p
	case r.missing != "" || r.bounds == nil || !holds(0.499):
		return math.NaN()
	case holds(leastOdds):
		return leastOdds
	}
	low, high := math.Log(leastOdds), math.Log(0.499)
	for range 40 {
		if mid := (low + high) / 2; holds(math.Exp(mid)) {
			high = mid
		} else {
			low = mid
		}
	}
	return math.Exp(high)
}

// power is how often an effect of the detectable size is found.
const power = 0.8

// detectable is the effect that would be found with that power: as far beyond the
// threshold as the bounds are wide at this confidence, and again at that of the
// power. For within it is the margin that could be shown where there is no effect.
func (r *reading) detectable(is Relation, threshold, confidence float64) float64 {
	if r.missing != "" || r.decided != "" {
		return math.NaN()
	}
	lo, hi := r.at(confidence)
	width := (hi - lo) / 2
	further := func(share float64) float64 { return width * (1 + stats.Normal(share)/stats.Normal(confidence)) }
	switch is {
	case Above, AtLeast:
		return threshold + further(power)
	case Below, AtMost:
		return threshold - further(power)
	}
	return further((1 + power) / 2) // either side may miss
}

// result is a criterion with its reading, as it is told.
func (c *Criterion) result(r reading, repeat int, threshold, confidence float64) Result {
	lo, hi := r.at(confidence)
	result := Result{
		ID: c.ID, Measure: c.Measure, Repeat: repeat, Inputs: r.inputs,
		Estimate: Number(r.mid), Lo: Number(lo), Hi: Number(hi), N: r.n,
		Is: c.Is, Threshold: Number(threshold), Raised: threshold > c.Threshold, Confidence: Number(confidence),
		P: Number(r.odds(c.Is, threshold)), Detectable: Number(r.detectable(c.Is, threshold, confidence)),
		Decision: r.decide(c.Is, threshold, confidence), Causes: r.causes,
	}
	if result.Inputs == nil {
		result.Inputs = []Input{}
	}
	if c.Measure == Aligned {
		result.Is, result.Threshold, result.Raised = AtMost, Number(c.Tolerance), false
	}
	result.Why = c.say(&r, &result)
	return result
}

// say is the result in a sentence.
func (c *Criterion) say(r *reading, result *Result) string {
	switch {
	case r.missing != "":
		return r.missing
	case r.decided != "":
		return r.note
	}
	text := fmt.Sprintf("%s is %s", c, result.Estimate)
	if r.bounds != nil {
		text += fmt.Sprintf(" (%s to %s)", result.Lo, result.Hi)
	}
	switch result.Decision {
	case Holds:
		text += fmt.Sprintf(", %s %s", c.Is, result.Threshold)
	case Fails:
		text += fmt.Sprintf(", not %s %s", c.Is, result.Threshold)
	default:
		text += fmt.Sprintf(", too wide to say whether it is %s %s; %s could be told", c.Is, result.Threshold, result.Detectable)
	}
	if r.note != "" {
		text += "; " + r.note
	}
	return text
}

// String is what the criterion measures, in words.
func (c *Criterion) String() string {
	text := string(c.Measure)
	if c.Measure == Percentile {
		text = fmt.Sprintf("percentile %s", Number(100*c.At))
	}
	text += " of " + c.Series
	if c.Per != "" {
		text += " per " + c.Per
	}
	if c.Place.Window != "" {
		text += " in " + c.Place.Window
	}
	if c.Place.Variant != "" {
		text += " of variant " + c.Place.Variant
	}
	if a := c.Against; a != nil {
		with := " less that"
		if a.Ratio {
			with = " over that"
		}
		if a.Share {
			with = " as a share more than that"
		}
		text += with
		if a.Window != "" {
			text += " in " + a.Window
		}
		if a.Variant != "" {
			text += " of variant " + a.Variant
		}
	}
	return text
}
