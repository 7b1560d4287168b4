package logline

import "bytes"

// trimStamp cuts a time, with its date, its zone and the brackets around it, off
// the beginning of a line; ok is false if there is none. It knows the shapes
// 2026-04-05T01:30:00.123Z, 2026-04-05 01:30:00,123 +0000, 2026/04/05 01:30:00,
// 05/Apr/2026:01:30:00 +0000, Apr 05, 2026 1:30:00 PM, Sun Apr  5 01:30:00 2026
// and 01:30:00.123.
func trimStamp(line []byte) (rest []byte, ok bool) {
	b, bracket := line, byte(0)
	if len(b) > 1 && (b[0] == '[' || b[0] == '(') {
		bracket = b[0]
		b = b[1:]
	}
	if b, ok = stamp(b); !ok {
		return line, false
	}
	if bracket != 0 {
		closing := byte(']')
		if bracket == '(' {
			closing = ')'
		}
		if len(b) > 0 && b[0] == closing {
			return trimSpace(b[1:]), true
		}
		return trimSpace(b), true // [2026-04-05T01:30:00Z INFO  crate] message
	}
	return trimSpace(b), true
}

func stamp(b []byte) (rest []byte, ok bool) {
	if rest, ok = isoDate(b); ok {
		if len(rest) > 0 && (rest[0] == 'T' || rest[0] == ' ' || rest[0] == 't' || rest[0] == '_') {
			if after, ok := clock(trimSpace(rest[1:])); ok {
				return zone(after), true
			}
		}
		return b, false // a date alone may be part of what the line says
	}
	if rest, ok = namedDate(b); ok {
		return zone(rest), true
	}
	if rest, ok = clock(b); ok {
		return zone(rest), true
	}
	return b, false
}

// isoDate is 2026-04-05, 2026/04/05 or 05.04.2026.
func isoDate(b []byte) ([]byte, bool) {
	if len(b) < 10 {
		return b, false
	}
	for i, form := range []byte("0000-00-00") {
		if form == '0' && !isDigit(b[i]) || form == '-' && b[i] != '-' && b[i] != '/' && b[i] != '.' {
			return b, false
		}
	}
	return b[10:], true
}

// clock is 01:30, 01:30:00 or 1:30:00.123456, with a comma or a point.
func clock(b []byte) ([]byte, bool) {
	n := 0
	for n < len(b) && n < 2 && isDigit(b[n]) {
		n++
	}
	if n == 0 || len(b) < n+6 || b[n] != ':' || b[n+3] != ':' ||
		!isDigit(b[n+1]) || !isDigit(b[n+2]) || !isDigit(b[n+4]) || !isDigit(b[n+5]) {
		return b, false
	}
	n += 6
	if n+1 < len(b) && (b[n] == '.' || b[n] == ',') && isDigit(b[n+1]) {
		for n++; n < len(b) && isDigit(b[n]); n++ {
		}
	}
	return b[n:], true
}

// zone cuts Z, +02:00, -0700, UTC, AM or PM off.
func zone(b []byte) []byte {
	t := b
	if len(t) > 1 && t[0] == ' ' {
		t = t[1:]
	}
	switch {
	case len(b) > 0 && (b[0] == 'Z' || b[0] == 'z') && (len(b) == 1 || !isLetter(b[1])):
		return b[1:]
	case len(t) >= 5 && (t[0] == '+' || t[0] == '-') && isDigit(t[1]) && isDigit(t[2]):
		n := 3
		if t[n] == ':' {
			n++
		}
		if len(t) >= n+2 && isDigit(t[n]) && isDigit(t[n+1]) {
			return t[n+2:]
		}
	case hasWord(t, "UTC"), hasWord(t, "GMT"), hasWord(t, "CET"):
		return t[3:]
	case hasWord(t, "AM"), hasWord(t, "PM"):
		return t[2:]
	}
	return b
}

func hasWord(b []byte, word string) bool {
	return len(b) >= len(word) && string(b[:len(word)]) == word && (len(b) == len(word) || !isLetter(b[len(word)]))
}

// namedDate is a date with a month's name, with its time.
func namedDate(b []byte) ([]byte, bool) {
	t := b
	for _, day := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		if hasWord(t, day) {
			t = bytes.TrimLeft(t[3:], ", ")
			break
		}
	}
	i, seen := 0, false
	for steps := 0; steps < 5 && i < len(t); steps++ {
		switch {
		case isLetter(t[i]):
			if seen || len(t) < i+3 || !isMonth(t[i:i+3]) {
				return b, false
			}
			seen = true
			for i < len(t) && isLetter(t[i]) {
				i++
			}
		case isDigit(t[i]):
			if seen {
				if after, ok := clock(t[i:]); ok {
					// Sun Apr  5 01:30:00 2026: the year stands behind it.
					if len(after) >= 5 && after[0] == ' ' && isDigit(after[1]) && isDigit(after[2]) && isDigit(after[3]) && isDigit(after[4]) {
						after = after[5:]
					}
					return after, true
				}
			}
			n := i
			for i < len(t) && isDigit(t[i]) {
				i++
			}
			if i-n > 4 {
				return b, false
			}
		default:
			return b, false
		}
		n := i
		for i < len(t) && i < n+3 && (t[i] == ' ' || t[i] == '/' || t[i] == ',' || t[i] == ':' || t[i] == '-') {
			i++
		}
	}
	return b, false
}

func isMonth(b []byte) bool {
	for _, m := range []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"} {
		if string(b) == m {
			return true
		}
	}
	return false
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}
