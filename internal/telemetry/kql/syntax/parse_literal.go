package syntax

import (
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

const stringType = schema.String

func boolLiteral(t token) *Literal {
	return &Literal{t.span, schema.Bool, value.Bool(t.text == "true")}
}

func (p *parser) typeName() schema.Type {
	t := p.peek()
	if t.kind == word {
		if kind := schema.ParseType(t.text); kind != schema.Unknown {
			p.next()
			return kind
		}
	}
	p.fail(t.span, "the types are bool, int, long, real, decimal, datetime, timespan, string, guid, dynamic", "there is no type %s", t.text)
	return schema.Unknown
}

// numberLiteral makes a long, a real or a timespan of a number token.
func (p *parser) numberLiteral(t token) *Literal {
	v, kind, ok := numberOf(t.text)
	if !ok {
		p.fail(t.span, "", "%s is no number, and no timespan", t.text)
	}
	return &Literal{t.span, kind, v}
}

func numberOf(s string) (value.Value, schema.Type, bool) {
	if hex, found := strings.CutPrefix(strings.ToLower(s), "0x"); found {
		n, err := strconv.ParseUint(hex, 16, 64)
		return value.Long(int64(n)), schema.Long, err == nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return value.Long(n), schema.Long, true
	}
	if strings.ContainsAny(s, "_xXpP") {
		return value.Null, schema.Unknown, false
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s, ".eE") {
		return value.Real(f), schema.Real, true
	}
	i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if i < 0 {
		return value.Null, schema.Unknown, false
	}
	f, err := strconv.ParseFloat(s[:i], 64)
	unit, ok := value.ParseUnit(s[i:])
	ticks := math.Round(f * unit)
	if err != nil || !ok || math.Abs(ticks) >= math.MaxInt64 {
		return value.Null, schema.Unknown, false
	}
	return value.Timespan(int64(ticks)), schema.Timespan, true
}

// typedLiteral reads type(…), whose name has been taken.
func (p *parser) typedLiteral(t token, kind schema.Type) Expr {
	if kind == schema.Dynamic {
		p.need("(")
		v := p.dynamic()
		p.need(")")
		return &Literal{p.since(t.span.From), kind, v}
	}
	open := p.need("(")
	var raw string
	if p.peek().kind == text && p.peekAt(1).text == ")" {
		raw = p.next().value
	} else {
		from, to := open.span.To, open.span.To
		for depth := 0; depth > 0 || !p.sees(")"); {
			n := p.next()
			if n.kind == end {
				p.unexpected("')'")
			}
			switch {
			case n.kind == mark && (n.text == "(" || n.text == "{"):
				depth++
			case n.kind == mark && (n.text == ")" || n.text == "}"):
				depth--
			}
			to = n.span.To
		}
		raw = strings.TrimSpace(p.src[from:to])
	}
	p.need(")")
	span := p.since(t.span.From)
	v, ok := typedValue(raw, kind)
	if !ok {
		hint := "to" + kind.String() + "(…) converts an expression"
		p.fail(span, hint, "%s is no %s", p.src[span.From:span.To], kind)
	}
	return &Literal{span, kind, v}
}

func typedValue(raw string, kind schema.Type) (value.Value, bool) {
	if raw == "null" || raw == "" && kind == schema.Datetime {
		return value.Null, true
	}
	switch kind {
	case schema.Datetime:
		ticks, ok := value.ParseDatetime(raw)
		return value.Datetime(ticks), ok
	case schema.Timespan:
		if v, kind, ok := numberOf(strings.ReplaceAll(raw, " ", "")); ok && kind == schema.Timespan {
			return v, true
		}
		ticks, ok := value.ParseTimespan(raw)
		return value.Timespan(ticks), ok
	case schema.Guid:
		g, ok := value.ParseGUID(raw)
		return value.GUID(g), ok
	case schema.Decimal:
		d, ok := value.ParseDecimal(raw)
		return value.Dec(d), ok
	}
	if strings.ContainsAny(raw, "()") {
		return value.Null, false
	}
	v := value.Convert(value.String(raw), kind)
	if kind.IsInteger() && strings.ContainsAny(raw, ".") {
		return value.Null, false
	}
	return v, !v.IsNull()
}

// dynamic reads the value of dynamic(…): JSON, with strings in either quotes and
// typed literals in it.
func (p *parser) dynamic() value.Value {
	p.deeper()
	defer p.shallower()
	t := p.peek()
	switch {
	case t.kind == text:
		return p.strings().(*Literal).Value
	case t.kind == number:
		p.next()
		return p.numberLiteral(t).Value
	case t.text == "-" || t.text == "+":
		p.next()
		n := p.numberLiteral(p.next())
		if t.text == "+" {
			return n.Value
		}
		switch n.Type {
		case schema.Real:
			return value.Real(-n.Value.Real())
		case schema.Timespan:
			return value.Timespan(-n.Value.Long())
		}
		return value.Long(-n.Value.Long())
	case t.text == "[":
		return p.dynamicArray()
	case t.text == "{":
		return p.dynamicBag()
	case t.text == "null":
		p.next()
		return value.Null
	case t.text == "true" || t.text == "false":
		p.next()
		return value.Bool(t.text == "true")
	case t.kind == word && p.peekAt(1).text == "(":
		if kind := schema.ParseType(t.text); kind != schema.Unknown && kind != schema.String {
			p.next()
			return p.typedLiteral(t, kind).(*Literal).Value
		}
	}
	p.unexpected("a constant: a number, a string, an array, a bag, true, false or null")
	return value.Null
}

func (p *parser) dynamicArray() value.Value {
	p.next()
	elems := []value.Value{}
	for !p.sees("]") {
		elems = append(elems, p.dynamic())
		if !p.take(",") {
			break
		}
	}
	p.need("]")
	return value.Array(elems)
}

func (p *parser) dynamicBag() value.Value {
	p.next()
	b := value.NewBag(4)
	for !p.sees("}") {
		key := p.peek()
		if key.kind != text {
			p.unexpected("a property's name in quotes")
		}
		p.next()
		p.need(":")
		b.Set(key.value, p.dynamic())
		if !p.take(",") {
			break
		}
	}
	p.need("}")
	return value.FromBag(b)
}
