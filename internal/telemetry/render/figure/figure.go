// Package figure says what a result looks like as a chart: which column runs
// along x, which make the series, what is stacked, in which unit the values are.
//
// It follows the rules by which Azure's portal draws the same query: x is the
// column that render names, else the first moment, else the first column; every
// number that is left is a value; every text that is left tells series apart. A
// Figure holds no places and no colours: package sketch draws it in a terminal,
// package picture on a page. Begin with [Of].
package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Kind is how values are drawn.
type Kind uint8

// The kinds.
const (
	Lines Kind = iota
	Areas
	Columns // upright
	Bars    // lying
	Pie
	Points
	Cards
)

// Stack is how the series of areas, columns and bars stand to each other.
type Stack uint8

// The stacks.
const (
	Apart   Stack = iota // side by side; areas in front of each other
	Stacked              // on top of each other
	Full                 // on top of each other, as shares of 1
)

// Figure is a chart without places. Of X, either Categories or the series' own X
// counts.
type Figure struct {
	Kind  Kind
	Stack Stack
	Title string
	X, Y  Axis
	// Categories are what stands along x where that has no measure; the series'
	// X are indexes into it.
	Categories []string
	Series     []Series
	// Legend says whether the series' names are shown.
	Legend bool
	// Notes say what was left out.
	Notes []string
}

// Series is one curve, or the bars of one colour. X ascends; a value that is NaN
// is a gap.
type Series struct {
	Name string
	X, Y []float64
}

// Scale is what an axis measures.
type Scale uint8

// The scales. Moments are seconds since 1970, UTC.
const (
	Numbers Scale = iota
	Moments
	Names
)

// Axis is one direction of a figure.
type Axis struct {
	Title string
	Scale Scale
	Unit  Unit
	Log   bool
	// Min and Max are where the axis was told to begin and end; NaN if it was not.
	Min, Max float64
}

const (
	mostSeries     = 20
	mostCategories = 60
	mostSlices     = 8
)

var kinds = map[string]Kind{
	"timechart": Lines, "linechart": Lines, "anomalychart": Lines, "timepivot": Lines,
	"areachart": Areas, "stackedareachart": Areas,
	"columnchart": Columns, "barchart": Bars, "piechart": Pie, "scatterchart": Points, "card": Cards,
}

// IsDrawn says whether a render of that kind is a drawing, and not a table.
func IsDrawn(c *table.Chart) bool {
	if c == nil {
		return false
	}
	_, known := kinds[c.Kind]
	return known
}

// Of makes a figure of a result and what its render asked for. Without a render
// it chooses: moments make lines, names make bars. The error says what the
// result lacks.
func Of(r *table.Result) (*Figure, error) {
	chart := r.Chart
	if !IsDrawn(chart) {
		chart = guess(r)
	}
	kind := kinds[chart.Kind]
	property := func(name string) string { return strings.TrimSpace(chart.Properties[name]) }
	f := &Figure{Kind: kind, Title: property("title"), Legend: !strings.EqualFold(property("legend"), "hidden")}
	switch {
	case chart.Kind == "stackedareachart" || strings.EqualFold(property("kind"), "stacked"):
		f.Stack = Stacked
	case strings.EqualFold(property("kind"), "stacked100"):
		f.Stack = Full
	}
	if kind == Lines || kind == Points || kind == Pie || kind == Cards {
		f.Stack = Apart
	}
	c, err := choose(r, chart)
	if err != nil {
		return nil, err
	}
	c.fill(f, r)
	if f.Y.Unit == Plain {
		f.Y.Unit = unitOfName(property("ytitle"))
	}
	f.X.Title, f.Y.Title = orElse(property("xtitle"), f.X.Title), orElse(property("ytitle"), f.Y.Title)
	f.X.Log, f.Y.Log = strings.EqualFold(property("xaxis"), "log"), strings.EqualFold(property("yaxis"), "log")
	f.X.Min, f.X.Max = limit(property("xmin")), limit(property("xmax"))
	f.Y.Min, f.Y.Max = limit(property("ymin")), limit(property("ymax"))
	if strings.EqualFold(property("accumulate"), "true") {
		f.accumulate()
	}
	if split := property("ysplit"); split != "" && !strings.EqualFold(split, "none") {
		f.Notes = append(f.Notes, "ysplit="+split+" is not drawn: all series share one axis")
	}
	if !f.hasValue() {
		return nil, fmt.Errorf("draw a %s: the result has no value to draw", chart.Kind)
	}
	return f, nil
}

func (f *Figure) hasValue() bool {
	for _, s := range f.Series {
		for _, y := range s.Y {
			if !math.IsNaN(y) && !math.IsInf(y, 0) {
				return true
			}
		}
	}
	return false
}

func (f *Figure) accumulate() {
	for _, s := range f.Series {
		sum := 0.0
		for i, y := range s.Y {
			if !math.IsNaN(y) {
				sum += y
			}
			s.Y[i] = sum
		}
	}
}

// guess is the chart for a result whose query asked for none.
func guess(r *table.Result) *table.Chart {
	kind := "barchart"
	for _, c := range r.Columns {
		if c.Type == schema.Datetime {
			kind = "timechart"
		}
	}
	if len(r.Rows) == 1 && kind == "barchart" {
		kind = "card"
	}
	return &table.Chart{Kind: kind}
}

func limit(text string) float64 {
	if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(v, 0) {
		return v
	}
	return math.NaN()
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
