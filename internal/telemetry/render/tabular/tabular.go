// Package tabular writes the results of queries as text: JSON, lines of JSON,
// CSV and Markdown for programs and documents, aligned columns for a person.
//
// What programs read is exact: every digit of a long, the shortest text of a
// real that reads back as it, seven digits of a second. What a person reads is
// short, and can do the terminal no harm: control characters are shown, not
// sent. A null is JSON's null and empty elsewhere; a string is never null, as in
// Kusto. Begin with [JSON] and [Table].
package tabular

import (
	"bufio"
	"io"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// lines writes a line at a time through one buffer; the first error stays.
type lines struct {
	out *bufio.Writer
	buf []byte
}

func newLines(w io.Writer) *lines {
	return &lines{out: bufio.NewWriterSize(w, 64<<10)}
}

// flush gives what is in buf to the writer.
func (l *lines) flush() error {
	_, err := l.out.Write(l.buf)
	l.buf = l.buf[:0]
	return err
}

func (l *lines) end() error {
	if err := l.flush(); err != nil {
		return err
	}
	return l.out.Flush()
}

// each writes what line appends for every row of a result.
func (l *lines) each(result *table.Result, line func(to []byte, row []value.Value) []byte) error {
	for _, row := range result.Rows {
		l.buf = line(l.buf, row)
		if err := l.flush(); err != nil {
			return err
		}
	}
	return nil
}

// cell is the value of a column in a row that may be short, with a string's
// null as the empty string.
func cell(row []value.Value, i int, t schema.Type) value.Value {
	v := value.Null
	if i < len(row) {
		v = row[i]
	}
	if v.IsNull() && t == schema.String {
		return value.String("")
	}
	return v
}

// Warnings are those given and those of all results, in order.
func Warnings(given []table.Warning, results []*table.Result) []table.Warning {
	all := append([]table.Warning{}, given...)
	for _, r := range results {
		all = append(all, r.Warnings...)
	}
	return all
}
