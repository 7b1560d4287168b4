package tabular

import (
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// CSV writes a line of names and a line for each row, fields quoted as RFC 4180
// has it, lines ended by \n. Between two results stands an empty line.
func CSV(w io.Writer, results []*table.Result) error {
	l := newLines(w)
	for n, r := range results {
		if n > 0 {
			l.buf = append(l.buf, '\n')
		}
		for i, c := range r.Columns {
			l.buf = appendField(l.buf, c.Name, i, len(r.Columns))
		}
		l.buf = append(l.buf, '\n')
		var scratch []byte
		err := l.each(r, func(to []byte, row []value.Value) []byte {
			for i, c := range r.Columns {
				v := cell(row, i, c.Type)
				if v.Kind() == value.KindString {
					to = appendField(to, v.Str(), i, len(r.Columns))
					continue
				}
				scratch = v.AppendText(scratch[:0])
				to = appendField(to, string(scratch), i, len(r.Columns))
			}
			return append(to, '\n')
		})
		if err != nil {
			return err
		}
	}
	return l.end()
}

// appendField writes a field behind its comma. A lone empty field is quoted,
// since an empty line would be no row.
func appendField(to []byte, s string, i, of int) []byte {
	if i > 0 {
		to = append(to, ',')
	}
	plain := !strings.ContainsAny(s, ",\"\r\n") && s == strings.TrimSpace(s) && (s != "" || of > 1)
	if plain {
		return append(to, s...)
	}
	to = append(to, '"')
	for {
		before, after, found := strings.Cut(s, `"`)
		to = append(to, before...)
		if !found {
			return append(to, '"')
		}
		to = append(to, `""`...)
		s = after
	}
}
