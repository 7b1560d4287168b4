package report

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// Text is the findings for a terminal: the verdict with its reasons, and a line for each
// result. Nothing in it moves a cursor.
func Text(f *Findings) []byte {
	var b strings.Builder
	h := f.headline()
	plain := func(s string) string { return tabular.Visible(strings.ReplaceAll(s, "\n", "; ")) }
	fmt.Fprintf(&b, "%s %s: %s\n", h.Mark, strings.ToUpper(h.Words), plain(f.Experiment.Name))
	fmt.Fprintf(&b, "  %s\n  %s\n", plain(f.Experiment.Hypothesis.Claim), plain(h.Lead))
	for _, why := range h.Why {
		fmt.Fprintf(&b, "  - %s\n", plain(why))
	}
	v := f.judged()
	if v == nil {
		return []byte(b.String())
	}
	if v.Next != "" {
		fmt.Fprintf(&b, "  What would decide it: %s.\n", plain(v.Next))
	}
	if len(v.Causes) > 0 {
		fmt.Fprintf(&b, "  Other causes that the signals point to: %s.\n", plain(joined(v.Causes)))
	}
	b.WriteByte('\n')
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, part := range []string{Proof, Disproof, Control, Gate} {
		for _, c := range f.part(part) {
			f.textRows(t, c)
		}
	}
	s := scale{words: wordsOf(f.Experiment), unit: "share"}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", c.Change, Compare, plain(c.Name), plain(fmt.Sprintf("%s beside %s: %s; %s could be found", c.B, c.A, changed(s, &c.Result), s.print(float64(c.Result.Detectable)))))
	}
	_ = t.Flush()
	return []byte(b.String())
}

// textRows is a line for each result of a criterion; of a gate that all runs pass there
// is one.
func (f *Findings) textRows(t *tabwriter.Writer, c *Criterion) {
	s := f.scaleOf(c)
	if n := len(c.Results); c.Part == Gate && n > 1 && c.decided() == verdict.Holds {
		fmt.Fprintf(t, "  ✓ holds\t%s\t%s\t%s in %s; asked for: %s\n", c.Part, tabular.Visible(c.ID), spread(s, c.Results), counted(n, "run"), asked(s, &c.Results[0]))
		return
	}
	for i := range c.Results {
		r := &c.Results[i]
		mark, words, _ := marks(r.Decision, c.Part)
		found := estimate(s, r) + "; asked for: " + asked(s, r)
		if !finite(float64(r.Estimate)) {
			found = r.Why
		}
		name := c.ID
		if who := f.who(c, r); who != "" {
			name += " (" + who + ")"
		}
		fmt.Fprintf(t, "  %s %s\t%s\t%s\t%s\n", mark, words, c.Part, tabular.Visible(name), tabular.Visible(strings.ReplaceAll(found, "\n", "; ")))
	}
}
