package syntax

import (
	"math"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Format writes a script as text, one operator a line. What it writes parses to
// the same tree, places aside.
func Format(s *Script) string {
	w := &printer{}
	for i, st := range s.Statements {
		if i > 0 {
			w.put(";\n")
		}
		w.statement(st)
	}
	return w.String()
}

// FormatExpr writes an expression as text.
func FormatExpr(x Expr) string {
	w := &printer{}
	w.expr(x, 0)
	return w.String()
}

type printer struct{ strings.Builder }

func (w *printer) put(parts ...string) {
	for _, s := range parts {
		w.WriteString(s)
	}
}

func (w *printer) statement(s Statement) {
	switch s := s.(type) {
	case *Let:
		w.put("let ")
		w.name(s.Name)
		w.put(" = ")
		w.expr(s.X, 0)
	case *Set:
		w.put("set ", s.Name)
		if s.Value != nil {
			w.put(" = ")
			w.expr(s.Value, 0)
		}
	case *Query:
		w.expr(s.X, 0)
	}
}

// levels of binding, as the parser's.
const (
	levelOr = 1 + iota
	levelAnd
	levelEquality
	levelRelation
	levelSum
	levelProduct
	levelTextual
	levelSign
	levelPostfix
)

func levelOf(op string) int {
	switch op {
	case "or":
		return levelOr
	case "and":
		return levelAnd
	case "==", "!=", "=~", "!~", ":":
		return levelEquality
	case "<", ">", "<=", ">=":
		return levelRelation
	case "+", "-":
		return levelSum
	case "*", "/", "%":
		return levelProduct
	}
	return levelTextual
}

// expr writes x, in parentheses if it binds looser than level.
func (w *printer) expr(x Expr, level int) {
	own := w.level(x)
	if own < level {
		w.put("(")
		defer w.put(")")
	}
	switch x := x.(type) {
	case *Literal:
		w.literal(x.Type, x.Value)
	case *Name:
		w.name(*x)
	case *Star:
		w.put("*")
	case *TypeOf:
		w.put("typeof(", x.Type.String(), ")")
	case *Member:
		w.expr(x.X, levelPostfix)
		w.put(".")
		w.name(x.Name)
	case *Index:
		w.expr(x.X, levelPostfix)
		w.put("[")
		w.expr(x.At, 0)
		w.put("]")
	case *Call:
		w.call(x)
	case *Unary:
		w.put(x.Op)
		w.expr(x.X, levelPostfix)
	case *Binary:
		left, right := own, own+1
		if own == levelEquality || own == levelRelation {
			left = own + 1 // these do not chain
		}
		w.expr(x.L, left)
		w.put(" ", x.Op, " ")
		w.expr(x.R, right)
	case *Between:
		w.expr(x.X, levelRelation)
		w.put(" ", map[bool]string{false: "between", true: "!between"}[x.Not], " (")
		w.expr(x.Low, levelSum)
		w.put(" .. ")
		w.expr(x.High, levelSum)
		w.put(")")
	case *In:
		w.expr(x.X, levelRelation)
		w.put(" ", x.Op, " (")
		w.list(x.List)
		w.put(")")
	case *Named:
		w.named(x)
	case *Pipe:
		w.expr(x.Source, levelOr)
		w.steps(x.Ops, "\n| ")
	case *Datatable:
		w.put("datatable(")
		w.columns(x.Columns)
		w.put(")[")
		w.list(x.Values)
		w.put("]")
	case *Lambda:
		w.lambda(x)
	case Operator:
		w.operator(x)
	}
}

func (w *printer) level(x Expr) int {
	switch x := x.(type) {
	case *Binary:
		return levelOf(x.Op)
	case *Between, *In:
		return levelEquality
	case *Unary:
		return levelSign
	case *Pipe, *Print, *Range, *Union, *Search:
		return 0
	}
	return levelPostfix
}

func (w *printer) list(all []Expr) {
	for i, x := range all {
		if i > 0 {
			w.put(", ")
		}
		w.expr(x, 0)
	}
}

func (w *printer) call(c *Call) {
	w.name(c.Name)
	w.put("(")
	w.list(c.Args)
	w.put(")")
}

func (w *printer) names(all []*Named) {
	for i, n := range all {
		if i > 0 {
			w.put(", ")
		}
		w.named(n)
	}
}

func (w *printer) named(n *Named) {
	switch len(n.Names) {
	case 0:
	case 1:
		w.name(n.Names[0])
		w.put(" = ")
	default:
		w.put("(")
		for i, name := range n.Names {
			if i > 0 {
				w.put(", ")
			}
			w.name(name)
		}
		w.put(") = ")
	}
	w.expr(n.X, levelOr)
}

func (w *printer) columns(all []Column) {
	for i, c := range all {
		if i > 0 {
			w.put(", ")
		}
		w.name(c.Name)
		w.put(":", c.Type.String())
	}
}

func (w *printer) lambda(l *Lambda) {
	if l.View {
		w.put("view ")
	}
	w.put("(")
	for i, m := range l.Params {
		if i > 0 {
			w.put(", ")
		}
		w.name(m.Name)
		switch {
		case m.Any:
			w.put(":(*)")
		case m.Table:
			w.put(":(")
			w.columns(m.Columns)
			w.put(")")
		default:
			w.put(":", m.Type.String())
		}
		if m.Default != nil {
			w.put(" = ")
			w.expr(m.Default, levelOr)
		}
	}
	w.put(") { ")
	for _, s := range l.Lets {
		w.statement(s)
		w.put("; ")
	}
	w.expr(l.X, 0)
	w.put(" }")
}

// name writes a name, in brackets if it could not stand bare.
func (w *printer) name(n Name) {
	if isPlain(n.Text) {
		w.put(n.Text)
		return
	}
	if strings.Contains(n.Text, "*") && isPlain(strings.ReplaceAll(n.Text, "*", "a")) {
		w.put(n.Text)
		return
	}
	w.put("[")
	w.quoted(n.Text)
	w.put("]")
}

// reserved are words that would be read as something else where a name stands.
var reserved = []string{
	"and", "or", "in", "between", "has_any", "has_all", "matches", "true", "false", "null", "by", "on", "asc", "desc", "nulls",
	"with", "to", "from", "step", "of", "let", "set", "alias", "declare", "restrict", "default", "limit", "print", "range",
	"union", "search", "find", "datatable", "externaldata", "evaluate", "typeof", "kind", "hint", "h", "H", "view",
	"withsource", "with_source", "isfuzzy", "with_itemindex", "bagexpansion", "flags", "others",
}

func isPlain(s string) bool {
	if s == "" || !isLetter(s[0]) || textual[s] || slices.Contains(reserved, s) {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) {
			return false
		}
	}
	return schema.ParseType(s) == schema.Unknown
}

