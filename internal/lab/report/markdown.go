package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// Markdown is the findings for a pull request, in GitHub's form of it: the verdict, a
// table of what was judged, a line for each repeat. It names the report and links to
// nothing, since only who posts it knows where the bundle lies.
func Markdown(f *Findings) []byte {
	var b bytes.Buffer
	h := f.headline()
	fmt.Fprintf(&b, "### %s %s: %s\n\n", h.Mark, h.Words, marked(f.Experiment.Name))
	fmt.Fprintf(&b, "> %s\n\n%s\n", marked(f.Experiment.Hypothesis.Claim), marked(h.Lead))
	for _, why := range h.Why {
		fmt.Fprintf(&b, "- %s\n", marked(why))
	}
	if v := f.judged(); v != nil {
		if v.Next != "" {
			fmt.Fprintf(&b, "\nWhat would decide it: %s.\n", marked(v.Next))
		}
		if len(v.Causes) > 0 {
			fmt.Fprintf(&b, "\nOther causes that the signals point to: %s.\n", marked(joined(v.Causes)))
		}
		f.markTable(&b)
		f.markCompared(&b, v)
		b.WriteString("\n")
		for _, r := range v.Repeats {
			if f.onlyCompared() {
				break // by itself a repeat says nothing
			}
			fmt.Fprintf(&b, "- Repeat %d by itself: **%s**; %s\n", r.Repeat, r.Outcome, marked(f.tally(r.Repeat)))
		}
	}
	for _, note := range f.Notes {
		fmt.Fprintf(&b, "- Could not be read: %s\n", marked(note))
	}
	var facts []string
	for _, fact := range f.facts() {
		facts = append(facts, fact.Name+": "+marked(fact.Value))
	}
	fmt.Fprintf(&b, "\n<sub>%s. All evidence is in `report.html` of the bundle; `stanch lab verify BUNDLE` computes it again.</sub>\n", strings.Join(facts, " · "))
	return b.Bytes()
}

// markTable is a row for each result; of a gate that all runs pass there is one.
func (f *Findings) markTable(b *bytes.Buffer) {
	head := false
	row := func(part string, cells ...string) {
		if !head {
			head = true
			b.WriteString("\n| | part | criterion | window | found | asked for | n |\n|---|---|---|---|---|---|---|\n")
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", cells[0], part, strings.Join(cells[1:], " | "))
	}
	for _, part := range []string{Proof, Disproof, Control, Gate} {
		for _, c := range f.part(part) {
			s := f.scaleOf(c)
			if n := len(c.Results); part == Gate && n > 1 && c.decided() == verdict.Holds {
				row(part, "✓ holds", marked(c.ID)+"<br>in "+counted(n, "run"), marked(joined(c.Window)), marked(spread(s, c.Results)), marked(asked(s, &c.Results[0])), counting(n))
				continue
			}
			for i := range c.Results {
				r := &c.Results[i]
				mark, words, _ := marks(r.Decision, c.Part)
				name := marked(c.ID)
				if who := f.who(c, r); who != "" {
					name += "<br>" + marked(who)
				}
				found := marked(estimate(s, r))
				if !finite(float64(r.Estimate)) {
					found = marked(r.Why)
				}
				row(part, mark+" "+words, name, marked(joined(c.Window)), found, marked(asked(s, r)), counting(r.N))
			}
		}
	}
}

// spread is from the least to the most that was found.
func spread(s scale, results []verdict.Result) string {
	least, most := math.Inf(1), math.Inf(-1)
	for i := range results {
		v := float64(results[i].Estimate)
		least, most = min(least, v), max(most, v)
	}
	if least == most {
		return s.print(least)
	}
	return s.print(least) + " to " + s.print(most)
}

// markCompared is a row for each comparison.
func (f *Findings) markCompared(b *bytes.Buffer, v *verdict.Verdict) {
	if len(v.Comparisons) == 0 {
		return
	}
	first := v.Comparisons[0]
	fmt.Fprintf(b, "\n| %s against %s | %[1]s is | change | could be found |\n|---|---|---|---|\n", marked(first.B), marked(first.A))
	s := scale{words: wordsOf(f.Experiment), unit: "share"}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		fmt.Fprintf(b, "| %s | **%s** | %s | %s |\n", marked(c.Name), c.Change, marked(changed(s, &c.Result)), marked(s.print(float64(c.Result.Detectable))))
	}
}

// changed is by how much B lies above or below A.
func changed(s scale, r *verdict.Result) string {
	if !finite(float64(r.Estimate)) {
		return r.Why
	}
	sign := func(v float64) string {
		if v > 0 {
			return "+" + s.print(v)
		}
		return s.print(v)
	}
	text := sign(float64(r.Estimate))
	if !read(r) {
		text += fmt.Sprintf(" (%s to %s, %s)", sign(float64(r.Lo)), sign(float64(r.Hi)), percent(float64(r.Confidence)))
	}
	return text
}

func counting(n int) string { return number(float64(n)) }

// marked is a text in Markdown on one line, without a meaning in it.
func marked(s string) string {
	var b strings.Builder
	for _, r := range tabular.Visible(strings.ReplaceAll(s, "\n", " ")) {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '@': // it would call for people
			b.WriteString("@\u200b")
		case '\\', '`', '*', '_', '[', ']', '|', '#', '~', '!', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
