// Package sketch draws figures in the characters of a terminal.
//
// Lines, areas and points become package chart's braille; columns, bars and pies
// become lying bars, which leave room for their names. Begin with [Draw].
package sketch

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/chart"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

const (
	height   = 16
	mostBars = 40 // more columns than these along a measure are drawn as a line
)

// Draw draws a figure into w, as wide as the terminal, or 100 columns where that
// is not known.
func Draw(w io.Writer, terminal tabular.Terminal, f *figure.Figure) error {
	width := terminal.Width
	if width <= 0 {
		width = 100
	}
	options := chart.Options{
		Width: width, Height: height, Title: tabular.Visible(f.Title), Color: terminal.Color,
		Unit: f.Y.Unit.Print, Tens: f.Y.Unit != figure.Bytes, Points: f.Kind == figure.Points,
	}
	if options.Title == "" && len(f.Series) == 1 {
		options.Title = tabular.Visible(f.Y.Title)
	}
	var err error
	switch {
	case f.Kind == figure.Cards:
		err = cards(w, options, f)
	case f.Kind == figure.Pie || f.X.Scale == figure.Names || (f.Kind == figure.Bars || f.Kind == figure.Columns) && len(f.AllX()) <= mostBars:
		err = bars(w, options, f)
	default:
		err = lines(w, options, f)
	}
	for _, note := range f.Notes {
		if err == nil {
			_, err = fmt.Fprintln(w, tabular.Visible(note))
		}
	}
	return err
}

func lines(w io.Writer, options chart.Options, f *figure.Figure) error {
	origin := 0.0
	options.XUnit = f.X.Unit.Print
	if f.X.Scale == figure.Moments {
		// Counted from a midnight, so that round counts are round times.
		if xs := f.AllX(); len(xs) > 0 {
			origin = math.Floor(xs[0]/86400) * 86400
		}
		options.XUnit = func(x float64) string { return clock(origin + x) }
	}
	var series []chart.Series
	for _, l := range f.Layers() {
		s := chart.Series{Name: tabular.Visible(l.Name), X: make([]float64, len(l.X)), Y: l.Top}
		for i, x := range l.X {
			s.X[i] = x - origin
		}
		series = append(series, s)
	}
	if !f.Legend && len(series) == 1 {
		series[0].Name = ""
	}
	if err := chart.Line(w, options, series...); err != nil || f.X.Scale != figure.Moments {
		return err
	}
	xs := f.AllX()
	from, to := time.Unix(int64(xs[0]), 0).UTC(), time.Unix(int64(xs[len(xs)-1]), 0).UTC()
	until := to.Format("15:04")
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		until = to.Format("2006-01-02 15:04")
	}
	_, err := fmt.Fprintf(w, "%s to %s UTC\n", from.Format("2006-01-02 15:04"), until)
	return err
}

// clock is a moment as short as it is round.
func clock(x float64) string {
	t := time.Unix(0, int64(math.Round(x*1e3))*1e6).UTC()
	switch {
	case t.Truncate(24 * time.Hour).Equal(t):
		return t.Format("Jan 2")
	case t.Truncate(time.Minute).Equal(t):
		return t.Format("15:04")
	}
	return t.Format("15:04:05.999")
}

func bars(w io.Writer, options chart.Options, f *figure.Figure) error {
	place := map[float64]int{}
	var all []chart.Bar
	if f.X.Scale == figure.Names {
		for i, name := range f.Categories {
			place[float64(i)] = i
			all = append(all, chart.Bar{Label: tabular.Visible(name)})
		}
	} else {
		for i, x := range f.AllX() {
			place[x] = i
			all = append(all, chart.Bar{Label: f.PrintX(x)})
		}
	}
	names := make([]string, len(f.Series))
	total := 0.0
	for i := range all {
		all[i].Values = make([]float64, len(f.Series))
		for n := range all[i].Values {
			all[i].Values[n] = math.NaN()
		}
	}
	for n, l := range f.Layers() {
		names[n] = tabular.Visible(l.Name)
		for i, x := range l.X {
			v := l.Top[i] - l.Base[i]
			all[place[x]].Values[n] = v
			total += v
		}
	}
	if f.Kind == figure.Pie {
		names = nil
		options.Unit = func(v float64) string {
			return fmt.Sprintf("%s, %.1f %%", f.Y.Unit.Print(v), 100*v/total)
		}
	}
	if f.Stack == figure.Full {
		options.Unit = figure.Percent.Print
	}
	if len(names) == 1 && !f.Legend {
		names = nil
	}
	return chart.Bars(w, options, names, f.Stack != figure.Apart, all...)
}

func cards(w io.Writer, options chart.Options, f *figure.Figure) error {
	var b strings.Builder
	bold, reset := "", ""
	if options.Color {
		bold, reset = "\x1b[1m", "\x1b[0m"
	}
	if f.Title != "" {
		fmt.Fprintf(&b, "%s%s%s\n", bold, tabular.Visible(f.Title), reset)
	}
	widest := 0
	for _, s := range f.Series {
		widest = max(widest, tabular.Width(tabular.Visible(s.Name)))
	}
	for _, s := range f.Series {
		value := "no value"
		if len(s.Y) > 0 && !math.IsNaN(s.Y[0]) {
			value = figure.UnitOf(s.Name, f.Y.Unit).Print(s.Y[0])
		}
		name := tabular.Visible(s.Name)
		fmt.Fprintf(&b, "%s%s  %s%s%s\n", name, strings.Repeat(" ", widest-tabular.Width(name)), bold, value, reset)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
