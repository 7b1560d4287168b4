package syntax

func (p *parser) argument() Expr {
	if t := p.peek(); t.kind == word && p.peekAt(1).text == "=" && p.peekAt(1).kind == mark {
		p.next()
		p.next()
		x := p.pipe()
		return &Named{p.since(t.span.From), []Name{{t.span, t.text}}, x}
	}
	return p.pipe()
}

// named reads [name =] expression, or (a, b) = expression.
func (p *parser) named() *Named {
	from := p.peek().span.From
	n := &Named{}
	if names, ok := p.tuple(); ok {
		n.Names = names
	} else if p.seesNameBefore("=") {
		n.Names = []Name{p.name("a name")}
		p.need("=")
	}
	n.X = p.expr()
	n.Span = p.since(from)
	return n
}

func (p *parser) seesNameBefore(sign string) bool {
	i := 1
	if p.peek().text == "[" && p.peek().kind == mark && p.peekAt(1).kind == text {
		i = 3
	} else if p.peek().kind != word {
		return false
	}
	t := p.peekAt(i)
	return t.kind == mark && t.text == sign
}

// tuple reads (a, b) = if that is what comes.
func (p *parser) tuple() ([]Name, bool) {
	if !p.sees("(") {
		return nil, false
	}
	back := p.at
	p.next()
	var names []Name
	for p.peek().kind == word || p.peek().text == "[" && p.peekAt(1).kind == text && p.peekAt(2).text == "]" {
		names = append(names, p.name("a name"))
		if !p.take(",") {
			break
		}
	}
	if len(names) > 0 && p.take(")") && p.take("=") {
		return names, true
	}
	p.at = back
	return nil, false
}

func (p *parser) namedList() []*Named {
	list := []*Named{p.named()}
	for p.take(",") {
		list = append(list, p.named())
	}
	return list
}
