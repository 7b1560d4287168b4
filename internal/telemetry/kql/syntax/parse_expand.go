package syntax

func (p *parser) expanded() (all []Expanded) {
	for {
		e := Expanded{X: p.named()}
		if p.take("to") {
			p.need("typeof")
			p.need("(")
			e.Type = p.typeName()
			p.need(")")
		}
		all = append(all, e)
		if !p.take(",") {
			return all
		}
	}
}

func (p *parser) mvExpand(from int) Operator {
	m := &MvExpand{}
	for {
		if kind, ok := p.option("kind"); ok {
			m.Bag, m.Arrays = kind == "bag", kind == "array"
		} else if kind, ok := p.option("bagexpansion"); ok {
			m.Bag, m.Arrays = kind == "bag", kind == "array"
		} else if name, ok := p.option("with_itemindex"); ok {
			m.WithIndex = name
		} else {
			break
		}
	}
	m.Columns = p.expanded()
	if p.take("limit") {
		m.Limit = p.expr()
	}
	m.Span = p.since(from)
	return m
}

func (p *parser) mvApply(from int) Operator {
	m := &MvApply{}
	if name, ok := p.option("with_itemindex"); ok {
		m.WithIndex = name
	}
	m.Columns = p.expanded()
	if p.take("limit") {
		m.Limit = p.expr()
	}
	p.need("on")
	p.need("(")
	m.On = p.subpipe()
	p.need(")")
	m.Span = p.since(from)
	return m
}

func (p *parser) makeSeries(from int) Operator {
	m := &MakeSeries{}
	if kind, ok := p.option("kind"); ok {
		if m.NonEmpty = kind == "nonempty"; !m.NonEmpty {
			p.fail(p.peek().span, "", "make-series has no kind %s", kind)
		}
	}
	for {
		a := SeriesAggregate{X: p.named()}
		if p.take("default") {
			p.need("=")
			a.Default = p.expr()
		}
		m.Aggregates = append(m.Aggregates, a)
		if !p.take(",") {
			break
		}
	}
	p.need("on")
	m.On = p.sum() // not looser: an "in" that follows is not the axis's
	if p.take("in") {
		p.need("range")
		p.need("(")
		m.InRange = true
		m.From = p.expr()
		p.need(",")
		m.To = p.expr()
		p.need(",")
		m.Step = p.expr()
		p.need(")")
	} else {
		if p.take("from") {
			m.From = p.expr()
		}
		if p.take("to") {
			m.To = p.expr()
		}
		p.need("step")
		m.Step = p.expr()
	}
	if p.take("by") {
		m.By = p.namedList()
	}
	m.Span = p.since(from)
	return m
}

func (p *parser) parse(from int, verb string) Operator {
	x := &Parsing{Verb: verb}
	if kind, ok := p.option("kind"); ok {
		x.Kind = kind
		if flags, ok := p.option("flags"); ok {
			x.Flags = flags
		}
	}
	x.X = p.expr()
	p.need("with")
	for !p.operatorEnds() {
		t := p.peek()
		switch {
		case t.kind == text:
			x.Pattern = append(x.Pattern, ParsePart{Text: p.strings().(*Literal)})
		case t.text == "*" && t.kind == mark:
			p.next()
			x.Pattern = append(x.Pattern, ParsePart{})
		default:
			c := &Column{Name: p.name("a text, a column's name or *"), Type: stringType}
			if p.take(":") {
				c.Type = p.typeName()
			}
			x.Pattern = append(x.Pattern, ParsePart{Column: c})
		}
	}
	if len(x.Pattern) == 0 {
		p.unexpected("a text, a column's name or *")
	}
	x.Span = p.since(from)
	return x
}
