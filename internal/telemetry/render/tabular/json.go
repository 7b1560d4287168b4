package tabular

import (
	"io"
	"strconv"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// JSON writes one document with a table for each result:
//
//	{"tables":[{"columns":[{"name","type"}],"rows":[[…]]}],"warnings":[…]}
//
// The types are Kusto's. Datetimes are ISO 8601 with seven digits and Z, timespans
// [-][d.]hh:mm:ss[.fffffff], guids text; longs and decimals numbers with all their
// digits, reals numbers, or "NaN", "Infinity", "-Infinity"; dynamics JSON values.
// The warnings are those given, then those of the results.
func JSON(w io.Writer, results []*table.Result, warnings []table.Warning) error {
	l := newLines(w)
	l.buf = append(l.buf, `{"tables":[`...)
	for i, r := range results {
		if i > 0 {
			l.buf = append(l.buf, ',')
		}
		l.buf = append(l.buf, `{"columns":[`...)
		for j, c := range r.Columns {
			if j > 0 {
				l.buf = append(l.buf, ',')
			}
			l.buf = appendColumn(l.buf, c)
		}
		l.buf = append(l.buf, `],"rows":[`...)
		first := true
		err := l.each(r, func(to []byte, row []value.Value) []byte {
			if !first {
				to = append(to, ',')
			}
			first = false
			return appendRow(append(to, '\n'), r.Columns, row)
		})
		if err != nil {
			return err
		}
		l.buf = append(l.buf, "]}"...)
	}
	l.buf = append(l.buf, `],"warnings":[`...)
	for i, warning := range Warnings(warnings, results) {
		if i > 0 {
			l.buf = append(l.buf, ',')
		}
		l.buf = appendWarning(append(l.buf, '\n'), warning)
	}
	l.buf = append(l.buf, "]}\n"...)
	return l.end()
}

// NDJSON writes every row of every result as an object on a line of its own. Of
// columns of the same name, each is written.
func NDJSON(w io.Writer, results []*table.Result) error {
	l := newLines(w)
	for _, r := range results {
		names := make([][]byte, len(r.Columns))
		for i, c := range r.Columns {
			names[i] = append(value.AppendQuoted(nil, c.Name), ':')
		}
		err := l.each(r, func(to []byte, row []value.Value) []byte {
			to = append(to, '{')
			for i, c := range r.Columns {
				if i > 0 {
					to = append(to, ',')
				}
				to = append(to, names[i]...)
				to = cell(row, i, c.Type).AppendJSON(to)
			}
			return append(to, "}\n"...)
		})
		if err != nil {
			return err
		}
	}
	return l.end()
}

func appendColumn(to []byte, c schema.Column) []byte {
	to = value.AppendQuoted(append(to, `{"name":`...), c.Name)
	to = append(to, `,"type":"`...)
	to = append(to, c.Type.String()...)
	return append(to, `"}`...)
}

func appendRow(to []byte, columns []schema.Column, row []value.Value) []byte {
	to = append(to, '[')
	for i, c := range columns {
		if i > 0 {
			to = append(to, ',')
		}
		to = cell(row, i, c.Type).AppendJSON(to)
	}
	return append(to, ']')
}

func appendWarning(to []byte, w table.Warning) []byte {
	to = append(to, '{')
	if w.Code != "" {
		to = value.AppendQuoted(append(to, `"code":`...), w.Code)
		to = append(to, ',')
	}
	to = value.AppendQuoted(append(to, `"message":`...), w.Message)
	if w.Line > 0 {
		to = strconv.AppendInt(append(to, `,"line":`...), int64(w.Line), 10)
	}
	if w.Column > 0 {
		to = strconv.AppendInt(append(to, `,"column":`...), int64(w.Column), 10)
	}
	if w.Instead != "" {
		to = value.AppendQuoted(append(to, `,"instead":`...), w.Instead)
	}
	return append(to, '}')
}
