package syntax

import (
	"strings"
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
