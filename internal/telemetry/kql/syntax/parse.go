package syntax

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// MaxDepth is how deep a query may nest. Kusto's own limit is of this order; what
// is deeper was not written by a person.
const MaxDepth = 200

// Parse reads a script. The error is an *Error.
func Parse(src string) (script *Script, err error) {
	tokens, bad := scan(src)
	if bad != nil {
		return nil, bad
	}
	p := &parser{src: src, tokens: tokens, operators: operators()}
	defer p.rescue(&err)
	return p.script(end), nil
}

type parser struct {
	src    string
	tokens []token
	at     int
	depth  int
	joints []Span

	operators map[string]func(*parser, int) Operator
}

// rescue turns the panic of fail into an error.
func (p *parser) rescue(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}

func (p *parser) fail(at Span, hint, format string, args ...any) {
	panic(&Error{Span: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// unexpected fails at the next token.
func (p *parser) unexpected(wanted string) {
	t := p.peek()
	found := t.kind.String()
	if t.kind == word || t.kind == mark || t.kind == number {
		found = "'" + t.text + "'"
	}
	hint := ""
	switch {
	case t.text == "=":
		hint = "write == to compare"
	case t.text == "!":
		hint = "write not(…)"
	case t.kind == word && slices.Contains([]string{"AND", "OR", "NOT", "IN", "BY", "HAS", "CONTAINS", "BETWEEN"}, t.text):
		hint = "write it in lower case: " + strings.ToLower(t.text)
	case t.text == "&" || t.text == "&&":
		hint = "write and"
	}
	p.fail(t.span, hint, "%s is expected here, and this is %s", wanted, found)
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) peekAt(n int) token { return p.tokens[min(p.at+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// sees says whether the next token is this sign or word.
func (p *parser) sees(text string) bool {
	t := p.peek()
	return (t.kind == mark || t.kind == word) && t.text == text
}

// take takes the next token if it is this sign or word.
func (p *parser) take(text string) bool {
	if !p.sees(text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) need(text string) token {
	if !p.sees(text) {
		p.unexpected("'" + text + "'")
	}
	return p.next()
}

// adjoins says whether no space is between the tokens n and n+1 ahead.
func (p *parser) adjoins(n int) bool { return p.peekAt(n).span.To == p.peekAt(n+1).span.From }

// since is the place from a token to the last one taken.
func (p *parser) since(from int) Span { return Span{from, p.tokens[max(p.at-1, 0)].span.To} }

func (p *parser) deeper() {
	if p.depth++; p.depth > MaxDepth {
		p.fail(p.peek().span, "give parts of it a name with let", "the query nests deeper than %d levels", MaxDepth)
	}
}

func (p *parser) shallower() { p.depth-- }

// pipe reads source | operator | …
func (p *parser) pipe() Expr {
	p.deeper()
	defer p.shallower()
	from := p.peek().span.From
	var source Expr
	if t := p.peek(); t.kind == word && startsPipe(t.text) && p.isSource() {
		source = p.source()
	} else {
		source = p.expr()
	}
	if !p.sees("|") {
		return source
	}
	pipe := &Pipe{Source: source}
	for p.take("|") {
		if op := p.operator(); op != nil {
			pipe.Ops = append(pipe.Ops, op)
		}
	}
	if len(pipe.Ops) == 0 {
		return source
	}
	pipe.Span = p.since(from)
	return pipe
}

// subpipe reads operator | operator …, the pipelines of mv-apply and partition.
func (p *parser) subpipe() *Pipe {
	p.deeper()
	defer p.shallower()
	from := p.peek().span.From
	pipe := &Pipe{}
	for {
		if op := p.operator(); op != nil {
			pipe.Ops = append(pipe.Ops, op)
		}
		if !p.take("|") {
			pipe.Span = p.since(from)
			return pipe
		}
	}
}

// startsPipe says whether a word can begin a pipeline as an operator.
func startsPipe(w string) bool {
	switch w {
	case "print", "range", "union", "search", "find", "externaldata", "evaluate", "datatable":
		return true
	}
	return false
}

// isSource tells an operator at the front of a pipeline from a name or a call
// that is spelt like one.
func (p *parser) isSource() bool {
	n := p.peekAt(1)
	switch p.peek().text {
	case "range":
		return n.kind == word || n.text == "["
	case "datatable", "externaldata":
		return n.text == "("
	case "print":
		return n.text != "|" && n.text != "==" && n.text != "." && n.kind != end
	case "union", "search":
		return n.kind != end && n.text != "|" && n.text != ")" && n.text != "," && n.text != ";" && n.text != "="
	}
	return n.kind == word
}

func (p *parser) source() Expr {
	switch t := p.peek(); t.text {
	case "print":
		return p.print()
	case "range":
		return p.rangeOperator()
	case "union":
		return p.union()
	case "search":
		return p.search()
	case "datatable":
		return p.datatable()
	default:
		p.refuse(t)
		return nil
	}
}

func (p *parser) datatable() Expr {
	from := p.next().span.From
	d := &Datatable{}
	p.need("(")
	d.Columns = p.columns(")")
	p.need(")")
	p.need("[")
	for !p.sees("]") {
		d.Values = append(d.Values, p.expr())
		if !p.take(",") {
			break
		}
	}
	p.need("]")
	d.Span = p.since(from)
	return d
}

func (p *parser) print() Expr {
	from := p.next().span.From
	x := &Print{Columns: p.namedList()}
	x.Span = p.since(from)
	return x
}

func (p *parser) rangeOperator() Expr {
	from := p.next().span.From
	r := &Range{Column: p.name("a column's name")}
	p.need("from")
	r.From = p.expr()
	p.need("to")
	r.To = p.expr()
	p.need("step")
	r.Step = p.expr()
	r.Span = p.since(from)
	return r
}

// name reads a name, plain or in brackets and quotes.
func (p *parser) name(wanted string) Name {
	t := p.peek()
	if t.kind == word {
		p.next()
		return Name{t.span, t.text}
	}
	if t.text == "[" && t.kind == mark && p.peekAt(1).kind == text && p.peekAt(2).text == "]" {
		p.next()
		quoted := p.next()
		p.next()
		return Name{p.since(t.span.From), quoted.value}
	}
	p.unexpected(wanted)
	return Name{}
}

func stringLiteral(t token) *Literal {
	return &Literal{Span: t.span, Type: stringType, Value: value.String(t.value)}
}
