package syntax

// script reads statements up to closer.
func (p *parser) script(closer kind) *Script {
	s := &Script{}
	for {
		for p.take(";") {
		}
		if p.peek().kind == closer {
			break
		}
		s.Statements = append(s.Statements, p.statement())
		if t := p.peek(); t.kind != closer && !p.sees(";") {
			p.joint(t)
		}
	}
	s.Joints = p.joints
	return s
}

// joint accepts a statement that begins on a line of its own without a semicolon.
func (p *parser) joint(t token) {
	if !t.newline || t.kind != word && t.text != "(" {
		p.unexpected("| or the end of the query")
	}
	if _, isOperator := p.operators[p.operatorName(0)]; isOperator && t.kind == word && !startsPipe(t.text) {
		if n := p.peekAt(1); n.text != "|" && n.text != "(" && n.kind != end {
			p.fail(t.span, "write | "+t.text, "a | is missing before %s", t.text)
		}
	}
	p.joints = append(p.joints, t.span)
}

func (p *parser) statement() Statement {
	t := p.peek()
	if t.kind == word {
		switch {
		case t.text == "let" && p.peekAt(1).kind == word && p.peekAt(2).text == "=", t.text == "let" && p.peekAt(1).text == "[":
			return p.let()
		case t.text == "set" && p.peekAt(1).kind == word:
			return p.set()
		case (t.text == "alias" || t.text == "declare" || t.text == "restrict") && p.peekAt(1).kind == word:
			p.fail(t.span, "", "stanch has no %s statements", t.text)
		}
	}
	if t.text == "." {
		p.fail(t.span, "", "stanch has no management commands")
	}
	x := p.pipe()
	return &Query{p.since(t.span.From), x}
}

func (p *parser) let() Statement {
	from := p.next().span.From
	name := p.name("a name")
	p.need("=")
	l := &Let{Name: name}
	if p.seesLambda() {
		l.X = p.lambda()
	} else {
		l.X = p.pipe()
	}
	l.Span = p.since(from)
	return l
}

func (p *parser) set() Statement {
	from := p.next().span.From
	s := &Set{Name: p.next().text}
	if p.take("=") {
		s.Value = p.expr()
	}
	s.Span = p.since(from)
	return s
}

// seesLambda looks for (…) { with or without view before it.
func (p *parser) seesLambda() bool {
	i := 0
	if p.sees("view") && p.peekAt(1).text == "(" {
		i++
	}
	if p.peekAt(i).text != "(" || p.peekAt(i).kind != mark {
		return false
	}
	depth := 0
	for ; p.at+i < len(p.tokens); i++ {
		t := p.peekAt(i)
		if t.kind != mark {
			if t.kind == end {
				return false
			}
			continue
		}
		switch t.text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth == 0 {
				n := p.peekAt(i + 1)
				return n.kind == mark && n.text == "{"
			}
		}
	}
	return false
}

func (p *parser) lambda() *Lambda {
	p.deeper()
	defer p.shallower()
	from := p.peek().span.From
	l := &Lambda{View: p.take("view")}
	p.need("(")
	for !p.sees(")") {
		l.Params = append(l.Params, p.param())
		if !p.take(",") {
			break
		}
	}
	p.need(")")
	p.need("{")
	for {
		for p.take(";") {
		}
		if p.sees("}") {
			p.unexpected("an expression")
		}
		s := p.statement()
		if q, ok := s.(*Query); ok {
			l.X = q.X
			for p.take(";") {
			}
			break
		}
		l.Lets = append(l.Lets, s)
		p.need(";")
	}
	p.need("}")
	l.Span = p.since(from)
	return l
}

func (p *parser) param() Param {
	m := Param{Name: p.name("a parameter")}
	p.need(":")
	if p.take("(") {
		m.Table = true
		if m.Any = p.take("*"); !m.Any {
			m.Columns = p.columns(")")
		}
		p.need(")")
		return m
	}
	m.Type = p.typeName()
	if p.take("=") {
		m.Default = p.expr()
	}
	return m
}

// columns reads name:type, … up to closer, which it leaves.
func (p *parser) columns(closer string) (all []Column) {
	for !p.sees(closer) {
		name := p.name("a column's name")
		p.need(":")
		all = append(all, Column{name, p.typeName()})
		if !p.take(",") {
			break
		}
	}
	return all
}
