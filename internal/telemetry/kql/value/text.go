package value

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendText writes v as tostring() does: strings as they are, null as nothing,
// arrays and bags as JSON.
func (v Value) AppendText(to []byte) []byte {
	switch v.kind {
	case KindNull:
		return to
	case KindString:
		return append(to, v.Str()...)
	case KindBool:
		if v.Bool() {
			return append(to, "true"...)
		}
		return append(to, "false"...)
	case KindInt, KindLong:
		return strconv.AppendInt(to, v.Long(), 10)
	case KindReal:
		return AppendReal(to, v.Real())
	case KindDecimal:
		return append(to, v.Decimal().String()...)
	case KindDatetime:
		return AppendDatetime(to, v.Long())
	case KindTimespan:
		return AppendTimespan(to, v.Long())
	case KindGuid:
		return AppendGUID(to, v.GUID())
	}
	return v.AppendJSON(to)
}

// Text is v as tostring() gives it.
func (v Value) Text() string {
	if v.kind == KindString {
		return v.Str()
	}
	return string(v.AppendText(nil))
}

// AppendReal writes a number with the fewest digits that read back as it, always
// with a point or an exponent, so that it is seen to be real: 5.0, 0.1, 1e+300.
func AppendReal(to []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(to, "NaN"...)
	case math.IsInf(f, 1):
		return append(to, "Infinity"...)
	case math.IsInf(f, -1):
		return append(to, "-Infinity"...)
	}
	from := len(to)
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-5 || abs >= 1e16) {
		format = 'e'
	}
	to = strconv.AppendFloat(to, f, format, -1, 64)
	for _, c := range to[from:] {
		if c == '.' || c == 'e' {
			return to
		}
	}
	return append(to, '.', '0')
}

// AppendGUID writes a guid as 8-4-4-4-12 digits in lower case.
func AppendGUID(to []byte, g [16]byte) []byte {
	for i, b := range g {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			to = append(to, '-')
		}
		to = hex.AppendEncode(to, []byte{b})
	}
	return to
}

// ParseGUID reads 32 hexadecimal digits, with hyphens between them or not, in
// braces or not.
func ParseGUID(text string) (g [16]byte, ok bool) {
	s := strings.TrimSpace(text)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}")
	s = strings.ReplaceAll(s, "-", "")
	if len(s) != 32 {
		return g, false
	}
	n, err := hex.Decode(g[:], []byte(s))
	return g, err == nil && n == 16
}

// AppendQuoted writes a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendQuoted[T string | []byte](to []byte, s T) []byte {
	to = append(to, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := decode(s[i:])
			if r == utf8.RuneError && n == 1 {
				to = append(append(to, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += n
			continue
		}
		to = append(to, s[from:i]...)
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		case '\t':
			to = append(to, '\\', 't')
		case '\b':
			to = append(to, '\\', 'b')
		case '\f':
			to = append(to, '\\', 'f')
		default:
			to = append(to, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
		i++
		from = i
	}
	return append(append(to, s[from:]...), '"')
}

func decode[T string | []byte](s T) (rune, int) {
	var first [utf8.UTFMax]byte
	n := copy(first[:], s)
	return utf8.DecodeRune(first[:n])
}

// AppendJSON writes v as compact JSON. Reals that are no numbers are written as
// strings, since JSON has none; so are datetimes, timespans, guids.
func (v Value) AppendJSON(to []byte) []byte {
	switch v.kind {
	case KindNull:
		return append(to, "null"...)
	case KindString:
		return AppendQuoted(to, v.Str())
	case KindReal:
		if f := v.Real(); math.IsNaN(f) || math.IsInf(f, 0) {
			return AppendQuoted(to, string(AppendReal(nil, f)))
		}
		return v.AppendText(to)
	case KindBool, KindInt, KindLong, KindDecimal:
		return v.AppendText(to)
	case KindArray:
		to = append(to, '[')
		for i, e := range v.Elems() {
			if i > 0 {
				to = append(to, ',')
			}
			to = e.AppendJSON(to)
		}
		return append(to, ']')
	case KindBag:
		to = append(to, '{')
		first := true
		for k, e := range v.Bag().All() {
			if !first {
				to = append(to, ',')
			}
			first = false
			to = AppendQuoted(to, k)
			to = append(to, ':')
			to = e.AppendJSON(to)
		}
		return append(to, '}')
	}
	to = append(to, '"')
	to = v.AppendText(to)
	return append(to, '"')
}
