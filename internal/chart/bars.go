package chart

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
)

// Bar is a line of a bar chart, or a few: a label, and a value for each series.
// A value that is NaN has no bar.
type Bar struct {
	Label  string
	Values []float64
}

// Bars draws lying bars into w, the longest as long as the width allows, each
// with its value behind it. With several names, each bar has a line for each, or
// one line for all of them if stacked; a stacked value below zero is left out.
// The only errors are w's.
func Bars(w io.Writer, opt Options, names []string, stacked bool, bars ...Bar) error {
	opt = opt.filled()
	out := bufio.NewWriter(w)
	p := &plot{opt: opt}
	if opt.Title != "" {
		fmt.Fprintf(out, "%s\n", p.paint(bold, opt.Title))
	}
	b := measureBars(opt, stacked, bars)
	if b.most <= 0 && b.least >= 0 && len(bars) == 0 {
		fmt.Fprintf(out, "%s\n", p.paint(faint, "(no data)"))
		return out.Flush()
	}
	for _, bar := range bars {
		label := clip(bar.Label, b.label)
		for i, line := range b.lines(p, bar) {
			if i > 0 {
				label = ""
			}
			blank := strings.Repeat(" ", b.label-width(label))
			fmt.Fprintln(out, strings.TrimRight(blank+label+" "+p.paint(faint, b.edge())+line, " "))
		}
	}
	if len(names) > 1 {
		p.writeLegend(out, b.label+2, names, func(i int) string { return strings.Repeat(string(b.fill(i)), 2) })
	}
	return out.Flush()
}

// barPlaces are where the parts of a bar chart lie.
type barPlaces struct {
	opt         Options
	stacked     bool
	label       int // columns of the labels
	room        int // columns of the longest bar
	least, most float64
}

func measureBars(opt Options, stacked bool, bars []Bar) *barPlaces {
	b := &barPlaces{opt: opt, stacked: stacked}
	printed := 0
	for _, bar := range bars {
		b.label = max(b.label, width(bar.Label))
		sum := 0.0
		for _, v := range bar.Values {
			if !finite(v) {
				continue
			}
			sum += max(v, 0)
			if !stacked {
				b.least, b.most = min(b.least, v), max(b.most, v)
				printed = max(printed, width(opt.Unit(v)))
			}
		}
		if stacked {
			b.most = max(b.most, sum)
			printed = max(printed, width(opt.Unit(sum)))
		}
	}
	b.label = min(b.label, opt.Width*2/5)
	b.room = max(opt.Width-b.label-3-min(printed, opt.Width/3), 4)
	return b
}

func (b *barPlaces) edge() string {
	if b.opt.ASCII {
		return "|"
	}
	return "│"
}

// fill is what a series' bars are made of where they have no colours.
func (b *barPlaces) fill(i int) rune {
	switch {
	case b.opt.ASCII:
		return asciiGlyph(i)
	case b.opt.Color || i == 0:
		return '█'
	}
	return [...]rune{'█', '▒', '▓', '░'}[i%4]
}

func (b *barPlaces) lines(p *plot, bar Bar) []string {
	if b.stacked {
		return []string{b.stack(p, bar)}
	}
	var lines []string
	for i, v := range bar.Values {
		if !finite(v) {
			lines = append(lines, "")
			continue
		}
		from, length := b.span(v)
		lines = append(lines, strings.Repeat(" ", from)+p.paint(seriesColor(i), b.piece(i, length))+" "+clip(b.opt.Unit(v), b.opt.Width/3))
	}
	return lines
}

// span is the column where a value's bar begins, and how many columns it is long.
func (b *barPlaces) span(v float64) (from int, length float64) {
	// Halves, so that the distance of the largest floats is one.
	whole := b.most/2 - b.least/2
	if whole == 0 {
		return 0, 0
	}
	zero := math.Round(float64(b.room) * (-b.least / 2 / whole))
	if v >= 0 {
		return int(zero), min(float64(b.room)-zero, float64(b.room)*(v/2/whole))
	}
	length = math.Round(min(zero, float64(b.room)*(-v/2/whole)))
	return int(zero - length), length
}

// piece is a bar of a length, to an eighth of a column.
func (b *barPlaces) piece(series int, length float64) string {
	fill := b.fill(series)
	whole := int(length)
	s := strings.Repeat(string(fill), whole)
	eighths := int(math.Round((length - float64(whole)) * 8))
	switch {
	case fill != '█':
		if eighths >= 4 {
			s += string(fill)
		}
	case eighths == 8:
		s += "█"
	case eighths > 0:
		s += string([]rune("▏▎▍▌▋▊▉")[eighths-1])
	}
	return s
}

// stack is a line of all values, each as many columns as its part of the sum
// that was reached takes, so that roundings do not add up.
func (b *barPlaces) stack(p *plot, bar Bar) string {
	var line strings.Builder
	sum, at := 0.0, 0
	for i, v := range bar.Values {
		if !finite(v) || v <= 0 {
			continue
		}
		sum += v
		_, reach := b.span(sum)
		to := min(int(math.Round(reach)), b.room)
		if to > at {
			line.WriteString(p.paint(seriesColor(i), strings.Repeat(string(b.fill(i)), to-at)))
			at = to
		}
	}
	return line.String() + " " + clip(b.opt.Unit(sum), b.opt.Width/3)
}
