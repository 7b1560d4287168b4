package expression

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The format of a time where none is given: ISO 8601 without colons, which names
// of files can't have everywhere.
const plainTime = "yyyy-MM-ddTHH-mm-ssK"

var anyTime = time.Date(2000, 1, 2, 3, 4, 5, 0, time.UTC)

// standardTime are .NET's formats of one letter, in the invariant culture.
func standardTime(letter byte) (format string, known bool) {
	switch letter {
	case 'd':
		return "MM/dd/yyyy", true
	case 'D':
		return "dddd, dd MMMM yyyy", true
	case 'f':
		return "dddd, dd MMMM yyyy HH:mm", true
	case 'F', 'U':
		return "dddd, dd MMMM yyyy HH:mm:ss", true
	case 'g':
		return "MM/dd/yyyy HH:mm", true
	case 'G':
		return "MM/dd/yyyy HH:mm:ss", true
	case 'm', 'M':
		return "MMMM dd", true
	case 'o', 'O':
		return "yyyy-MM-ddTHH:mm:ss.fffffffK", true
	case 'r', 'R':
		return "ddd, dd MMM yyyy HH:mm:ss 'GMT'", true
	case 's':
		return "yyyy-MM-ddTHH:mm:ss", true
	case 't':
		return "HH:mm", true
	case 'T':
		return "HH:mm:ss", true
	case 'u':
		return "yyyy-MM-dd HH:mm:ss'Z'", true
	case 'y', 'Y':
		return "yyyy MMMM", true
	default:
		return "", false
	}
}

// formatTime prints a time as DateTime.ToString does in the invariant culture
// (learn.microsoft.com, "Custom date and time format strings").
func formatTime(t time.Time, format string) (string, error) {
	if format == "" {
		format = plainTime
	}
	if len(format) == 1 {
		standard, known := standardTime(format[0])
		if !known {
			return "", fmt.Errorf("%q is no format of a time", format)
		}
		format = standard
	}
	var b strings.Builder
	for i := 0; i < len(format); {
		c, n := format[i], 1
		switch c {
		case '\'', '"':
			text, length, err := quoted(format[i:])
			if err != nil {
				return "", err
			}
			b.WriteString(text)
			n = length
		case '\\':
			if i+1 == len(format) {
				return "", errors.New(`the format ends in \`)
			}
			b.WriteByte(format[i+1])
			n = 2
		case '%':
			if i+1 == len(format) || format[i+1] == '%' {
				return "", errors.New("a % without a letter after it")
			}
		default:
			for i+n < len(format) && format[i+n] == c && isLetter(c) {
				n++
			}
			if err := timePart(&b, t, c, n); err != nil {
				return "", err
			}
		}
		i += n
	}
	return b.String(), nil
}

// isLetter says whether runs of c mean something.
func isLetter(c byte) bool { return strings.IndexByte("dfFghHmMstyz", c) >= 0 }

// quoted reads a literal between quotes.
func quoted(format string) (text string, length int, err error) {
	var b strings.Builder
	for i := 1; i < len(format); i++ {
		switch {
		case format[i] == format[0]:
			return b.String(), i + 1, nil
		case format[i] == '\\' && i+1 < len(format):
			i++
			b.WriteByte(format[i])
		default:
			b.WriteByte(format[i])
		}
	}
	return "", 0, fmt.Errorf("a %c without its end", format[0])
}

// timePart prints what n equal letters stand for.
func timePart(b *strings.Builder, t time.Time, c byte, n int) error {
	two := func(v int) { fmt.Fprintf(b, "%0*d", min(n, 2), v) }
	switch c {
	case 'd':
		switch {
		case n <= 2:
			two(t.Day())
		case n == 3:
			b.WriteString(t.Format("Mon"))
		default:
			b.WriteString(t.Format("Monday"))
		}
	case 'M':
		switch {
		case n <= 2:
			two(int(t.Month()))
		case n == 3:
			b.WriteString(t.Format("Jan"))
		default:
			b.WriteString(t.Format("January"))
		}
	case 'f', 'F':
		if n > 7 {
			return errors.New("more than 7 digits of a second")
		}
		digits := fmt.Sprintf("%09d", t.Nanosecond())[:n]
		if c == 'F' {
			digits = strings.TrimRight(digits, "0")
			if kept, ok := strings.CutSuffix(b.String(), "."); ok && digits == "" {
				b.Reset()
				b.WriteString(kept)
			}
		}
		b.WriteString(digits)
	case 'g':
		b.WriteString("A.D.")
	case 'h':
		two((t.Hour()+11)%12 + 1)
	case 'H':
		two(t.Hour())
	case 'm':
		two(t.Minute())
	case 's':
		two(t.Second())
	case 't':
		b.WriteString(t.Format("PM")[:min(n, 2)])
	case 'y':
		if n <= 2 {
			two(t.Year() % 100)
		} else {
			fmt.Fprintf(b, "%0*d", min(n, 9), t.Year())
		}
	case 'z':
		b.WriteString(offset(t, n))
	case 'K':
		if t.Location() == time.UTC {
			b.WriteByte('Z')
		} else {
			b.WriteString(offset(t, 3))
		}
	default:
		b.WriteByte(c)
	}
	return nil
}

func offset(t time.Time, n int) string {
	_, seconds := t.Zone()
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	switch n {
	case 1:
		return fmt.Sprintf("%s%d", sign, seconds/3600)
	case 2:
		return fmt.Sprintf("%s%02d", sign, seconds/3600)
	default:
		return fmt.Sprintf("%s%02d:%02d", sign, seconds/3600, seconds/60%60)
	}
}

// timeTrap tells of letters that mean something else than in other languages.
func timeTrap(format string) (problem, hint string) {
	switch {
	case len(format) > 1 && strings.Contains(format, "YY"):
		return fmt.Sprintf("in %q, Y stands for itself", format), "y for the year"
	case len(format) > 1 && strings.Contains(format, "DD"):
		return fmt.Sprintf("in %q, D stands for itself", format), "d for the day"
	case strings.Contains(format, "yy") && strings.Contains(format, "mm") && !strings.ContainsAny(format, "MhH"):
		return fmt.Sprintf("in %q, mm is the minute", format), "MM for the month"
	default:
		return "", ""
	}
}
