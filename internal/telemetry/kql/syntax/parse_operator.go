package syntax

import (
	"maps"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/nearest"
)

// operators are the readers of the operators, by name. A nil reader is one that
// stanch does not have, and says so.
func operators() map[string]func(*parser, int) Operator {
	return map[string]func(*parser, int) Operator{
		"where": (*parser).where, "filter": (*parser).where,
		"extend": func(p *parser, from int) Operator {
			x := &Extend{Columns: p.namedList()}
			x.Span = p.since(from)
			return x
		},
		"serialize": func(p *parser, from int) Operator {
			x := &Serialize{}
			if !p.operatorEnds() {
				x.Columns = p.namedList()
			}
			x.Span = p.since(from)
			return x
		},
		"project": func(p *parser, from int) Operator {
			x := &Project{}
			if !p.operatorEnds() {
				x.Columns = p.namedList()
			}
			x.Span = p.since(from)
			return x
		},
		"project-away":    func(p *parser, from int) Operator { return p.selection(from, "away") },
		"project-keep":    func(p *parser, from int) Operator { return p.selection(from, "keep") },
		"project-reorder": func(p *parser, from int) Operator { return p.selection(from, "reorder") },
		"project-rename": func(p *parser, from int) Operator {
			x := &Rename{Columns: p.namedList()}
			x.Span = p.since(from)
			return x
		},
		"distinct": (*parser).distinct, "summarize": (*parser).summarize,
		"sort": (*parser).sort, "order": (*parser).sort, "top": (*parser).top,
		"take":            func(p *parser, from int) Operator { return p.takeRows(from, "take") },
		"limit":           func(p *parser, from int) Operator { return p.takeRows(from, "limit") },
		"sample":          func(p *parser, from int) Operator { return p.takeRows(from, "sample") },
		"sample-distinct": (*parser).sampleDistinct,
		"count":           func(p *parser, from int) Operator { return &Count{p.since(from)} },
		"getschema":       func(p *parser, from int) Operator { return &GetSchema{p.since(from)} },
		"as":              (*parser).as,
		"render":          (*parser).render,
		"join":            func(p *parser, from int) Operator { return p.join(from, "join") },
		"lookup":          func(p *parser, from int) Operator { return p.join(from, "lookup") },
		"union":           func(p *parser, from int) Operator { p.at--; return p.union() },
		"search":          func(p *parser, from int) Operator { p.at--; return p.search() },
		"mv-expand":       (*parser).mvExpand, "mvexpand": (*parser).mvExpand,
		"mv-apply": (*parser).mvApply, "mvapply": (*parser).mvApply,
		"make-series": (*parser).makeSeries,
		"parse":       func(p *parser, from int) Operator { return p.parse(from, "parse") },
		"parse-where": func(p *parser, from int) Operator { return p.parse(from, "parse-where") },
		"partition":   (*parser).partition,
		"invoke":      (*parser).invoke,

		"evaluate": nil, "facet": nil, "find": nil, "fork": nil, "externaldata": nil, "reduce": nil, "scan": nil,
		"consume": nil, "top-hitters": nil, "top-nested": nil, "parse-kv": nil, "project-by-names": nil, "macro-expand": nil,
		"execute-and-cache": nil, "execute_and_cache": nil, "assert-schema": nil,
		"make-graph": nil, "graph-match": nil, "graph-shortest-paths": nil, "graph-to-table": nil,
		"graph-mark-components": nil, "graph-merge": nil, "graph-where-nodes": nil, "graph-where-edges": nil,
	}
}

// OperatorNames are the names that may follow a |, those that are refused left
// out, sorted.
func OperatorNames() []string {
	all := operators()
	maps.DeleteFunc(all, func(_ string, read func(*parser, int) Operator) bool { return read == nil })
	return slices.Sorted(maps.Keys(all))
}

// operatorName joins words with hyphens between them, n tokens ahead.
func (p *parser) operatorName(n int) string {
	t := p.peekAt(n)
	name := t.text
	for p.peekAt(n+1).text == "-" && p.adjoins(n) && p.adjoins(n+1) && p.peekAt(n+2).kind == word {
		name += "-" + p.peekAt(n+2).text
		n += 2
	}
	return name
}

func (p *parser) operator() Operator {
	t := p.peek()
	if t.kind != word {
		p.unexpected("an operator, such as where or summarize,")
	}
	name := p.operatorName(0)
	read, known := p.operators[name]
	if !known {
		hint := ""
		if near := nearest.To(name, OperatorNames()); near != "" {
			hint = "did you mean " + near + "?"
		}
		p.fail(t.span, hint, "there is no operator %s", name)
	}
	if read == nil {
		p.refuse(t)
	}
	for range 1 + 2*strings.Count(name, "-") {
		p.next()
	}
	p.hints()
	return read(p, t.span.From)
}

func (p *parser) refuse(t token) {
	p.fail(t.span, "", "stanch does not have the operator %s", p.operatorName(0))
}

