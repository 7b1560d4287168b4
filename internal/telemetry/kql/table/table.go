// Package table is what goes into a query and what comes out of it: rows of
// typed columns. A Source gives the rows of its tables in splits, each of which
// one goroutine reads; a Result holds the rows that were asked for.
package table

import (
	"context"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Source is a set of tables to ask. It is safe for concurrent use.
type Source interface {
	// Tables are the tables that there are.
	Tables() []schema.Table
	// Scan is the rows of a table, in splits that may be read side by side. The
	// order of the splits is the order of the rows.
	Scan(ctx context.Context, name string, want Request) ([]Split, error)
}

// Request narrows a scan. It is a promise of the query to ignore the rest, not a
// duty of the source to leave it out.
type Request struct {
	// Columns are the indexes of the table's columns that the query looks at.
	Columns []int
	// From and To, both included, bound the table's time column, in ticks.
	From, To int64
}

// Split is some of the rows of a table, read by one goroutine.
type Split interface {
	// Rows calls yield for every row and ends with its error. A row has a value
	// for every column of the table, null for those that were not asked for, of
	// the column's type. It and its strings are yield's only for the call.
	Rows(ctx context.Context, yield func(row []value.Value) error) error
}

// Result is what a query gave.
type Result struct {
	Columns []schema.Column
	Rows    [][]value.Value
	// Chart is what the query's render asked for; nil if it asked for none.
	Chart *Chart
	// Warnings are what the query's author should know, in the order of the text.
	Warnings []Warning
}

// Warning is something that was accepted, or left out, and should be known.
type Warning struct {
	// Code is Kusto's code of the error that Azure would give, such as KS142; or
	// empty.
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	// Line and Column are where in the query, from 1, the column in characters;
	// 0 if it is about no place.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Instead is the text to write so that Azure takes it; empty if there is none.
	Instead string `json:"instead,omitempty"`
}

// Chart is how a result wants to be drawn: the kind (timechart, barchart,
// columnchart, piechart, linechart, areachart, stackedareachart, scatterchart,
// table, card, …) and the properties of render's with, by their names in lower
// case (title, xcolumn, ycolumns, series, xtitle, ytitle, legend, kind, ymin, ymax, …).
type Chart struct {
	Kind       string
	Properties map[string]string
}
