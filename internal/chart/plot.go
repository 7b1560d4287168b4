package chart

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// plot is a chart with its places worked out.
type plot struct {
	opt    Options
	series []Series
	empty  bool
	x, y   axis

	xFamily, yFamily family

	canvas *canvas
	marks  []Mark
	left   int // columns of the labels of Y
	right  int // columns of the labels of the lines
	labels map[int]string
	text   map[int]string // labels of the lines, by row
}

func newPlot(opt Options, series []Series) *plot {
	p := &plot{opt: opt.filled(), series: series}
	if opt.Unit != nil && !opt.Tens {
		p.yFamily = powersOfTwo
	}
	if opt.XUnit != nil {
		p.xFamily = minutes
	}
	opt = p.opt
	x0, x1, y0, y1 := extent(series)
	p.empty = x0 > x1
	if p.empty {
		return p
	}
	for _, l := range opt.Lines {
		if finite(l.Y) {
			y0, y1 = min(y0, l.Y), max(y1, l.Y)
		}
		p.right = max(p.right, width(l.Label)+1)
	}
	p.right = min(p.right, opt.Width/3)
	if y0 >= 0 && y1 > 0 {
		y0 = 0
	}
	p.x.low, p.x.high = widen(x0, x1)
	p.y.low, p.y.high = widen(y0, y1)
	p.place()
	return p
}

// extent is the smallest box around all points; low is above high if there
// are none.
func extent(series []Series) (x0, x1, y0, y1 float64) {
	x0, y0 = math.Inf(1), math.Inf(1)
	x1, y1 = math.Inf(-1), math.Inf(-1)
	for _, s := range series {
		for i := range min(len(s.X), len(s.Y)) {
			if finite(s.X[i]) && finite(s.Y[i]) {
				x0, x1 = min(x0, s.X[i]), max(x1, s.X[i])
				y0, y1 = min(y0, s.Y[i]), max(y1, s.Y[i])
			}
		}
	}
	return
}

// place lays the axes out and draws everything onto the canvas, faintest first.
func (p *plot) place() {
	opt := p.opt
	p.y.print, p.x.print = opt.Unit, opt.XUnit
	down := 4
	if opt.ASCII {
		down = 1
	}
	p.y.dots = opt.Height * down
	p.y.setTicks(max(opt.Height/2, 2), p.yFamily)
	p.labels = map[int]string{}
	for _, t := range p.y.ticks {
		row := opt.Height - 1 - p.y.dot(t)/down
		if t == p.y.low {
			row = opt.Height // on the axis itself
		}
		label := p.y.print(t)
		p.labels[row] = label
		p.left = max(p.left, width(label))
	}
	const fewest = 10 // columns that still make a chart
	p.right = max(min(p.right, opt.Width-p.left-2-fewest), 0)
	columns := max(opt.Width-p.left-2-p.right, fewest)
	p.canvas = newCanvas(columns, opt.Height, opt.ASCII)
	p.x.dots = columns * p.canvas.across
	p.x.setTicks(max(columns/12, 2), p.xFamily)

	for _, m := range opt.Marks {
		if p.x.holds(m.X) {
			p.marks = append(p.marks, m)
			for y := 0; y < p.y.dots; y += 2 {
				p.canvas.set(p.x.dot(m.X), y, inkMark)
			}
		}
	}
	p.text = map[int]string{}
	for _, l := range opt.Lines {
		if !finite(l.Y) {
			continue
		}
		y := p.y.dot(l.Y)
		for x := 0; x < p.x.dots; x += p.canvas.across {
			p.canvas.set(x, y, inkLine)
		}
		p.annotate(opt.Height-1-y/down, l.Label)
	}
	for i, s := range p.series {
		p.curve(i, s)
	}
}

// annotate writes a line's label at its row, or at the nearest free one.
func (p *plot) annotate(row int, label string) {
	for off := range p.opt.Height {
		for _, r := range []int{row + off, row - off} {
			if _, used := p.text[r]; !used && r >= 0 && r < p.opt.Height {
				p.text[r] = clip(label, p.right-1)
				return
			}
		}
	}
}

func clip(s string, columns int) string {
	if width(s) <= columns {
		return s
	}
	return string([]rune(s)[:max(columns, 0)])
}

func (p *plot) draw(out io.Writer) {
	if p.opt.Title != "" {
		fmt.Fprintf(out, "%s\n", p.paint(bold, p.opt.Title))
	}
	if p.empty {
		fmt.Fprintf(out, "%s\n", p.paint(faint, "(no data)"))
		return
	}
	p.drawMarks(out)
	tick, rule := "┤", "│"
	if p.opt.ASCII {
		tick, rule = "+", "|"
	}
	for row := range p.opt.Height {
		label, edge := p.labels[row], rule
		if label != "" {
			edge = tick
		}
		var line strings.Builder
		fmt.Fprintf(&line, "%*s ", p.left, label)
		line.WriteString(p.paint(faint, edge))
		p.drawRow(&line, row)
		if text := p.text[row]; text != "" {
			line.WriteString(" " + p.paint(lineColor, text))
		}
		fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
	p.drawBase(out)
	p.drawLegend(out)
}

// drawRow writes the cells of a row, with as few changes of colour as can be.
func (p *plot) drawRow(line *strings.Builder, row int) {
	color := ""
	for column := range p.canvas.columns {
		g := p.canvas.glyph(column, row, p.opt.ASCII)
		want := color
		if g != ' ' {
			want = inkColor(p.canvas.ink[row*p.canvas.columns+column])
		}
		if p.opt.Color && want != color {
			if color != "" {
				line.WriteString(reset)
			}
			line.WriteString(want)
			color = want
		}
		line.WriteRune(g)
	}
	if color != "" {
		line.WriteString(reset)
	}
}
