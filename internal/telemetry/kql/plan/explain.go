package plan

import (
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// Explain draws a plan as an indented tree, the last step first.
func Explain(root Node) string {
	var b strings.Builder
	names := map[ColumnID]string{}
	nameColumns(root, names)
	explain(&b, root, 0, names)
	return b.String()
}

func nameColumns(n Node, names map[ColumnID]string) {
	for _, in := range n.Inputs() {
		nameColumns(in, names)
	}
	for _, c := range n.Out() {
		if _, ok := names[c.ID]; !ok || c.Name != "" {
			names[c.ID] = c.Name
		}
	}
}

func explain(b *strings.Builder, n Node, depth int, names map[ColumnID]string) {
	fmt.Fprintf(b, "%s%s\n", strings.Repeat("  ", depth), describe(n, names))
	for _, in := range n.Inputs() {
		explain(b, in, depth+1, names)
	}
	Scalars(n, func(s *Scalar) {
		s.Subqueries(func(q *Subquery) {
			fmt.Fprintf(b, "%ssubquery\n", strings.Repeat("  ", depth+1))
			explain(b, q.Node, depth+2, names)
		})
	})
}

func describe(n Node, names map[ColumnID]string) string {
	switch n := n.(type) {
	case *Scan:
		s := "scan " + n.Table.Name + " [" + list(n.Columns) + "]"
		if n.From > 0 {
			s += " from " + value.Datetime(n.From).Text()
		}
		if n.To < value.MaxDatetime {
			s += " to " + value.Datetime(n.To).Text()
		}
		return s
	case *Values:
		return fmt.Sprintf("values [%s], %d rows", list(n.Columns), len(n.Rows))
	case *Sequence:
		return "range " + n.Column.Name
	case *Filter:
		return "filter " + text(n.If, names)
	case *Project:
		return "project " + computedText(n.Columns, names)
	case *Summarize:
		return "summarize " + aggsText(n.Aggs) + " by " + computedText(n.Keys, names)
	case *Sort:
		s := "sort"
		if n.Limit != nil {
			s = "top " + text(n.Limit, names)
		}
		for _, k := range n.Keys {
			s += " " + text(k.X, names) + map[bool]string{true: " asc", false: " desc"}[k.Ascending]
		}
		return s
	case *Take:
		return "take " + text(n.Count, names)
	case *Join:
		kinds := [...]string{"innerunique", "inner", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti", "rightsemi", "rightanti"}
		s := "join " + kinds[n.Kind]
		for i := range n.LeftKeys {
			s += " " + text(n.LeftKeys[i], names) + " == " + text(n.RightKeys[i], names)
		}
		return s
	case *Union:
		return fmt.Sprintf("union of %d", len(n.In))
	case *Window:
		return fmt.Sprintf("window, %d calls", len(n.Calls))
	case *Expand:
		return "mv-expand"
	case *Apply:
		return "mv-apply"
	case *Partition:
		return "partition by " + text(n.By, names)
	case *Series:
		return "make-series " + aggsText(n.Aggs) + " on " + text(n.Axis, names)
	case *Parse:
		return n.Text + " " + text(n.X, names)
	case *Shared:
		return "shared"
	case *Given:
		return "rows of the step around"
	}
	return "?"
}

func list(columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func computedText(all []Computed, names map[ColumnID]string) string {
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = c.Name
		if c.X.Column == 0 || names[c.X.Column] != c.Name {
			parts[i] += " = " + text(c.X, names)
		}
	}
	return strings.Join(parts, ", ")
}

func aggsText(aggs []Aggregation) string {
	parts := make([]string, len(aggs))
	for i, a := range aggs {
		parts[i] = a.Text
	}
	return strings.Join(parts, ", ")
}

func text(s *Scalar, names map[ColumnID]string) string {
	switch {
	case s == nil:
		return ""
	case s.Const != nil:
		if s.Const.Kind() == value.KindString {
			return string(value.AppendQuoted(nil, s.Const.Str()))
		}
		if s.Const.IsNull() {
			return "null"
		}
		return s.Const.Text()
	case s.Column != 0:
		return names[s.Column]
	case s.Sub != nil:
		return "(subquery)"
	}
	args := make([]string, len(s.Args))
	for i, a := range s.Args {
		args[i] = text(a, names)
	}
	if len(args) == 2 && len(s.Text) > 0 && (s.Text[0] < 'a' || s.Text == "and" || s.Text == "or") && s.Text != "[]" {
		return "(" + args[0] + " " + s.Text + " " + args[1] + ")"
	}
	return s.Text + "(" + strings.Join(args, ", ") + ")"
}
