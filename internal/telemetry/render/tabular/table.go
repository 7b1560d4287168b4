package tabular

import (
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// Terminal is what a table is written to.
type Terminal struct {
	Width int  // in columns; 0 is as wide as it gets
	Color bool // with ANSI codes
}

const (
	reset = "\x1b[0m"
	bold  = "\x1b[1m"
	faint = "\x1b[2m"

	gap      = 2  // columns between two columns of the table
	narrow   = 12 // what a column of text may be cut down to
	longCell = 4096
)

// Table writes each result in aligned columns, numbers to the right. What is too
// wide for the terminal is cut, with … at its end; a table of more columns than
// fit even so is written as records, a line a value, the empty ones left out.
func Table(w io.Writer, terminal Terminal, results []*table.Result) error {
	l := newLines(w)
	for n, r := range results {
		if n > 0 {
			l.buf = append(l.buf, '\n')
		}
		g := newGrid(r, terminal)
		var err error
		if g.fits() {
			err = g.columns(l)
		} else {
			err = g.records(l)
		}
		if err != nil {
			return err
		}
	}
	return l.end()
}

type grid struct {
	*table.Result
	display
	terminal Terminal
	widths   []int
}

func newGrid(r *table.Result, terminal Terminal) *grid {
	g := &grid{r, newDisplay(r), terminal, make([]int, len(r.Columns))}
	for i, c := range r.Columns {
		g.widths[i] = Width(Visible(c.Name))
		for _, row := range r.Rows {
			g.widths[i] = max(g.widths[i], Width(g.short(row, i)))
		}
	}
	return g
}

// short is a cell's text, cut where nobody would read on even in a wide terminal.
func (g *grid) short(row []value.Value, i int) string {
	text := g.text(row, i)
	if g.terminal.Width > 0 && len(text) > longCell {
		text = Cut(text, longCell)
	}
	return text
}

// fits narrows the widest columns until the table fits; false if it can't.
func (g *grid) fits() bool {
	if g.terminal.Width <= 0 {
		return true
	}
	over := -gap - g.terminal.Width
	for _, w := range g.widths {
		over += w + gap
	}
	for over > 0 {
		widest, second := -1, narrow
		for i, w := range g.widths {
			switch {
			case toTheRight(g.Columns[i].Type) || w <= narrow:
			case widest < 0 || w > g.widths[widest]:
				if widest >= 0 {
					second = max(second, g.widths[widest])
				}
				widest = i
			default:
				second = max(second, w)
			}
		}
		if widest < 0 {
			return false
		}
		// Down to the second widest at once, or by one if they are equal.
		step := min(over, max(g.widths[widest]-second, 1))
		g.widths[widest] -= step
		over -= step
	}
	return true
}

func (g *grid) columns(l *lines) error {
	last := len(g.Columns) - 1
	line := func(to []byte, text func(i int) string) []byte {
		for i := range g.Columns {
			s := Cut(text(i), g.widths[i])
			blank := strings.Repeat(" ", g.widths[i]-Width(s))
			switch {
			case toTheRight(g.display.columns[i].Type):
				to = append(append(to, blank...), s...)
			case i == last:
				to = append(to, s...)
			default:
				to = append(append(to, s...), blank...)
			}
			if i < last {
				to = append(to, "  "...)
			}
		}
		return to
	}
	l.buf = g.paint(l.buf, bold, string(line(nil, func(i int) string { return Visible(g.Columns[i].Name) })))
	l.buf = append(l.buf, '\n')
	rule := make([]string, len(g.widths))
	for i, w := range g.widths {
		rule[i] = strings.Repeat("─", w)
	}
	l.buf = append(g.paint(l.buf, faint, strings.Join(rule, "  ")), '\n')
	return l.each(g.Result, func(to []byte, row []value.Value) []byte {
		return append(line(to, func(i int) string { return g.short(row, i) }), '\n')
	})
}

// records writes a row as a block of names and values.
func (g *grid) records(l *lines) error {
	widest := 0
	for _, c := range g.Columns {
		widest = max(widest, Width(Visible(c.Name)))
	}
	widest = min(widest, max(g.terminal.Width/3, narrow))
	n := 0
	return l.each(g.Result, func(to []byte, row []value.Value) []byte {
		if n++; n > 1 {
			to = append(to, '\n')
		}
		var empty []string
		for i, c := range g.Columns {
			text, name := g.short(row, i), Cut(Visible(c.Name), widest)
			if text == "" {
				empty = append(empty, name)
				continue
			}
			to = g.paint(to, bold, name)
			to = append(to, strings.Repeat(" ", widest-Width(name)+gap)...)
			to = append(append(to, Cut(text, max(g.terminal.Width-widest-gap, narrow))...), '\n')
		}
		if len(empty) > 0 {
			to = append(g.paint(to, faint, Cut("empty: "+strings.Join(empty, ", "), g.terminal.Width)), '\n')
		}
		return to
	})
}

func (g *grid) paint(to []byte, code, s string) []byte {
	if !g.terminal.Color {
		return append(to, s...)
	}
	return append(append(append(to, code...), s...), reset...)
}
