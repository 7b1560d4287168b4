package experiment

import (
	"fmt"
	"slices"
	"strings"
)

// Reference is the part of the page about the file that lists its keys, in Markdown.
func Reference() string {
	var b strings.Builder
	seen := map[string]bool{}
	document(&b, file().schema(), seen)
	var rows []row
	for name, f := range smallFields() {
		rows = append(rows, row{name, f.words, f.otherwise, f.doc})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(b.key, a.key) })
	b.WriteString("\n### small\n\nAny of the file's keys, less `version`, `name` and `hypothesis`, and:\n")
	table(&b, rows)
	return b.String()
}

// document writes an object, and then those that its keys hold, each once.
func document(b *strings.Builder, s *Schema, seen map[string]bool) {
	if s.rows != nil && !seen[s.Title] {
		seen[s.Title] = true
		fmt.Fprintf(b, "\n### %s\n", s.Title)
		if len(s.one) > 0 {
			fmt.Fprintf(b, "\nOne of %s.\n", strings.Join(s.one, ", "))
		}
		table(b, s.rows)
		if s.cases != nil {
			fmt.Fprintf(b, "\n| %s | needs | may have | holds when |\n|---|---|---|---|\n", s.cases.key)
			for _, c := range s.cases.of {
				fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", c.word, strings.Join(strings.Fields(c.needs), ", "), strings.Join(strings.Fields(c.may), ", "), c.doc)
			}
		}
		for _, row := range s.rows {
			document(b, s.Properties[row.key], seen)
		}
	}
	for _, child := range []*Schema{s.Items, s.Values} {
		if child != nil {
			document(b, child, seen)
		}
	}
}

func table(b *strings.Builder, rows []row) {
	b.WriteString("\n| key | is | by itself | meaning |\n|---|---|---|---|\n")
	for _, r := range rows {
		otherwise := r.otherwise
		if otherwise != "" && otherwise != needed {
			otherwise = "`" + otherwise + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r.key, r.words, otherwise, r.doc)
	}
}
