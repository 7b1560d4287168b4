// Package render writes the answers of queries in the format that was asked for.
//
// It is the front door to tabular (text for programs and for reading), sketch
// (charts in a terminal) and picture (charts in a page and as PNG). Begin with
// [Write].
package render

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
	"github.com/stanch-dev/stanch/internal/telemetry/render/picture"
	"github.com/stanch-dev/stanch/internal/telemetry/render/sketch"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// Format is how an answer is written.
type Format string

// The formats.
const (
	Table    Format = "table"
	JSON     Format = "json"
	NDJSON   Format = "ndjson"
	CSV      Format = "csv"
	Markdown Format = "markdown"
	Chart    Format = "chart"
	HTML     Format = "html"
	PNG      Format = "png"
)

// Formats are all formats, in the order in which help lists them.
func Formats() []Format {
	return []Format{Table, JSON, NDJSON, CSV, Markdown, Chart, HTML, PNG}
}

// Parse is the format of a name.
func Parse(name string) (Format, error) {
	if f := Format(strings.ToLower(name)); slices.Contains(Formats(), f) {
		return f, nil
	}
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("no format is called %q; there are %s", name, strings.Join(names, ", "))
}

// OfFile is the format that a file's name asks for; false if it asks for none.
func OfFile(name string) (Format, bool) {
	for suffix, f := range map[string]Format{
		".json": JSON, ".ndjson": NDJSON, ".jsonl": NDJSON, ".csv": CSV, ".md": Markdown, ".html": HTML, ".htm": HTML, ".png": PNG, ".txt": Table,
	} {
		if strings.HasSuffix(strings.ToLower(name), suffix) {
			return f, true
		}
	}
	return "", false
}

// ErrNoPicture is the error of a format that holds one chart, for an answer that
// has none or several.
var ErrNoPicture = errors.New("a PNG holds one chart")

// Answer is what queries gave.
type Answer struct {
	Query    string // the text, as it was written
	Source   string // where the rows came from, in a line
	Results  []*table.Result
	Warnings []table.Warning // besides those of the results
}

// Write writes an answer. A result that can't be drawn although its format is a
// chart is an error, and nothing of it is written.
func Write(w io.Writer, format Format, terminal tabular.Terminal, a Answer) error {
	switch format {
	case JSON:
		return tabular.JSON(w, a.Results, a.Warnings)
	case NDJSON:
		return tabular.NDJSON(w, a.Results)
	case CSV:
		return tabular.CSV(w, a.Results)
	case Markdown:
		return tabular.Markdown(w, a.Results)
	case HTML:
		return picture.Page(w, picture.Document{Query: a.Query, Source: a.Source, Results: a.Results, Warnings: a.Warnings})
	case PNG:
		return png(w, a)
	case Chart:
		return charts(w, terminal, a.Results)
	}
	return tabular.Table(w, terminal, a.Results)
}

// png draws the one result with a chart, or the only result as a chart that suits it.
func png(w io.Writer, a Answer) error {
	drawn := slices.DeleteFunc(slices.Clone(a.Results), func(r *table.Result) bool { return !figure.IsDrawn(r.Chart) })
	if len(drawn) == 0 {
		drawn = a.Results
	}
	if len(drawn) != 1 {
		return fmt.Errorf("%w, and there are %d\nhint: write html, or one query at a time", ErrNoPicture, len(drawn))
	}
	f, err := figure.Of(drawn[0])
	if err != nil {
		return err
	}
	return picture.PNG(w, f)
}

func charts(w io.Writer, terminal tabular.Terminal, results []*table.Result) error {
	figures := make([]*figure.Figure, len(results))
	for i, r := range results {
		f, err := figure.Of(r)
		if err != nil {
			return err
		}
		figures[i] = f
	}
	for i, f := range figures {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := sketch.Draw(w, terminal, f); err != nil {
			return err
		}
	}
	return nil
}

// Terminal writes each result as a person at a terminal wants it: the chart that
// its render asks for, else the table. What can't be drawn is a table, and the
// reason is among the warnings that are given back.
func Terminal(w io.Writer, terminal tabular.Terminal, results []*table.Result) ([]table.Warning, error) {
	var warnings []table.Warning
	for i, r := range results {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return warnings, err
			}
		}
		one := []*table.Result{r}
		if figure.IsDrawn(r.Chart) {
			f, err := figure.Of(r)
			if err == nil {
				if err := sketch.Draw(w, terminal, f); err != nil {
					return warnings, err
				}
				continue
			}
			warnings = append(warnings, table.Warning{Message: err.Error()})
		}
		if err := tabular.Table(w, terminal, one); err != nil {
			return warnings, err
		}
	}
	return warnings, nil
}
