package chart

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// The colours: 16-colour codes, which a terminal's own theme makes readable on
// its background.
const (
	reset     = "\x1b[0m"
	bold      = "\x1b[1m"
	faint     = "\x1b[2m"
	lineColor = "\x1b[31m"
	markColor = "\x1b[35m"
)

func seriesColor(i int) string {
	return [...]string{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[34m", "\x1b[95m", "\x1b[91m", "\x1b[97m", "\x1b[90m"}[i%8]
}

func inkColor(ink int8) string {
	switch ink {
	case inkNone:
		return ""
	case inkMark:
		return markColor
	case inkLine:
		return lineColor
	}
	return seriesColor(int(ink - firstSeries))
}

func (p *plot) paint(color, s string) string {
	if !p.opt.Color || s == "" {
		return s
	}
	return color + s + reset
}

// drawMarks writes the labels above the plot, each with its pointer at its
// column. What would run into another goes a row up; past the third row a mark
// keeps only its tick.
func (p *plot) drawMarks(out io.Writer) {
	pointer := "▾"
	if p.opt.ASCII {
		pointer = "v"
	}
	marks := slices.Clone(p.marks)
	slices.SortStableFunc(marks, func(a, b Mark) int { return compare(a.X, b.X) })
	var rows [3]row
	for _, m := range marks {
		at, label := p.x.dot(m.X)/p.canvas.across, pointer+m.Label
		if over := at + width(label) - p.canvas.columns - p.right; over > 0 {
			// No room to its right: the label ends at its column.
			label = m.Label + pointer
			at -= width(m.Label)
		}
		for i := range rows {
			if rows[i].put(at, label) {
				break
			}
		}
	}
	for _, r := range slices.Backward(rows[:]) {
		if len(r) > 0 {
			fmt.Fprintf(out, "%*s%s\n", p.left+2, "", p.paint(markColor, string(r)))
		}
	}
}

// row is a line of text in the making.
type row []rune

// put writes s at a column unless it would touch what is there.
func (r *row) put(at int, s string) bool {
	if at < 0 || len(*r) > 0 && at < len(*r)+1 {
		return false
	}
	*r = append(*r, []rune(strings.Repeat(" ", at-len(*r))+s)...)
	return true
}

// drawBase writes the horizontal axis and its labels.
func (p *plot) drawBase(out io.Writer) {
	corner, rule, tick := '└', '─', '┬'
	if p.opt.ASCII {
		corner, rule, tick = '+', '-', '+'
	}
	base := []rune(strings.Repeat(string(rule), p.canvas.columns))
	var labels row
	start := p.left + 2
	for _, t := range p.x.ticks {
		at := p.x.dot(t) / p.canvas.across
		if at < 0 || at >= len(base) {
			continue
		}
		base[at] = tick
		label := p.x.print(t)
		// Centred, but inside of the chart.
		left := start + at - width(label)/2
		left = max(min(left, p.opt.Width-width(label)), 0)
		labels.put(left, label)
	}
	fmt.Fprintf(out, "%*s %s\n", p.left, p.labels[p.opt.Height], p.paint(faint, string(corner)+string(base)))
	fmt.Fprintln(out, strings.TrimRight(string(labels), " "))
}

func (p *plot) drawLegend(out io.Writer) {
	if len(p.series) == 0 || len(p.series) == 1 && p.series[0].Name == "" {
		return
	}
	names := make([]string, len(p.series))
	for i, s := range p.series {
		names[i] = s.Name
	}
	p.writeLegend(out, p.left+2, names, p.sample)
}

// writeLegend writes names behind their samples, in as many lines as it takes.
func (p *plot) writeLegend(out io.Writer, left int, names []string, sample func(int) string) {
	at := left
	fmt.Fprintf(out, "%*s", left, "")
	for i, name := range names {
		s := sample(i)
		name = clip(name, p.opt.Width-left-width(s)-1)
		need := width(s) + 1 + width(name)
		switch {
		case i == 0:
		case at+3+need > p.opt.Width:
			fmt.Fprintf(out, "\n%*s", left, "")
			at = left
		default:
			io.WriteString(out, "   ")
			at += 3
		}
		io.WriteString(out, p.paint(seriesColor(i), s)+" "+name)
		at += need
	}
	io.WriteString(out, "\n")
}

// sample is a short piece of a curve, as the canvas draws it.
func (p *plot) sample(i int) string {
	if p.opt.ASCII {
		return strings.Repeat(string(asciiGlyph(i)), 3)
	}
	c := newCanvas(3, 1, false)
	for x := range 6 {
		if i == 0 || p.opt.Color || rhythm(i, x) {
			c.set(x, 1, firstSeries)
		}
	}
	var s strings.Builder
	for column := range 3 {
		s.WriteRune(c.glyph(column, 0, false))
	}
	return s.String()
}
