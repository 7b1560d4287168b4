package syntax

// steps writes operators, each after a mark.
func (w *printer) steps(ops []Operator, before string) {
	for _, op := range ops {
		w.put(before)
		w.operator(op)
	}
}

// subpipe writes a pipeline without a source.
func (w *printer) subpipe(p *Pipe) {
	w.put("(")
	for i, op := range p.Ops {
		if i > 0 {
			w.put(" | ")
		}
		w.operator(op)
	}
	w.put(")")
}

func (w *printer) by(verb string, names []*Named) {
	if len(names) > 0 {
		w.put(verb)
		w.names(names)
	}
}

func (w *printer) operator(op Operator) {
	switch op := op.(type) {
	case *Where:
		w.put("where ")
		w.expr(op.X, levelOr)
	case *Extend:
		w.by("extend ", op.Columns)
	case *Serialize:
		w.put("serialize")
		w.by(" ", op.Columns)
	case *Project:
		w.put("project")
		w.by(" ", op.Columns)
	case *Rename:
		w.by("project-rename ", op.Columns)
	case *Select:
		w.selection(op)
	case *Distinct:
		w.put("distinct ")
		if op.Columns == nil {
			w.put("*")
		}
		w.names(op.Columns)
	case *Summarize:
		w.put("summarize")
		w.by(" ", op.Aggregates)
		w.by(" by ", op.By)
	case *Sort:
		w.put("sort by ")
		w.orders(op.By)
	case *Top:
		w.put("top ")
		w.expr(op.Count, levelOr)
		w.put(" by ")
		w.orders(op.By)
	case *Take:
		w.put(op.Verb, " ")
		w.expr(op.Count, levelOr)
	case *SampleDistinct:
		w.put("sample-distinct ")
		w.expr(op.Count, levelOr)
		w.put(" of ")
		w.named(op.Of)
	case *Count:
		w.put("count")
	case *GetSchema:
		w.put("getschema")
	case *As:
		w.put("as ")
		w.name(op.Name)
	case *Render:
		w.render(op)
	case *Join:
		w.join(op)
	case *Union:
		w.union(op)
	case *Search:
		w.search(op)
	case *MvExpand:
		w.put("mv-expand ")
		if op.Bag {
			w.put("kind=bag ")
		}
		if op.Arrays {
			w.put("kind=array ")
		}
		w.expanded(op.WithIndex, op.Columns, op.Limit)
	case *MvApply:
		w.put("mv-apply ")
		w.expanded(op.WithIndex, op.Columns, op.Limit)
		w.put(" on ")
		w.subpipe(op.On)
	case *MakeSeries:
		w.makeSeries(op)
	case *Parsing:
		w.parse(op)
	case *Print:
		w.by("print ", op.Columns)
	case *Range:
		w.put("range ")
		w.name(op.Column)
		w.put(" from ")
		w.expr(op.From, levelOr)
		w.put(" to ")
		w.expr(op.To, levelOr)
		w.put(" step ")
		w.expr(op.Step, levelOr)
	case *Partition:
		w.put("partition by ")
		w.name(op.By)
		w.put(" ")
		w.subpipe(op.Sub)
	case *Invoke:
		w.put("invoke ")
		w.call(op.Call)
	}
}

func (w *printer) selection(s *Select) {
	w.put("project-", s.Verb, " ")
	for i, p := range s.Patterns {
		if i > 0 {
			w.put(", ")
		}
		w.name(Name{Text: p.Text})
		if p.Order != "" {
			w.put(" ", p.Order)
		}
	}
}

func (w *printer) orders(all []Order) {
	for i, o := range all {
		if i > 0 {
			w.put(", ")
		}
		w.named(o.X)
		if o.Written != "" {
			w.put(" ", o.Written)
		}
	}
}

