package report

import (
	"fmt"
	"math"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// sentence is a result in words: which repeat and variant, what was found, what it was
// held against, what follows.
func (f *Findings) sentence(c *Criterion, r *verdict.Result) string {
	s := f.scaleOf(c)
	text := ""
	if who := f.who(c, r); who != "" {
		text = who + ": "
	}
	_, words, _ := marks(r.Decision, c.Part)
	if math.IsNaN(float64(r.Estimate)) {
		if r.Why == "" {
			return text + "nothing could be measured; " + words
		}
		return text + r.Why + "; " + words
	}
	text += estimate(s, r) + "; asked for: " + asked(s, r) + "; " + words
	if r.Decision == verdict.Unclear && finite(float64(r.Detectable)) {
		text += ". " + told(s, r)
	}
	return text
}

// several are results of one criterion in a sentence: what was asked for once, then each.
func (f *Findings) several(c *Criterion, all []*verdict.Result) string {
	s := f.scaleOf(c)
	text := "asked for: " + asked(s, all[0])
	for _, r := range all {
		_, words, _ := marks(r.Decision, c.Part)
		found := r.Why
		if finite(float64(r.Estimate)) {
			found = estimate(s, r)
		}
		who := f.who(c, r)
		if who == "" {
			who = fmt.Sprintf("repeat %d", r.Repeat)
		}
		text += "; " + who + ": " + found + ", " + words
	}
	return text
}

// who is whose result it is: the repeat, where there are several, and the variant.
func (f *Findings) who(c *Criterion, r *verdict.Result) string {
	text := ""
	switch {
	case r.Repeat == 0 && len(r.Inputs) > 0 && c.Part != Control:
		text = "all repeats"
	case r.Repeat > 0 && c.Part != Control && f.rounds() > 1:
		text = fmt.Sprintf("repeat %d", r.Repeat)
	}
	if len(r.Inputs) > 0 && r.Repeat > 0 && f.Experiment.Compare != nil && c.Part != Control {
		if text != "" {
			text += ", "
		}
		text += r.Inputs[0].Variant
	}
	return text
}

// rounds is how many repeats there are.
func (f *Findings) rounds() (most int) {
	for i := range f.Records {
		most = max(most, f.Records[i].Round)
	}
	return most
}

// estimate is the number with its interval.
func estimate(s scale, r *verdict.Result) string {
	text := s.print(float64(r.Estimate))
	if !read(r) {
		text += fmt.Sprintf(" (%s to %s, %s)", s.plain().print(float64(r.Lo)), s.plain().print(float64(r.Hi)), percent(float64(r.Confidence)))
	}
	return text
}

// asked is what the number was held against.
func asked(s scale, r *verdict.Result) string {
	text := string(r.Is) + " " + s.asked(float64(r.Threshold))
	if r.Is == verdict.Within {
		text = "within ±" + s.asked(float64(r.Threshold))
	}
	if r.Raised {
		text += " (raised to what the same variant twice differed by)"
	}
	return text
}

// told is what could have been found.
func told(s scale, r *verdict.Result) string {
	if r.Is == verdict.Within {
		return "A margin of " + s.print(float64(r.Detectable)) + " could have been shown"
	}
	return s.print(float64(r.Detectable)) + " would have been found 8 times in 10"
}

// tally is how many of proof and of disproof hold in a repeat, and the names of those
// that decide it.
func (f *Findings) tally(repeat int) string {
	of := func(part string) (held, all int, unheld, against []string) {
		for _, c := range f.part(part) {
			for i := range c.Results {
				r := &c.Results[i]
				if r.Repeat != repeat && r.Repeat != 0 {
					continue
				}
				all++
				name := c.ID
				if f.Experiment.Compare != nil && len(c.Results) > f.rounds() && len(r.Inputs) > 0 {
					name += " of " + r.Inputs[0].Variant
				}
				if r.Decision == verdict.Holds {
					held++
					against = append(against, name)
				} else {
					unheld = append(unheld, name)
				}
			}
		}
		return held, all, unheld, against
	}
	held, all, unheld, _ := of(Proof)
	text := fmt.Sprintf("of proof %d of %d hold", held, all)
	if len(unheld) > 0 {
		text += ", not " + joined(unheld)
	}
	held, all, _, against := of(Disproof)
	text += fmt.Sprintf("; of disproof %d of %d", held, all)
	if len(against) > 0 {
		text += ": " + joined(against)
	}
	return text
}
