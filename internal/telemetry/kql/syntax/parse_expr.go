package syntax

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// The levels of an expression, from the loosest: or; and; equality (==, in,
// between); relation (<); sum; product; string operators (has, contains); sign;
// postfix (.name, [index]). Equality and relation do not chain.

func (p *parser) expr() Expr {
	p.deeper()
	defer p.shallower()
	return p.or()
}

func (p *parser) or() Expr {
	x := p.and()
	for p.sees("or") {
		op := p.next()
		x = p.binary(op, "or", x, p.and())
	}
	return x
}

func (p *parser) and() Expr {
	x := p.equality()
	for p.sees("and") {
		op := p.next()
		x = p.binary(op, "and", x, p.equality())
	}
	return x
}

func (p *parser) binary(op token, name string, l, r Expr) Expr {
	return &Binary{Span: Span{l.Range().From, r.Range().To}, Op: name, L: l, R: r, At: op.span}
}

func (p *parser) equality() Expr {
	x := p.relation()
	t := p.peek()
	if t.kind != mark && t.kind != word {
		return x
	}
	switch t.text {
	case "==", "!=", "=~", "!~", "<>":
		p.next()
		name := t.text
		if name == "<>" {
			name = "!="
		}
		return p.binary(t, name, x, p.relation())
	case ":":
		p.next()
		return p.binary(t, ":", x, p.relation())
	case "in", "!in", "in~", "!in~", "has_any", "has_all":
		p.next()
		return p.in(t, x)
	case "between", "!between":
		p.next()
		b := &Between{Not: t.text[0] == '!', X: x}
		p.need("(")
		b.Low = p.sum()
		p.need("..")
		b.High = p.sum()
		p.need(")")
		b.Span = p.since(x.Range().From)
		return b
	}
	return x
}

func (p *parser) in(op token, x Expr) Expr {
	in := &In{Op: op.text, X: x}
	p.need("(")
	for !p.sees(")") {
		in.List = append(in.List, p.pipe())
		if !p.take(",") {
			break
		}
	}
	p.need(")")
	in.Span = p.since(x.Range().From)
	return in
}

func (p *parser) relation() Expr {
	x := p.sum()
	if t := p.peek(); t.kind == mark && (t.text == "<" || t.text == ">" || t.text == "<=" || t.text == ">=") {
		p.next()
		return p.binary(t, t.text, x, p.sum())
	}
	return x
}

func (p *parser) sum() Expr {
	x := p.product()
	for p.sees("+") || p.sees("-") {
		op := p.next()
		x = p.binary(op, op.text, x, p.product())
	}
	return x
}

func (p *parser) product() Expr {
	x := p.textual()
	for p.sees("*") || p.sees("/") || p.sees("%") {
		// A * that ends a list (parse … with "a" *) is none of ours.
		if n := p.peekAt(1); p.sees("*") && (n.kind == end || n.kind == mark && strings.Contains("|),;", n.text)) {
			break
		}
		op := p.next()
		x = p.binary(op, op.text, x, p.textual())
	}
	return x
}

var textual = map[string]bool{
	"has": true, "has_cs": true, "hasprefix": true, "hasprefix_cs": true, "hassuffix": true, "hassuffix_cs": true,
	"contains": true, "contains_cs": true, "startswith": true, "startswith_cs": true, "endswith": true, "endswith_cs": true,
}

func (p *parser) textual() Expr {
	x := p.sign()
	for {
		t := p.peek()
		if t.kind != word && t.kind != mark {
			return x
		}
		name := t.text
		switch {
		case textual[strings.TrimPrefix(name, "!")]:
			p.next()
		case name == "matches" && p.peekAt(1).text == "regex":
			p.next()
			p.next()
			name = "matches regex"
		default:
			if t.kind == mark && len(name) > 1 && name[0] == '!' && name[1] != '=' && name[1] != '~' && name != "!in" && name != "!in~" && name != "!between" {
				p.fail(t.span, "", "there is no operator %s", name)
			}
			return x
		}
		x = p.binary(t, name, x, p.sign())
	}
}

func (p *parser) sign() Expr {
	if t := p.peek(); t.kind == mark && (t.text == "-" || t.text == "+") {
		p.next()
		x := p.postfix()
		return &Unary{p.since(t.span.From), t.text, x}
	}
	return p.postfix()
}

func (p *parser) postfix() Expr {
	x := p.primary()
	for steps := 0; ; steps++ {
		t := p.peek()
		if t.kind != mark {
			return x
		}
		switch {
		case t.text == ".":
			p.next()
			name := p.name("a property's name")
			x = &Member{p.since(x.Range().From), x, name}
			if p.sees("(") {
				p.fail(name.Span, "", "there are no clusters and databases here, and nothing to call behind a point")
			}
		case t.text == "[" && !t.newline:
			p.next()
			at := p.expr()
			p.need("]")
			x = &Index{p.since(x.Range().From), x, at}
		default:
			return x
		}
		if steps > MaxDepth {
			p.fail(t.span, "", "a path of more than %d steps", MaxDepth)
		}
	}
}

func (p *parser) primary() Expr {
	t := p.peek()
	switch t.kind {
	case number:
		p.next()
		return p.numberLiteral(t)
	case text:
		return p.strings()
	case mark:
		switch t.text {
		case "(":
			p.next()
			x := p.pipe()
			p.need(")")
			return x
		case "[":
			n := p.name("an expression")
			if p.sees("(") {
				return p.call(n)
			}
			return &n
		case "*":
			p.next()
			return &Star{t.span}
		}
	case word:
		return p.wordly(t)
	}
	p.unexpected("an expression")
	return nil
}

// strings reads a literal, and those that follow it, as one.
func (p *parser) strings() Expr {
	first := p.next()
	l := stringLiteral(first)
	if p.peek().kind != text {
		return l
	}
	all := strings.Builder{}
	all.WriteString(first.value)
	for p.peek().kind == text && !p.peek().blank {
		all.WriteString(p.next().value)
	}
	joined := first
	joined.value, joined.span = all.String(), p.since(first.span.From)
	return stringLiteral(joined)
}

// wordly reads what begins with a word: a constant, a typed literal, a call, or a name.
func (p *parser) wordly(t token) Expr {
	called := p.peekAt(1).kind == mark && p.peekAt(1).text == "("
	switch t.text {
	case "true", "false":
		if !called {
			p.next()
			return boolLiteral(t)
		}
	case "null":
		if !called {
			p.next()
			return &Literal{Span: t.span}
		}
	case "typeof":
		if called {
			p.next()
			p.next()
			kind := p.typeName()
			p.need(")")
			return &TypeOf{p.since(t.span.From), kind}
		}
	case "datatable":
		if called {
			return p.datatable()
		}
	case "print", "union", "search":
		// Inside parentheses they begin a pipeline, which pipe has seen to; here
		// they can only be names.
	}
	if called {
		if kind := schema.ParseType(t.text); kind != schema.Unknown && kind != schema.String {
			p.next()
			return p.typedLiteral(t, kind)
		}
	}
	p.next()
	n := Name{t.span, t.text}
	if called {
		return p.call(n)
	}
	// T* among names is a pattern.
	return &n
}

func (p *parser) call(name Name) Expr {
	p.deeper()
	defer p.shallower()
	p.need("(")
	c := &Call{Name: name}
	for !p.sees(")") {
		c.Args = append(c.Args, p.argument())
		if !p.take(",") {
			break
		}
		if p.sees(")") {
			p.unexpected("an argument")
		}
	}
	p.need(")")
	c.Span = p.since(name.From)
	return c
}