func (w *printer) render(r *Render) {
	w.put("render ")
	w.name(Name{Text: r.Kind})
	if len(r.Properties) == 0 {
		return
	}
	w.put(" with (")
	for i, p := range r.Properties {
		if i > 0 {
			w.put(", ")
		}
		w.put(p.Name, "=")
		for j, x := range p.X {
			if j > 0 {
				w.put(", ")
			}
			w.expr(x, levelOr)
		}
	}
	w.put(")")
}

// table writes what the parser's tabular reads.
func (w *printer) table(x Expr) {
	switch x := x.(type) {
	case *Name, *Call, *Datatable:
		w.expr(x, 0)
	default:
		w.put("(")
		w.expr(x, 0)
		w.put(")")
	}
}

func (w *printer) join(j *Join) {
	w.put(j.Verb, " ")
	if j.Kind != "" {
		w.put("kind=", j.Kind, " ")
	}
	w.table(j.Right)
	w.put(" on ")
	for i, x := range j.On {
		if i > 0 {
			w.put(", ")
		}
		w.expr(x, levelOr)
	}
}

func (w *printer) union(u *Union) {
	w.put("union ")
	if u.Kind != "" {
		w.put("kind=", u.Kind, " ")
	}
	if u.WithSource != "" {
		w.put("withsource=")
		w.optionText(u.WithSource)
		w.put(" ")
	}
	if u.Fuzzy {
		w.put("isfuzzy=true ")
	}
	w.tables(u.Tables)
}

func (w *printer) optionText(s string) {
	if isPlain(s) {
		w.put(s)
		return
	}
	w.quoted(s)
}

func (w *printer) tables(all []Expr) {
	for i, t := range all {
		if i > 0 {
			w.put(", ")
		}
		w.table(t)
	}
}

func (w *printer) search(s *Search) {
	w.put("search ")
	if s.CaseSensitive {
		w.put("kind=case_sensitive ")
	}
	if len(s.Tables) > 0 {
		w.put("in (")
		w.tables(s.Tables)
		w.put(") ")
	}
	w.expr(s.X, levelOr)
}

func (w *printer) expanded(index string, columns []Expanded, limit Expr) {
	if index != "" {
		w.put("with_itemindex=")
		w.optionText(index)
		w.put(" ")
	}
	for i, c := range columns {
		if i > 0 {
			w.put(", ")
		}
		w.named(c.X)
		if c.Type != 0 {
			w.put(" to typeof(", c.Type.String(), ")")
		}
	}
	if limit != nil {
		w.put(" limit ")
		w.expr(limit, levelOr)
	}
}

func (w *printer) makeSeries(m *MakeSeries) {
	w.put("make-series ")
	if m.NonEmpty {
		w.put("kind=nonempty ")
	}
	for i, a := range m.Aggregates {
		if i > 0 {
			w.put(", ")
		}
		w.named(a.X)
		if a.Default != nil {
			w.put(" default=")
			w.expr(a.Default, levelOr)
		}
	}
	w.put(" on ")
	w.expr(m.On, levelSum)
	if m.InRange {
		w.put(" in range(")
		w.list([]Expr{m.From, m.To, m.Step})
		w.put(")")
	} else {
		if m.From != nil {
			w.put(" from ")
			w.expr(m.From, levelOr)
		}
		if m.To != nil {
			w.put(" to ")
			w.expr(m.To, levelOr)
		}
		w.put(" step ")
		w.expr(m.Step, levelOr)
	}
	w.by(" by ", m.By)
}

func (w *printer) parse(p *Parsing) {
	w.put(p.Verb, " ")
	if p.Kind != "" {
		w.put("kind=", p.Kind, " ")
	}
	if p.Flags != "" {
		w.put("flags=", p.Flags, " ")
	}
	w.expr(p.X, levelOr)
	w.put(" with")
	for _, part := range p.Pattern {
		w.put(" ")
		switch {
		case part.Text != nil:
			w.expr(part.Text, 0)
		case part.Column != nil:
			w.name(part.Column.Name)
			w.put(":", part.Column.Type.String())
		default:
			w.put("*")
		}
	}
}
