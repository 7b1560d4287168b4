package schedule

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// ParseSpan reads a TimeSpan as .NET does: [-][d.]hh:mm[:ss[.fffffff]], or d
// alone. It has a trap: in hh:mm:ss with 24 or more at its front, that front is
// days, and hours and minutes follow. The error is an *Error.
func ParseSpan(text string) (time.Duration, error) {
	d, _, err := parseSpan(text)
	if err != nil {
		return 0, err
	}
	return d, nil
}

const spanHint = "hh:mm:ss, as in 00:05:00 for five minutes, or d.hh:mm:ss with days"

// parseSpan also says where a span reads otherwise than it looks.
func parseSpan(text string) (d time.Duration, trap *Error, err error) {
	fault := func(problem string) (time.Duration, *Error, error) {
		return 0, nil, &Error{Source: text, Column: 1, Problem: problem, Hint: spanHint}
	}
	if len(text) > MaxText {
		return fault(fmt.Sprintf("%d bytes are no TimeSpan", len(text)))
	}
	plain := strings.TrimSpace(text)
	digits, negative := strings.CutPrefix(plain, "-")
	days, hours, minutes, seconds, fraction, trapped, sound := splitSpan(digits)
	if !sound {
		return fault(fmt.Sprintf("%q is neither fields nor a TimeSpan", clip(text)))
	}
	if hours > 23 || minutes > 59 || seconds > 59 {
		return fault(fmt.Sprintf("%q has more than 23 hours, 59 minutes or 59 seconds", clip(text)))
	}
	// A Duration holds some 292 years.
	if days >= math.MaxInt64/int(24*time.Hour) {
		return fault(fmt.Sprintf("%q is more than 290 years", clip(text)))
	}
	d = time.Duration(days)*24*time.Hour + time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute +
		time.Duration(seconds)*time.Second + fraction
	if trapped != "" {
		trap = &Error{Source: text, Column: 1, Problem: fmt.Sprintf("%q is %s: %s", clip(text), inWords(d), trapped), Hint: spanHint}
	}
	if negative {
		d = -d
	}
	return d, trap, nil
}

// splitSpan takes the parts of a span apart; trapped says why they may be others
// than it looks.
func splitSpan(text string) (days, hours, minutes, seconds int, fraction time.Duration, trapped string, sound bool) {
	parts := strings.Split(text, ":")
	if len(parts) > 1 {
		if front, rest, dotted := strings.Cut(parts[0], "."); dotted {
			parts = append([]string{front, rest}, parts[1:]...)
			if len(parts) == 3 { // d.hh:mm
				parts = append(parts, "0")
			}
		}
	}
	last := len(parts) - 1
	if len(parts) >= 3 {
		whole, part, dotted := strings.Cut(parts[last], ".")
		if dotted {
			if fraction, sound = ticks(part); !sound {
				return 0, 0, 0, 0, 0, "", false
			}
		}
		parts[last] = whole
	}
	var n [4]int
	if len(parts) > len(n) {
		return 0, 0, 0, 0, 0, "", false
	}
	for i, part := range parts {
		if n[i], sound = number(part); !sound {
			return 0, 0, 0, 0, 0, "", false
		}
	}
	switch len(parts) {
	case 1:
		return n[0], 0, 0, 0, 0, "a number alone is days", true
	case 2:
		return 0, n[0], n[1], 0, 0, "", true
	case 3:
		if n[0] > 23 && fraction == 0 {
			return n[0], n[1], n[2], 0, 0, "with 24 or more at the front it is dd:hh:mm", true
		}
		return 0, n[0], n[1], n[2], fraction, "", true
	default:
		return n[0], n[1], n[2], n[3], fraction, "", true
	}
}

// ticks reads up to seven digits after the point: a tick of .NET is 100 ns.
func ticks(text string) (time.Duration, bool) {
	n, sound := number(text)
	if !sound || len(text) > 7 {
		return 0, false
	}
	for range 7 - len(text) {
		n *= 10
	}
	return time.Duration(n) * 100, true
}

func clip(text string) string {
	if len(text) > 60 {
		return text[:60] + "…"
	}
	return text
}
