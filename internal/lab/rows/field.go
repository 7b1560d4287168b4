package rows

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
	"unique"
)

// longestText is how many bytes of a text are kept: a field is for people, and what is
// longer stands in the worker's log.
const longestText = 8 << 10

const cut = "…"

// split takes a line apart at its commas, into fields. A field in quotes has each quote
// in it twice.
func split(fields []string, line string) ([]string, error) {
	for {
		var field string
		if strings.HasPrefix(line, `"`) {
			var b strings.Builder
			rest := line[1:]
			for {
				part, after, found := strings.Cut(rest, `"`)
				if !found {
					return fields, errors.New("a quote is not closed")
				}
				b.WriteString(part)
				if !strings.HasPrefix(after, `"`) {
					rest = after
					break
				}
				b.WriteByte('"')
				rest = after[1:]
			}
			field, line = b.String(), rest
			if line != "" && line[0] != ',' {
				return fields, fmt.Errorf("%.20q stands behind a closed quote", line)
			}
		} else {
			end := strings.IndexByte(line, ',')
			if end < 0 {
				end = len(line)
			}
			field, line = line[:end], line[end:]
		}
		fields = append(fields, field)
		if line == "" {
			return fields, nil
		}
		line = line[1:]
	}
}

// clean is a text as it is kept: valid UTF-8, and not too long.
func clean(s string) string {
	long := len(s) > longestText
	if long {
		s = s[:longestText]
	}
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	if !long && len(s) <= longestText {
		return s
	}
	end := min(len(s), longestText-len(cut))
	for end > 0 && end < len(s) && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cut
}

// appendText writes a text as a field. Backslashes and control characters are written
// as in a string of Go, so that a row is one line.
func appendText(to []byte, s string) []byte {
	s = clean(s)
	quoted := strings.ContainsAny(s, `,"`) || s != strings.TrimSpace(s)
	if quoted {
		to = append(to, '"')
	}
	for _, r := range s {
		switch {
		case r == '"':
			to = append(to, `""`...)
		case r == '\\':
			to = append(to, `\\`...)
		case r == '\n':
			to = append(to, `\n`...)
		case r == '\t':
			to = append(to, `\t`...)
		case r < 0x20 || r == 0x7f:
			to = fmt.Appendf(to, `\x%02x`, r)
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	if quoted {
		to = append(to, '"')
	}
	return to
}

func parseText(field string) (string, error) {
	if len(field) > 4*longestText+4 {
		return "", fmt.Errorf("a text of %d bytes is longer than any may be", len(field))
	}
	if !strings.Contains(field, `\`) {
		return unique.Make(field).Value(), nil // the same few texts, millions of times
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(field, `\`)
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), nil
		case strings.HasPrefix(after, `\`):
			b.WriteByte('\\')
			field = after[1:]
		case strings.HasPrefix(after, "n"):
			b.WriteByte('\n')
			field = after[1:]
		case strings.HasPrefix(after, "t"):
			b.WriteByte('\t')
			field = after[1:]
		case strings.HasPrefix(after, "x") && len(after) >= 3:
			code, err := strconv.ParseUint(after[1:3], 16, 7)
			if err != nil {
				return "", fmt.Errorf("\\%s is no character", after[:3])
			}
			b.WriteByte(byte(code))
			field = after[3:]
		default:
			return "", errors.New(`a \ stands before nothing that it can`)
		}
	}
}

// appendNumber writes a number, and nothing for NaN.
func appendNumber(to []byte, x float64) []byte {
	if math.IsNaN(x) {
		return to
	}
	return strconv.AppendFloat(to, x, 'f', -1, 64)
}

func parseNumber(column, field string) (float64, error) {
	if field == "" {
		return math.NaN(), nil
	}
	x, err := strconv.ParseFloat(field, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%s: %.40q is no number", column, field)
	}
	return x, nil
}

func parseWhole(column, field string) (int64, error) {
	n, err := strconv.ParseInt(field, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %.40q is no whole number", column, field)
	}
	return n, nil
}

// first is the first thing that is wrong with a row.
type first struct{ err error }

func (f *first) see(errs ...error) {
	for _, err := range errs {
		if f.err == nil {
			f.err = err
		}
	}
}

// moment checks a time that has to be there.
func moment(column string, at float64) error {
	if math.IsNaN(at) || math.IsInf(at, 0) {
		return fmt.Errorf("%s: a row has to have its time", column)
	}
	return nil
}

// amount checks what can't be less than nothing, and may be unknown.
func amount(column string, x float64) error {
	if x < 0 || math.IsInf(x, 0) {
		return fmt.Errorf("%s: %v is no amount", column, x)
	}
	return nil
}
