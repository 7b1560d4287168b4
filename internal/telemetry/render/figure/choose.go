package figure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// columns are the parts that a result's columns play. An x of −1 is none: the
// rows are numbered.
type columns struct {
	x      int
	values []int
	series []int
	// arrays says that x and the values are arrays along x, as make-series gives.
	arrays bool
}

// choose gives every column its part.
func choose(r *table.Result, chart *table.Chart) (columns, error) {
	c := columns{x: -1}
	named := func(property string) ([]int, error) {
		var found []int
		for name := range strings.SplitSeq(chart.Properties[property], ",") {
			if name = strings.Trim(strings.TrimSpace(name), `"'[]`); name == "" {
				continue
			}
			i := slices.IndexFunc(r.Columns, func(c schema.Column) bool { return c.Name == name })
			if i < 0 {
				return nil, fmt.Errorf("draw a %s: %s names %q, but the result has %s", chart.Kind, property, name, list(r.Columns))
			}
			found = append(found, i)
		}
		return found, nil
	}
	xs, err := named("xcolumn")
	if err != nil {
		return c, err
	}
	ys, err := named("ycolumns")
	if err != nil {
		return c, err
	}
	series, err := named("series")
	if err != nil {
		return c, err
	}
	role := roles(r)
	c.arrays = slices.Contains(role, arrayOfNumbers)
	switch {
	case len(xs) > 0:
		c.x = xs[0]
	case chart.Kind != "card":
		c.x = chooseX(chart.Kind, role, ys)
	}
	if chart.Kind == "timechart" && (c.x < 0 || role[c.x] != moment && role[c.x] != arrayOfMoments) {
		return c, fmt.Errorf("draw a timechart: it needs a column of moments, but the result has %s\nhint: summarize … by bin(timestamp, 5m), or render columnchart", list(r.Columns))
	}
	for i := range r.Columns {
		switch {
		case i == c.x:
		case slices.Contains(series, i), len(series) == 0 && role[i] == text && !slices.Contains(ys, i):
			c.series = append(c.series, i)
		case len(ys) > 0 && !slices.Contains(ys, i):
		case c.arrays && role[i] == arrayOfNumbers, !c.arrays && role[i] == number:
			c.values = append(c.values, i)
		}
	}
	if len(c.values) == 0 {
		return c, fmt.Errorf("draw a %s: it needs a column of numbers beside x, but the result has %s", chart.Kind, list(r.Columns))
	}
	return c, nil
}

// chooseX is the column along x: the first moment; for points the first number;
// otherwise the first column that is not asked for as a value.
func chooseX(kind string, role []part, ys []int) int {
	first := func(wanted ...part) int {
		return slices.IndexFunc(role, func(p part) bool { return slices.Contains(wanted, p) })
	}
	if kind != "piechart" {
		if i := first(moment, arrayOfMoments); i >= 0 {
			return i
		}
	}
	if kind == "scatterchart" {
		if i := first(number); i >= 0 && !slices.Contains(ys, i) {
			return i
		}
	}
	if slices.Contains(role, arrayOfNumbers) {
		return -1
	}
	if kind == "piechart" || kind == "barchart" {
		// A count before its name is a value all the same.
		if i := first(text); i > 0 && role[0] == number && !slices.Contains(role[1:], number) {
			return i
		}
	}
	if len(role) > 1 && !slices.Contains(ys, 0) {
		return 0
	}
	return -1
}

// part is what a column can be used for.
type part uint8

const (
	nothing part = iota
	number
	moment
	text
	arrayOfNumbers
	arrayOfMoments
)

func roles(r *table.Result) []part {
	role := make([]part, len(r.Columns))
	for i, c := range r.Columns {
		switch c.Type {
		case schema.Int, schema.Long, schema.Real, schema.Decimal, schema.Timespan:
			role[i] = number
		case schema.Datetime:
			role[i] = moment
		case schema.String, schema.Guid, schema.Bool:
			role[i] = text
		case schema.Dynamic:
			role[i] = dynamicRole(r, i)
		}
	}
	return role
}

func dynamicRole(r *table.Result, column int) part {
	for _, row := range r.Rows {
		if column >= len(row) {
			continue
		}
		v := row[column]
		if v.Kind() == value.KindArray {
			for _, e := range v.Elems() {
				if _, ok := momentOf(e); ok {
					return arrayOfMoments
				}
				if _, ok := numberOf(e); ok {
					return arrayOfNumbers
				}
			}
			continue
		}
		if _, ok := numberOf(v); ok {
			return number
		}
		if !v.IsNull() {
			return text
		}
	}
	return nothing
}

// momentOf is a moment in seconds since 1970. A text counts, since an array keeps
// moments as text.
func momentOf(v value.Value) (float64, bool) {
	ticks := v.Long()
	switch v.Kind() {
	case value.KindDatetime:
	case value.KindString:
		s := v.Str()
		parsed, ok := value.ParseDatetime(s)
		if !ok || len(s) < len("2026-04-05") {
			return 0, false
		}
		ticks = parsed
	default:
		return 0, false
	}
	return float64(ticks-value.Epoch) / float64(value.Second), true
}

// numberOf is a number; a span is in seconds.
func numberOf(v value.Value) (float64, bool) {
	switch v.Kind() {
	case value.KindTimespan:
		return float64(v.Long()) / float64(value.Second), true
	case value.KindInt, value.KindLong, value.KindReal, value.KindDecimal:
		return v.Float()
	}
	return 0, false
}

func list(columns []schema.Column) string {
	if len(columns) == 0 {
		return "no columns"
	}
	var all []string
	for _, c := range columns {
		all = append(all, fmt.Sprintf("%s (%v)", c.Name, c.Type))
	}
	return strings.Join(all, ", ")
}
