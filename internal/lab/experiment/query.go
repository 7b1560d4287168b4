package experiment

import (
	"errors"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/bind"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
	"github.com/stanch-dev/stanch/internal/tree"
)

// oneNumber is KQL that gives one number.
func oneNumber() kind[string] {
	return query("KQL that gives one number", "end it with | summarize NAME=… and nothing else", func(out []plan.Column) bool {
		return len(out) == 1 && (out[0].Type.IsNumber() || out[0].Type == schema.Dynamic)
	})
}

// points is KQL that gives a time and a number in each row, or a time alone.
func points() kind[string] {
	return query("KQL that gives a time, and a number where there is a bound", "end it with | project timestamp, NUMBER", func(out []plan.Column) bool {
		return len(out) > 0 && len(out) < 3 && out[0].Type == schema.Datetime && (len(out) == 1 || out[1].Type.IsNumber())
	})
}

func query(words, hint string, fits func([]plan.Column) bool) kind[string] {
	return kind[string]{words, func() *Schema { return &Schema{Type: types{"string"}} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := text().read(r, what, n)
		if !ok {
			return "", false
		}
		bound, err := compile(s)
		var wrong *syntax.Error
		switch {
		case errors.As(err, &wrong):
			line, column := syntax.Place(s, wrong.Span.From)
			r.fail(n, wrong.Hint, "%s, line %d, column %d of the query: %s", what, line, column, wrong.Message)
		case err != nil:
			r.fail(n, "", "%s: %v", what, err)
		case len(bound) != 1:
			r.fail(n, "", "%s has %d queries, and has to be one", what, len(bound))
		case !fits(bound[0].Node.Out()):
			r.fail(n, hint, "%s gives other columns than %s", what, words)
		default:
			return s, true
		}
		return "", false
	}}
}

func compile(s string) ([]*bind.Bound, error) {
	script, err := syntax.Parse(s)
	if err != nil {
		return nil, err
	}
	return bind.Script(script, s, bind.Options{Tables: schema.Tables()})
}
