package tabular

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// display writes values for a person: reals to the twelve digits that mean
// something, the moments of a column all to the same fraction of a second.
type display struct {
	columns  []schema.Column
	fraction []int // digits of a second that a column's moments need
}

func newDisplay(r *table.Result) display {
	d := display{r.Columns, make([]int, len(r.Columns))}
	for i, c := range r.Columns {
		if c.Type != schema.Datetime && c.Type != schema.Timespan {
			continue
		}
		for _, row := range r.Rows {
			d.fraction[i] = max(d.fraction[i], fractionDigits(cell(row, i, c.Type)))
		}
	}
	return d
}

// fractionDigits is how many digits of a second a moment or span has.
func fractionDigits(v value.Value) int {
	if v.Kind() != value.KindDatetime && v.Kind() != value.KindTimespan {
		return 0
	}
	ticks, digits := v.Long()%value.Second, 7
	if ticks == 0 {
		return 0
	}
	for ticks%10 == 0 {
		ticks /= 10
		digits--
	}
	return digits
}

// raw is a cell's text, control characters and all.
func (d display) raw(row []value.Value, i int) string {
	v := cell(row, i, d.columns[i].Type)
	switch v.Kind() {
	case value.KindReal:
		return Real(v.Real())
	case value.KindDatetime:
		text := v.Text() // ends in .0000000Z
		if n := d.fraction[i]; n > 0 {
			return text[:len(text)-8+n] + "Z"
		}
		return text[:len(text)-9] + "Z"
	case value.KindTimespan:
		text, n := v.Text(), d.fraction[i]
		switch {
		case n == 0:
			return text
		case v.Long()%value.Second == 0:
			return text + "." + strings.Repeat("0", n)
		}
		return text[:len(text)-7+n] // ends in .0000000
	}
	return v.Text()
}

// text is a cell's text on one line, safe for a terminal.
func (d display) text(row []value.Value, i int) string {
	return Visible(d.raw(row, i))
}

// Real is a number with up to twelve digits, for reading.
func Real(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return string(value.AppendReal(nil, f))
	}
	abs := math.Abs(f)
	if abs != 0 && (abs < 1e-5 || abs >= 1e15) {
		return strconv.FormatFloat(f, 'g', 12, 64)
	}
	whole := 1
	if abs >= 1 {
		whole = int(math.Log10(abs)) + 1
	}
	text := strconv.FormatFloat(f, 'f', max(12-whole, 0), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// Visible is s with its control characters, and what is not UTF-8, written as Go
// writes them in a string, so that no text of a worker's can move the cursor of
// the terminal that it is shown in.
func Visible(s string) string {
	clean := utf8.ValidString(s) && strings.IndexFunc(s, hidden) < 0
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case hidden(r):
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden says whether a terminal obeys a character rather than showing it:
// controls, and what turns the direction of writing round.
func hidden(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

// toTheRight says whether a column of a type is aligned to the right.
func toTheRight(t schema.Type) bool { return t.IsNumber() || t == schema.Timespan }

// Cells gives the text of a result's cells by row and column, as a table shows them.
func Cells(r *table.Result) func(row, column int) string {
	d := newDisplay(r)
	return func(row, column int) string { return d.text(r.Rows[row], column) }
}
