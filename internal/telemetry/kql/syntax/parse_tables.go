package syntax

func (p *parser) join(from int, verb string) Operator {
	j := &Join{Verb: verb}
	if kind, ok := p.option("kind"); ok {
		j.Kind = kind
	}
	p.hints()
	j.Right = p.tabular()
	if p.take("on") {
		j.On = append(j.On, p.expr())
		for p.take(",") {
			j.On = append(j.On, p.expr())
		}
	} else {
		p.unexpected("on, and what to join by,")
	}
	j.Span = p.since(from)
	return j
}

// tabular reads a table where an operator wants one: a name, a call, or a
// pipeline in parentheses.
func (p *parser) tabular() Expr {
	t := p.peek()
	switch {
	case t.text == "(" && t.kind == mark:
		p.next()
		x := p.pipe()
		p.need(")")
		return x
	case t.kind == word && t.text == "datatable":
		return p.datatable()
	case t.kind == word && p.peekAt(1).text == "(":
		p.next()
		return p.call(Name{t.span, t.text})
	}
	if t.text == "[" {
		n := p.name("a table")
		if p.sees("(") {
			return p.call(n)
		}
		return &n
	}
	n := Name{Text: p.pattern()}
	n.Span = p.since(t.span.From)
	return &n
}

func (p *parser) union() *Union {
	from := p.next().span.From
	u := &Union{}
	p.hints()
	for {
		if kind, ok := p.option("kind"); ok {
			u.Kind = kind
		} else if name, ok := p.option("withsource"); ok {
			u.WithSource = name
		} else if name, ok := p.option("with_source"); ok {
			u.WithSource = name
		} else if fuzzy, ok := p.option("isfuzzy"); ok {
			u.Fuzzy = fuzzy == "true"
		} else {
			break
		}
		p.hints()
	}
	u.Tables = append(u.Tables, p.tabular())
	for p.take(",") {
		u.Tables = append(u.Tables, p.tabular())
	}
	u.Span = p.since(from)
	return u
}

func (p *parser) search() *Search {
	from := p.next().span.From
	s := &Search{}
	if kind, ok := p.option("kind"); ok {
		s.CaseSensitive = kind == "case_sensitive"
	}
	if p.sees("in") && p.peekAt(1).text == "(" {
		p.next()
		p.next()
		for !p.sees(")") {
			at := p.peek().span.From
			n := &Name{Text: p.pattern()}
			n.Span = p.since(at)
			s.Tables = append(s.Tables, n)
			if !p.take(",") {
				break
			}
		}
		p.need(")")
	}
	s.X = p.expr()
	s.Span = p.since(from)
	return s
}

func (p *parser) partition(from int) Operator {
	x := &Partition{}
	p.need("by")
	x.By = p.name("a column")
	if p.sees("{") {
		p.fail(p.peek().span, "write ( operators )", "partition by … { } is not what stanch has")
	}
	p.need("(")
	x.Sub = p.subpipe()
	p.need(")")
	x.Span = p.since(from)
	return x
}

func (p *parser) invoke(from int) Operator {
	c, ok := p.call(p.name("a function")).(*Call)
	if !ok {
		p.unexpected("a function")
	}
	return &Invoke{p.since(from), c}
}
