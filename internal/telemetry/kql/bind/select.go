package bind

import (
	"path"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
)

// match finds the columns that a pattern names.
func match(pattern string, columns []plan.Column) (at []int) {
	for i, c := range columns {
		if pattern == c.Name {
			return []int{i}
		}
	}
	if !strings.Contains(pattern, "*") {
		return nil
	}
	for i, c := range columns {
		if ok, _ := path.Match(pattern, c.Name); ok {
			at = append(at, i)
		}
	}
	return at
}

func (b *binder) selection(r rows, op *syntax.Select) rows {
	columns := r.node.Out()
	chosen := make([]bool, len(columns))
	var order []int
	for _, p := range op.Patterns {
		at := match(p.Text, columns)
		if len(at) == 0 && !strings.Contains(p.Text, "*") {
			b.unknown(&syntax.Name{Span: p.Span, Text: p.Text}, &context{scope: newScope(nil), columns: columns})
		}
		slices.SortStableFunc(at, func(i, j int) int { return orderOf(p.Order, columns[i].Name, columns[j].Name) })
		for _, i := range at {
			if !chosen[i] {
				chosen[i] = true
				order = append(order, i)
			}
		}
	}
	switch op.Verb {
	case "away", "keep":
		order = order[:0]
		for i := range columns {
			if chosen[i] == (op.Verb == "keep") {
				order = append(order, i)
			}
		}
	default:
		for i := range columns {
			if !chosen[i] {
				order = append(order, i)
			}
		}
	}
	kept := make([]plan.Column, len(order))
	for i, at := range order {
		kept[i] = columns[at]
	}
	r.node = passing(r.node, kept)
	return r
}

func orderOf(order, a, b string) int {
	switch order {
	case "asc":
		return strings.Compare(a, b)
	case "desc":
		return strings.Compare(b, a)
	case "granny-asc":
		return natural(a, b)
	case "granny-desc":
		return natural(b, a)
	}
	return 0
}

// natural compares names with the numbers in them taken as numbers.
func natural(a, b string) int {
	for a != "" && b != "" {
		i, j := digits(a), digits(b)
		if i > 0 && j > 0 {
			x, y := strings.TrimLeft(a[:i], "0"), strings.TrimLeft(b[:j], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[i:], b[j:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
