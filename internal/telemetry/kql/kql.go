// Package kql answers questions that are written in KQL, the Kusto Query
// Language: it is the front door to a parser (syntax), a binder (bind), plans
// (plan) and an engine (engine).
//
// The engine is stanch's own because an answer that is silently wrong is worse
// than none: what is not known is refused by its name. Compile a text, then Run
// its queries.
package kql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/bind"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/engine"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// MaxText is how long a text of queries may be, in bytes.
const MaxText = 2 << 20

// Options are what a text is compiled with.
type Options struct {
	// Source holds the tables; nil is none, for queries that need none.
	Source table.Source
	// Now is the moment that now() gives, in ticks: one for the whole text, so that
	// a proof can be run again.
	Now int64
	// Strict refuses what Azure refuses.
	Strict bool
	// MemoryLimit is how many bytes of rows a query may keep; 0 is 1 GiB.
	MemoryLimit int64
	// Workers is how many goroutines read the source; 0 is one a core.
	Workers int
}

// Query is one query of a text, ready to run. It can be run once.
type Query struct {
	// Text is the query as it was written, without what was declared before it.
	Text    string
	bound   *bind.Bound
	options Options
}

// Error is a text that was refused, or a query that could not be answered.
type Error struct {
	// Code is Kusto's code, such as KS142; empty if it has none.
	Code    string
	Message string
	// Hint is what to write instead; empty if that is not known.
	Hint string
	// Line and Column are where, from 1; 0 if it is about no place.
	Line, Column int
	// Excerpt is the line with a caret under the place, and ends in a newline.
	Excerpt string
}

// Error is the message with its place, the line with a caret, and the hint.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	b.WriteString(e.Message)
	if e.Code != "" && e.Code != "KS000" {
		fmt.Fprintf(&b, " (%s)", e.Code)
	}
	if e.Excerpt != "" {
		b.WriteString("\n" + strings.TrimRight("  "+strings.ReplaceAll(strings.TrimRight(e.Excerpt, "\n"), "\n", "\n  "), "\n"))
	}
	if e.Hint != "" {
		b.WriteString("\n  hint: " + e.Hint)
	}
	return b.String()
}

// Compile reads a text of one or more queries. The warnings are of what was
// accepted although Azure would not. The error is an *Error.
func Compile(text string, options Options) ([]*Query, []table.Warning, error) {
	if len(text) > MaxText {
		return nil, nil, &Error{Message: fmt.Sprintf("the text is %d bytes long, and may be %d", len(text), MaxText)}
	}
	script, err := syntax.Parse(text)
	if err != nil {
		return nil, nil, refusal(text, err)
	}
	var tables []schema.Table
	if options.Source != nil {
		tables = options.Source.Tables()
	}
	all, err := bind.Script(script, text, bind.Options{Tables: tables, Now: options.Now, Strict: options.Strict})
	if err != nil {
		return nil, nil, refusal(text, err)
	}
	var queries []*Query
	var warnings []table.Warning
	for _, b := range all {
		plan.Prune(b.Node)
		plan.Bound(b.Node)
		queries = append(queries, &Query{Text: text[b.Span.From:b.Span.To], bound: b, options: options})
		warnings = append(warnings, b.Warnings...)
	}
	return queries, warnings, nil
}

func refusal(text string, err error) error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return err
	}
	line, column := syntax.Place(text, e.Span.From)
	return &Error{Code: e.Code, Message: e.Message, Hint: e.Hint, Line: line, Column: column, Excerpt: syntax.Caret(text, e.Span)}
}

// Columns are the columns of the query's result.
func (q *Query) Columns() []schema.Column {
	out := q.bound.Node.Out()
	columns := make([]schema.Column, len(out))
	for i, c := range out {
		columns[i] = schema.Column{Name: c.Name, Type: c.Type}
	}
	return columns
}

// Explain draws the query's plan.
func (q *Query) Explain() string { return plan.Explain(q.bound.Node) }

// Run answers the query. The result's warnings are those of the run alone. The
// error is an *Error, or the source's, or the context's.
func (q *Query) Run(ctx context.Context) (*table.Result, error) {
	r, err := engine.Run(ctx, q.bound.Node, engine.Options{Source: q.options.Source, Memory: q.options.MemoryLimit, Workers: q.options.Workers})
	if err != nil {
		var e *engine.Error
		if errors.As(err, &e) {
			return nil, &Error{Message: e.Message, Hint: e.Hint}
		}
		return nil, err
	}
	r.Chart = q.bound.Chart
	return r, nil
}
