package tabular

import (
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// CSV writes a line of names and a line for each row, fields quoted as RFC 4180
// has it, lines ended by \n. Between two results stands an empty line.
func CSV(w io.Writer, results []*table.Result) error {
	l := newLines(w)
	for n, r := range results {
		if n > 0 {
			l.buf = append(l.buf, '\n')
		}
		l.buf = AppendCSVNames(l.buf, r.Columns)
		err := l.each(r, func(to []byte, row []value.Value) []byte { return AppendCSV(to, r.Columns, row) })
		if err != nil {
			return err
		}
	}
	return l.end()
}

// AppendCSVNames writes the line of names.
func AppendCSVNames(to []byte, columns []schema.Column) []byte {
	for i, c := range columns {
		to = appendField(to, c.Name, i, len(columns))
	}
	return append(to, '\n')
}

// AppendCSV writes a row's line.
func AppendCSV(to []byte, columns []schema.Column, row []value.Value) []byte {
	for i, c := range columns {
		to = appendField(to, cell(row, i, c.Type).Text(), i, len(columns))
	}
	return append(to, '\n')
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
