package picture

import (
	"fmt"
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// mostRows is how many rows a page shows; a browser has to lay all of them out.
const mostRows = 2000

// Document is what a page tells.
type Document struct {
	Title string
	// Query is the text that was asked, shown as it is.
	Query    string
	Results  []*table.Result
	Warnings []table.Warning
	// Source says in a line where the rows came from.
	Source string
}

// Page writes an HTML document that needs no other file and runs no script: the
// query, what its author should know, and each result as a chart, if it asked
// for one, above its table.
func Page(w io.Writer, d Document) error {
	var b strings.Builder
	title := d.Title
	for _, r := range d.Results {
		if title == "" && r.Chart != nil {
			title = r.Chart.Properties["title"]
		}
	}
	title = orElse(title, "stanch query")
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>%s</title>\n<style>%s</style>\n<main>\n<h1>%[1]s</h1>\n", escape(title), style())
	if d.Source != "" {
		fmt.Fprintf(&b, "<p class=\"source\">%s</p>\n", escape(d.Source))
	}
	if query := strings.TrimSpace(d.Query); query != "" {
		fmt.Fprintf(&b, "<pre><code>%s</code></pre>\n", escapeLines(query))
	}
	for _, warning := range tabular.Warnings(d.Warnings, d.Results) {
		b.WriteString(`<p class="warning">`)
		if warning.Code != "" {
			fmt.Fprintf(&b, "<b>%s</b> ", escape(warning.Code))
		}
		b.WriteString(escape(warning.Message))
		if warning.Instead != "" {
			fmt.Fprintf(&b, "<br>Azure takes: <code>%s</code>", escape(warning.Instead))
		}
		b.WriteString("</p>\n")
	}
	for _, r := range d.Results {
		section(&b, r, title)
	}
	b.WriteString("</main>\n</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func section(b *strings.Builder, r *table.Result, title string) {
	b.WriteString("<section>\n")
	if figure.IsDrawn(r.Chart) {
		f, err := figure.Of(r)
		if err != nil {
			fmt.Fprintf(b, "<p class=\"warning\">%s</p>\n", escape(err.Error()))
		} else {
			b.WriteString("<figure>\n")
			svg(b, lay(f, f.Title != title))
			b.WriteString("</figure>\n")
		}
	}
	b.WriteString("<div class=\"rows\"><table>\n<thead><tr>")
	for _, c := range r.Columns {
		fmt.Fprintf(b, "<th%s>%s<small>%v</small></th>", alignment(c.Type.IsNumber()), escape(c.Name), c.Type)
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	cells := tabular.Cells(r)
	for n := range min(len(r.Rows), mostRows) {
		b.WriteString("<tr>")
		for i, c := range r.Columns {
			fmt.Fprintf(b, "<td%s>%s</td>", alignment(c.Type.IsNumber()), escape(cells(n, i)))
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody></table></div>\n")
	count := fmt.Sprintf("%d rows", len(r.Rows))
	switch {
	case len(r.Rows) == 1:
		count = "1 row"
	case len(r.Rows) > mostRows:
		count = fmt.Sprintf("the first %d of %d rows", mostRows, len(r.Rows))
	}
	fmt.Fprintf(b, "<p class=\"source\">%s</p>\n</section>\n", count)
}

func alignment(right bool) string {
	if right {
		return ` class="n"`
	}
	return ""
}