func (p *parser) operatorEnds() bool {
	t := p.peek()
	return t.kind == end || t.kind == mark && (t.text == "|" || t.text == ")" || t.text == ";" || t.text == "}")
}

// hints passes over hint.name=value: they tell a cluster how to spread the work.
func (p *parser) hints() {
	for p.sees("hint") && p.peekAt(1).text == "." {
		p.next()
		p.next()
		p.name("a hint's name")
		p.need("=")
		p.next()
	}
}

// option takes name=value if name is what comes, and gives the value's text.
func (p *parser) option(name string) (string, bool) {
	if !p.sees(name) || p.peekAt(1).text != "=" {
		return "", false
	}
	p.next()
	p.next()
	t := p.next()
	if t.kind != word && t.kind != number && t.kind != text {
		p.at--
		p.unexpected("a value of " + name)
	}
	if t.kind == text {
		return t.value, true
	}
	return t.text, true
}

func (p *parser) where(from int) Operator {
	x := &Where{X: p.expr()}
	x.Span = p.since(from)
	return x
}

func (p *parser) selection(from int, verb string) Operator {
	s := &Select{Verb: verb}
	for {
		at := p.peek().span.From
		pattern := Pattern{Text: p.pattern()}
		pattern.Span = p.since(at)
		if verb == "reorder" {
			if w := p.operatorName(0); p.peek().kind == word && slices.Contains([]string{"asc", "desc", "granny-asc", "granny-desc"}, w) {
				pattern.Order = w
				for range 1 + 2*strings.Count(w, "-") {
					p.next()
				}
			}
		}
		s.Patterns = append(s.Patterns, pattern)
		if !p.take(",") {
			break
		}
	}
	s.Span = p.since(from)
	return s
}

// pattern reads a name, or a name with stars in and around it.
func (p *parser) pattern() string {
	if p.sees("[") {
		return p.name("a column").Text
	}
	var b strings.Builder
	for i := 0; ; i++ {
		t := p.peek()
		if i > 0 && !(p.tokens[p.at-1].span.To == t.span.From) {
			break
		}
		if t.kind != word && t.kind != number && t.text != "*" {
			break
		}
		b.WriteString(t.text)
		p.next()
	}
	if b.Len() == 0 {
		p.unexpected("a column's name, or a pattern such as a*,")
	}
	return b.String()
}

func (p *parser) distinct(from int) Operator {
	d := &Distinct{}
	if !p.take("*") {
		d.Columns = p.namedList()
	}
	d.Span = p.since(from)
	return d
}

func (p *parser) summarize(from int) Operator {
	s := &Summarize{}
	if !p.sees("by") && !p.operatorEnds() {
		s.Aggregates = p.namedList()
	}
	if p.take("by") {
		p.hints()
		s.By = p.namedList()
	}
	s.Span = p.since(from)
	return s
}

func (p *parser) orders() (all []Order) {
	for {
		o := Order{X: p.named()}
		var written []string
		if p.sees("asc") || p.sees("desc") {
			o.Ascending = p.sees("asc")
			written = append(written, p.next().text)
		}
		o.NullsFirst = o.Ascending
		if p.take("nulls") {
			if !p.sees("first") && !p.sees("last") {
				p.unexpected("first or last")
			}
			o.NullsFirst = p.sees("first")
			written = append(written, "nulls "+p.next().text)
		}
		o.Written = strings.Join(written, " ")
		all = append(all, o)
		if !p.take(",") {
			return all
		}
	}
}

func (p *parser) sort(from int) Operator {
	p.need("by")
	s := &Sort{By: p.orders()}
	s.Span = p.since(from)
	return s
}

func (p *parser) top(from int) Operator {
	t := &Top{Count: p.expr()}
	p.need("by")
	t.By = p.orders()
	t.Span = p.since(from)
	return t
}

func (p *parser) takeRows(from int, verb string) Operator {
	t := &Take{Verb: verb, Count: p.expr()}
	t.Span = p.since(from)
	return t
}

func (p *parser) sampleDistinct(from int) Operator {
	s := &SampleDistinct{Count: p.expr()}
	p.need("of")
	s.Of = p.named()
	s.Span = p.since(from)
	return s
}

func (p *parser) as(from int) Operator {
	a := &As{Name: p.name("a name")}
	a.Span = p.since(from)
	return a
}

func (p *parser) render(from int) Operator {
	r := &Render{Kind: p.name("a kind of chart").Text}
	inParens := false
	if p.take("with") {
		p.need("(")
		inParens = true
	}
	for p.peek().kind == word && p.peekAt(1).text == "=" {
		prop := Property{Name: p.next().text}
		p.next()
		prop.X = append(prop.X, p.expr())
		for p.sees(",") && !(p.peekAt(1).kind == word && p.peekAt(2).text == "=") && p.peekAt(1).text != ")" {
			p.next()
			prop.X = append(prop.X, p.expr())
		}
		r.Properties = append(r.Properties, prop)
		p.take(",")
	}
	if inParens {
		p.need(")")
	}
	r.Span = p.since(from)
	return r
}
