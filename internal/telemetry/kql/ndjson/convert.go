package ndjson

import (
	"bytes"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func (s *Scanner) converted(i int, v value.Value, t schema.Type) {
	s.row[i] = value.Convert(v, t)
	if s.row[i].IsNull() {
		s.skipped.Values++
	}
}

// ofText reads a quoted value, without its quotes, as a type.
func (s *Scanner) ofText(b []byte, t schema.Type) value.Value {
	if t == schema.Datetime {
		if ticks, ok := s.moment(b); ok {
			return value.Datetime(ticks)
		}
	}
	text := share(b)
	if bytes.IndexByte(b, '\\') >= 0 {
		v, ok := value.ParseJSON(`"` + string(b) + `"`)
		if !ok {
			s.skipped.Values++
			return value.Null
		}
		text = v.Str()
	}
	switch t {
	case schema.String:
		return value.String(text)
	case schema.Dynamic:
		return dynamic(strings.Clone(text))
	}
	v := value.Convert(value.String(text), t)
	if v.IsNull() && text != "" {
		s.skipped.Values++
	}
	return v
}

// dynamic reads a dynamic that was written as a text: Azure's exports do so.
func dynamic(text string) value.Value {
	if text != "" && (text[0] == '{' || text[0] == '[') {
		if v, ok := value.ParseJSON(text); ok {
			return v
		}
	}
	return value.String(text)
}

// moment reads 2026-04-05T01:30:00[.fffffff]Z without an allocation; the ticks of
// its day are remembered.
func (s *Scanner) moment(b []byte) (int64, bool) {
	if len(b) < 20 || len(b) > 28 || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[len(b)-1] != 'Z' {
		return 0, false
	}
	if string(b[:10]) != string(s.day[:]) {
		ticks, ok := value.ParseDatetime(string(b[:10]))
		if !ok {
			return 0, false
		}
		copy(s.day[:], b)
		s.dayAt = ticks
	}
	h, okH := two(b[11:])
	m, okM := two(b[14:])
	sec, okS := two(b[17:])
	if !okH || !okM || !okS || h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	ticks := s.dayAt + int64(h)*value.Hour + int64(m)*value.Minute + int64(sec)*value.Second
	if len(b) == 20 {
		return ticks, true
	}
	if b[19] != '.' {
		return 0, false
	}
	unit := value.Second
	for _, c := range b[20 : len(b)-1] {
		if c < '0' || c > '9' {
			return 0, false
		}
		unit /= 10
		ticks += int64(c-'0') * unit
	}
	return ticks, true
}

func two(b []byte) (int, bool) {
	a, c := b[0]-'0', b[1]-'0'
	return int(a)*10 + int(c), a <= 9 && c <= 9
}

// powers of ten that a float holds exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// number reads a plain number of at most 15 digits, whose quotient is exact
// (Clinger's fast path); n is 0 for any other.
func number(b []byte, t schema.Type) (v value.Value, n int) {
	negative := false
	if len(b) > 0 && b[0] == '-' {
		negative, n = true, 1
	}
	mantissa, digits, point := int64(0), 0, -1
scan:
	for ; n < len(b); n++ {
		switch c := b[n]; {
		case c >= '0' && c <= '9':
			mantissa = mantissa*10 + int64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = digits
		case c == ',' || c == '}':
			break scan
		default:
			return v, 0
		}
	}
	if digits == 0 || digits > 15 || point == digits || point == 0 {
		return v, 0
	}
	if negative {
		mantissa = -mantissa
	}
	switch {
	case t == schema.Real && point < 0:
		return value.Real(float64(mantissa)), n
	case t == schema.Real:
		return value.Real(float64(mantissa) / powers[digits-point]), n
	case point >= 0:
		return v, 0
	case t == schema.Long:
		return value.Long(mantissa), n
	case mantissa != int64(int32(mantissa)):
		return v, 0
	}
	return value.Int(mantissa), n
}
