package report

import (
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// headline is what a report says first.
type headline struct {
	Mark  string // beside the words, for those who do not see the colour
	Words string
	Class string   // of the page's style
	Lead  string   // what it means, in a sentence
	Why   []string // the reasons
	Own   []string // the verdict's own words for them, numbers without units
}

// headline of the findings. Only what is complete has a verdict.
func (f *Findings) headline() headline {
	v := f.judged()
	switch {
	case v != nil:
		h := headline{Why: f.reasons(v), Own: v.Why}
		switch v.Outcome {
		case verdict.Supported:
			h.Own = nil
			h.Mark, h.Words, h.Class = "✓", "Supported", "yes"
			h.Lead = "All that the file asks for as proof holds, and nothing that it names as disproof."
		case verdict.NotSupported:
			h.Mark, h.Words, h.Class = "✗", "Not supported", "no"
			h.Lead = "Something that the file names as disproof was established, and its proof was not."
		default:
			h.Mark, h.Words, h.Class = "?", "Inconclusive", "open"
			h.Lead = "The evidence decides neither for the claim nor against it."
		}
		if f.onlyCompared() {
			h.Lead = map[verdict.Outcome]string{
				verdict.Supported:    "Everything that was compared came out as it was expected, or no worse where nothing was.",
				verdict.NotSupported: "Something that was compared came out against what was expected.",
				verdict.Inconclusive: "The evidence does not decide how the two compare.",
			}[v.Outcome]
		}
		return h
	case f.Manifest.State == lab.Aborted:
		h := headline{Mark: "–", Words: "No verdict", Class: "none", Lead: "The experiment was aborted. What it left is below; nothing follows from it."}
		if f.Manifest.Why != "" {
			h.Why = []string{"aborted: " + f.Manifest.Why}
		}
		return h
	case f.Manifest.State == lab.Running:
		return headline{Mark: "–", Words: "No verdict", Class: "none", Lead: "Nobody ended this bundle: its run is still under way, or was killed. Nothing follows from what is below."}
	case f.Manifest.State == lab.Complete:
		return headline{Mark: "–", Words: "No verdict", Class: "none", Lead: "The runs came to their end, but nothing could be judged."}
	}
	return headline{Mark: "–", Words: "No verdict", Class: "none", Lead: fmt.Sprintf("The bundle is in no state that is known (%q).", f.Manifest.State)}
}

// marks are a decision's sign and words; of a disproof, what holds speaks against the
// claim.
func marks(d verdict.Decision, part string) (mark, words, class string) {
	switch {
	case d == verdict.Holds && part == Disproof:
		return "✗", "holds, against the claim", "no"
	case d == verdict.Holds:
		return "✓", "holds", "yes"
	case d == verdict.Fails && part == Disproof:
		return "○", "is not so", "calm"
	case d == verdict.Fails:
		return "✗", "fails", "no"
	case part == Disproof:
		return "?", "not established", "open"
	}
	return "?", "unclear", "open"
}

// decided is what a criterion comes to over its results: what all of them say, else
// unclear. Without results it is unclear too.
func (c *Criterion) decided() verdict.Decision {
	if len(c.Results) == 0 {
		return verdict.Unclear
	}
	first := c.Results[0].Decision
	for _, r := range c.Results {
		if r.Decision != first {
			return verdict.Unclear
		}
	}
	return first
}

// reasons are why the verdict is what it is, in words and numbers with units. What the
// verdict says about gates, controls and criteria is told from those; all else that it
// says is kept as it stands.
func (f *Findings) reasons(v *verdict.Verdict) (all []string) {
	if v.Outcome == verdict.Supported {
		return nil
	}
	tell := func(part string, wanted func(d verdict.Decision) bool) (found []string) {
		for _, c := range f.part(part) {
			var all []*verdict.Result
			for i := range c.Results {
				if r := &c.Results[i]; wanted(r.Decision) {
					all = append(all, r)
				}
			}
			switch len(all) {
			case 0:
			case 1:
				found = append(found, part+" "+c.ID+says(c)+" "+f.sentence(c, all[0]))
			default:
				found = append(found, part+" "+c.ID+says(c)+" "+f.several(c, all))
			}
		}
		return found
	}
	not := func(d verdict.Decision) bool { return d != verdict.Holds }
	is := func(d verdict.Decision) bool { return d == verdict.Holds }
	if v.Outcome == verdict.NotSupported {
		if all = tell(Disproof, is); len(all) > 0 {
			return all
		}
		for _, why := range v.Why {
			all = append(all, f.compareWords(v, why))
		}
		return all
	}
	instrument := append(tell(Gate, not), tell(Control, not)...)
	criteria := append(tell(Disproof, is), tell(Proof, not)...)
	told := map[string]bool{}
	for _, why := range v.Why {
		instead, kind := []string{f.compareWords(v, why)}, ""
		switch {
		case strings.HasPrefix(why, "gate "), strings.HasPrefix(why, "control ") && !strings.HasSuffix(why, " was not run"):
			instead, kind = instrument, "instrument"
		case strings.HasPrefix(why, "neither proof nor disproof"), strings.HasPrefix(why, "all proof holds, and so does disproof"):
			instead, kind = criteria, "criteria"
		}
		switch {
		case kind != "" && len(instead) == 0:
			all = append(all, why) // nothing says it better
		case kind == "" || !told[kind]:
			all = append(all, instead...)
		}
		told[kind] = true
	}
	return all
}

// says is what a criterion means, behind its name.
func says(c *Criterion) string {
	if c.Says == "" {
		return ":"
	}
	return " (" + strings.TrimSuffix(c.Says, ".") + "):"
}

// compareWords is what the verdict says about a comparison, with units; all else is
// left as it is.
func (f *Findings) compareWords(v *verdict.Verdict, why string) string {
	s := scale{words: wordsOf(f.Experiment), unit: lab.Share}
	for i := range v.Comparisons {
		if c := &v.Comparisons[i]; strings.HasPrefix(why, c.Name+": ") {
			return fmt.Sprintf("%s: %s beside %s is %s, %s", c.Name, c.B, c.A, c.Change, changed(s, &c.Result))
		}
	}
	return why
}
