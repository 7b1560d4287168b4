package export

import (
	"io"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// appInsights writes the document that az prints: a table called PrimaryResult,
// dynamics as JSON in strings, decimals in strings, since readers make reals of
// numbers.
type appInsights struct {
	out     io.Writer
	columns []schema.Column
	buf     []byte
	inner   []byte
	rows    int
}

func newAppInsights(out io.Writer, t schema.Table) *appInsights {
	a := &appInsights{out: out, columns: t.Columns}
	a.buf = append(a.buf, `{"tables":[{"name":"PrimaryResult","columns":[`...)
	for i, c := range t.Columns {
		if i > 0 {
			a.buf = append(a.buf, ',')
		}
		a.buf = value.AppendQuoted(append(a.buf, `{"name":`...), c.Name)
		a.buf = append(a.buf, `,"type":"`...)
		a.buf = append(append(a.buf, c.Type.String()...), `"}`...)
	}
	a.buf = append(a.buf, `],"rows":[`...)
	return a
}

func (a *appInsights) row(row []value.Value) error {
	if a.rows++; a.rows > 1 {
		a.buf = append(a.buf, ',')
	}
	a.buf = append(a.buf, '\n', '[')
	for i, c := range a.columns {
		if i > 0 {
			a.buf = append(a.buf, ',')
		}
		v := row[i]
		if (c.Type == schema.Dynamic || c.Type == schema.Decimal) && !v.IsNull() {
			a.inner = v.AppendJSON(a.inner[:0])
			a.buf = value.AppendQuoted(a.buf, string(a.inner))
			continue
		}
		a.buf = v.AppendJSON(a.buf)
	}
	a.buf = append(a.buf, ']')
	return a.flush()
}

func (a *appInsights) end() error {
	a.buf = append(a.buf, "]}]}\n"...)
	return a.flush()
}

func (a *appInsights) flush() error {
	_, err := a.out.Write(a.buf)
	a.buf = a.buf[:0]
	return err
}

// csv writes a line of names and a line a row.
type csv struct {
	out     io.Writer
	columns []schema.Column
	buf     []byte
}

func newCSV(out io.Writer, t schema.Table) *csv {
	return &csv{out, t.Columns, tabular.AppendCSVNames(nil, t.Columns)}
}

func (c *csv) row(row []value.Value) error {
	c.buf = tabular.AppendCSV(c.buf, c.columns, row)
	return c.end()
}

func (c *csv) end() error {
	_, err := c.out.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}
