// Package chart draws line charts for terminals, in braille dots or in plain ASCII.
//
// A chart is read by someone in a hurry: axes carry round numbers in the
// reader's units, a threshold is a labelled line, an event is a labelled tick,
// and a spike is never averaged away, however narrow the terminal. The
// vertical axis begins at zero wherever no value is negative. Begin with
// [Line] and [Bars].
package chart

import (
	"bufio"
	"io"
	"math"
	"strconv"
)

// Series is one curve. X and Y belong together by index; the shorter of them
// counts. A NaN or infinite value is a gap.
type Series struct {
	Name string // for the legend; a single unnamed series has none
	X, Y []float64
}

// Mark is something that happened at X, drawn as a vertical tick.
type Mark struct {
	X     float64
	Label string
}

// HLine is a threshold, drawn as a dotted line with its label at its right end.
type HLine struct {
	Y     float64
	Label string
}

// Options says how a chart looks. The zero value is usable.
type Options struct {
	Width  int // of the whole chart, in columns; 0 is 80, less than 30 is 30
	Height int // of the plot alone, in rows; 0 is 12, less than 3 is 3
	Title  string
	Unit   func(float64) string // prints a value of Y; nil prints the plain number
	XUnit  func(float64) string // prints a value of X; nil prints the plain number
	Marks  []Mark               // those outside of the data are left out
	Lines  []HLine              // the axis reaches as far as they do
	Color  bool                 // with ANSI colours
	Tens   bool                 // round numbers of Y are those of tens, whatever its Unit
	Points bool                 // dots that nothing joins
	ASCII  bool                 // without braille and box drawing
}

// Line draws the series into w. Where there is nothing to draw it says so in
// the chart's place. The only errors are w's.
func Line(w io.Writer, opt Options, series ...Series) error {
	out := bufio.NewWriter(w)
	p := newPlot(opt, series)
	p.draw(out)
	return out.Flush()
}

func (o Options) filled() Options {
	o.Width, o.Height = max(orElse(o.Width, 80), 30), max(orElse(o.Height, 12), 3)
	if o.Unit == nil {
		o.Unit = plain
	}
	if o.XUnit == nil {
		o.XUnit = plain
	}
	return o
}

func orElse(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
