package record

import (
	"math"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// row builds one line of JSON, member by member, in the order in which they are
// asked for. It is reused for the next.
type row struct {
	b     []byte
	first bool // nothing is in the open bag yet
}

// ticks is a moment as the store and KQL count it.
func ticks(t time.Time) int64 { return value.Ticks(t) }

// begin starts a row with its time, under the name of the table's time column.
func (w *row) begin(column string, at int64) {
	w.b = append(w.b[:0], '{')
	w.name(column)
	w.b = append(w.b, '"')
	w.b = value.AppendDatetime(w.b, at)
	w.b = append(w.b, '"')
}

func (w *row) name(column string) {
	if len(w.b) > 1 && !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.b = append(w.b, '"')
	w.b = append(w.b, column...)
	w.b = append(w.b, '"', ':')
}

// text adds a string; an empty one is left out, as null.
func (w *row) text(column, s string) {
	if s != "" {
		w.name(column)
		w.b = value.AppendQuoted(w.b, s)
	}
}

// secretive adds a string that may hold secrets.
func (w *row) secretive(column string, b []byte) {
	if len(b) > 0 {
		w.name(column)
		w.b = value.AppendQuoted(w.b, telemetry.Redact(b))
	}
}

func (w *row) long(column string, n int64) {
	w.name(column)
	w.b = strconv.AppendInt(w.b, n, 10)
}

// real adds a number; what is none is left out, as null.
func (w *row) real(column string, f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return
	}
	w.name(column)
	w.b = strconv.AppendFloat(w.b, f, 'f', -1, 64)
}

// raw adds what is JSON already.
func (w *row) raw(column string, json []byte) {
	w.name(column)
	w.b = append(w.b, json...)
}

// open begins a bag; close ends it, and leaves it out if nothing is in it.
func (w *row) open(column string) (mark int) {
	mark = len(w.b)
	w.name(column)
	w.b = append(w.b, '{')
	w.first = true
	return mark
}

func (w *row) close(mark int) {
	if w.first {
		w.b, w.first = w.b[:mark], false
		return
	}
	w.b = append(w.b, '}')
}

// number adds a number as a text: in customDimensions all are.
func (w *row) number(name string, n int64) {
	w.name(name)
	w.b = append(w.b, '"')
	w.b = strconv.AppendInt(w.b, n, 10)
	w.b = append(w.b, '"')
}

// bytes is the row as one line without its end; good until the next begin.
func (w *row) bytes() []byte {
	w.b = append(w.b, '}')
	return w.b
}

// amount adds a number as a text.
func (w *row) amount(name string, f float64) {
	w.name(name)
	w.b = append(w.b, '"')
	w.b = strconv.AppendFloat(w.b, f, 'f', -1, 64)
	w.b = append(w.b, '"')
}
