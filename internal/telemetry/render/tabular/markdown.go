package tabular

import (
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// Markdown writes each result as a table of GitHub's dialect, numbers to the
// right, for an issue or a report.
func Markdown(w io.Writer, results []*table.Result) error {
	l := newLines(w)
	for n, r := range results {
		if n > 0 {
			l.buf = append(l.buf, '\n')
		}
		rule := []byte{'|'}
		l.buf = append(l.buf, '|')
		for _, c := range r.Columns {
			l.buf = append(append(append(l.buf, ' '), markdownCell.Replace(c.Name)...), " |"...)
			if toTheRight(c.Type) {
				rule = append(rule, "---:|"...)
			} else {
				rule = append(rule, "---|"...)
			}
		}
		l.buf = append(append(append(l.buf, '\n'), rule...), '\n')
		shown := newDisplay(r)
		err := l.each(r, func(to []byte, row []value.Value) []byte {
			to = append(to, '|')
			for i := range r.Columns {
				to = append(append(append(to, ' '), markdownCell.Replace(shown.raw(row, i))...), " |"...)
			}
			return append(to, '\n')
		})
		if err != nil {
			return err
		}
	}
	return l.end()
}

var markdownCell = strings.NewReplacer("|", `\|`, "\r\n", "<br>", "\n", "<br>", "\r", "<br>", "&", "&amp;", "<", "&lt;", "`", "\\`", "*", `\*`, "_", `\_`, `\`, `\\`)