func (w *printer) quoted(s string) {
	w.put(`"`)
	for _, r := range []byte(s) {
		switch r {
		case '"', '\\':
			w.WriteByte('\\')
			w.WriteByte(r)
		case '\n':
			w.put(`\n`)
		case '\r':
			w.put(`\r`)
		case '\t':
			w.put(`\t`)
		case 0:
			w.put(`\0`)
		default:
			w.WriteByte(r)
		}
	}
	w.put(`"`)
}

// literal writes a constant so that it reads back with its type.
func (w *printer) literal(t schema.Type, v value.Value) {
	switch {
	case t == schema.Unknown:
		w.put("null")
	case t == schema.Dynamic:
		w.put("dynamic(")
		w.dynamic(v)
		w.put(")")
	case v.IsNull():
		w.put(t.String(), "(null)")
	case t == schema.String:
		w.quoted(v.Str())
	case t == schema.Bool:
		w.put(v.Text())
	case t == schema.Long && v.Long() >= 0:
		w.put(v.Text())
	case t == schema.Real:
		if f := v.Real(); math.IsNaN(f) || math.IsInf(f, 0) || math.Signbit(f) {
			w.put("real(", v.Text(), ")")
		} else {
			w.put(v.Text())
		}
	default:
		w.put(t.String(), "(", v.Text(), ")")
	}
}

func (w *printer) dynamic(v value.Value) {
	switch v.Kind() {
	case value.KindNull:
		w.put("null")
	case value.KindArray:
		w.put("[")
		for i, e := range v.Elems() {
			if i > 0 {
				w.put(",")
			}
			w.dynamic(e)
		}
		w.put("]")
	case value.KindBag:
		w.put("{")
		i := 0
		for k, e := range v.Bag().All() {
			if i++; i > 1 {
				w.put(",")
			}
			w.quoted(k)
			w.put(":")
			w.dynamic(e)
		}
		w.put("}")
	case value.KindLong:
		w.put(v.Text())
	case value.KindReal:
		if f := v.Real(); math.IsNaN(f) || math.IsInf(f, 0) {
			w.put("real(", v.Text(), ")")
		} else {
			w.put(v.Text())
		}
	default:
		w.literal(schema.Type(v.Kind()), v)
	}
}
