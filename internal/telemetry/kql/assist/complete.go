package assist

import (
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/aggregate"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/function"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Suggestion is something that may be typed next.
type Suggestion struct {
	Text string // all of the word
	Kind string // what it is, in a word or two: column, function
	Note string // its type, where it has one
}

// Complete is what may come at a place of a text, in bytes, and from where it
// replaces the text: the beginning of the word that ends there. The tables are
// those that there are. Suggestions are sorted within their kinds, the likeliest
// kind first.
func Complete(text string, at int, tables []schema.Table) (from int, all []Suggestion) {
	at = min(max(at, 0), len(text))
	words := slices.DeleteFunc(Words(text[:at]), func(w Word) bool { return w.Class == Space || w.Class == Comment })
	from = at
	for from > 0 && (isLetter(text[from-1]) || text[from-1] >= '0' && text[from-1] <= '9') {
		from--
	}
	// The hyphen of mv-expand, but not that of a - b.
	if i := strings.LastIndexByte(text[:from], '|'); i >= 0 && strings.HasSuffix(text[:from], "-") {
		if part := strings.TrimLeft(text[i+1:from], " \t\n"); part != "" && !strings.ContainsAny(part, " \t\n(") {
			from -= len(part)
		}
	}
	prefix := text[from:at]
	if inText(words, at) || strings.ContainsAny(prefix[:min(1, len(prefix))], "0123456789") {
		return at, nil
	}
	words = slices.DeleteFunc(words, func(w Word) bool { return w.From >= from })
	add := func(kind, note string, names ...string) {
		for _, name := range names {
			if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) &&
				!slices.ContainsFunc(all, func(s Suggestion) bool { return s.Text == name }) {
				all = append(all, Suggestion{name, kind, note})
			}
		}
	}
	last, operator := Word{Class: Mark, Text: ";"}, ""
	if len(words) > 0 {
		last = words[len(words)-1]
	}
	for _, w := range words {
		switch {
		case w.Class == Operator:
			operator = w.Text
		case w.Text == "|" || w.Text == ";":
			operator = ""
		}
	}
	switch {
	case last.Text == "|":
		add("operator", "", operators...)
		return from, all
	case last.Class == Operator && last.Text == "render":
		add("chart", "", charts...)
		return from, all
	case last.Text == ";" || last.Text == "(" && (operator == "join" || operator == "lookup" || operator == "union") || last.Text == "," && operator == "union":
		addTables(add, tables)
		add("operator", "", starters...)
		return from, all
	case operator == "" && last.Class == Name:
		add("operator", "", "|")
		return from, all
	case operator == "union" || operator == "join" || operator == "lookup":
		addTables(add, tables)
	}
	addColumns(add, text, tables)
	add("variable", "", assigned(words)...)
	add("keyword", "", more[operator]...)
	if operator == "summarize" || operator == "make-series" {
		names := aggregate.Names()
		slices.Sort(names)
		add("aggregate", "", names...)
	}
	if prefix != "" { // there are too many to be read through
		names := function.Names()
		slices.Sort(names)
		add("function", "", names...)
	}
	return from, all
}

// inText says whether a place lies in a string literal that is not closed.
func inText(words []Word, at int) bool {
	if len(words) == 0 {
		return false
	}
	w := words[len(words)-1]
	open := strings.IndexAny(w.Text, `"'`)
	return w.Class == Text && w.From+len(w.Text) == at && (len(w.Text) == open+1 || w.Text[len(w.Text)-1] != w.Text[open])
}

func addTables(add func(string, string, ...string), tables []schema.Table) {
	for _, t := range tables {
		add("table", "", t.Name)
	}
}

// addColumns adds the columns of the tables that the text names.
func addColumns(add func(string, string, ...string), text string, tables []schema.Table) {
	for _, w := range Words(text) {
		if w.Class != Name {
			continue
		}
		for _, t := range tables {
			if t.Name == w.Text {
				for _, c := range t.Columns {
					add("column", c.Type.String(), c.Name)
				}
			}
		}
	}
}

// assigned are the names that the text gives, as in n = count().
func assigned(words []Word) []string {
	var names []string
	for i := 1; i < len(words); i++ {
		next := i + 1
		if words[i].Text == "=" && words[i-1].Class == Name && (next == len(words) || words[next].Text != "=" && words[next].Text != "~") {
			names = append(names, words[i-1].Text)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
