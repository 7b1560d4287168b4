package value

import (
	"math"
	"strconv"
	"strings"
)

// units are the names that Kusto knows for spans, in literals and in timespan().
var units = map[string]int64{
	"d": Day, "day": Day, "days": Day,
	"h": Hour, "hr": Hour, "hrs": Hour, "hour": Hour, "hours": Hour,
	"m": Minute, "min": Minute, "mins": Minute, "minute": Minute, "minutes": Minute,
	"s": Second, "sec": Second, "secs": Second, "second": Second, "seconds": Second,
	"ms": Millisecond, "milli": Millisecond, "millis": Millisecond, "millisec": Millisecond, "millisecond": Millisecond, "milliseconds": Millisecond,
	"micro": Microsecond, "micros": Microsecond, "microsec": Microsecond, "microsecond": Microsecond, "microseconds": Microsecond,
	"nano": 0, "nanos": 0, "nanosec": 0, "nanosecond": 0, "nanoseconds": 0, // finer than a tick; see unitTicks
	"tick": 1, "ticks": 1,
}

// ParseUnit is how many ticks a unit's name stands for, in a span literal such
// as 5m; false if it is none.
func ParseUnit(name string) (ticks float64, ok bool) {
	n, ok := units[name]
	if ok && n == 0 {
		return 0.01, true
	}
	return float64(n), ok
}

// ParseTimespan reads a span: [-][d.]hh:mm[:ss[.fffffff]], a number with a unit
// (1.5h, 10 seconds), or a number of days.
func ParseTimespan(text string) (ticks int64, ok bool) {
	s := strings.TrimSpace(text)
	negative := false
	if rest, found := strings.CutPrefix(s, "-"); found {
		negative, s = true, strings.TrimSpace(rest)
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	if s == "" {
		return 0, false
	}
	if strings.Contains(s, ":") {
		ticks, ok = parseClock(s)
	} else {
		ticks, ok = parseQuantity(s)
	}
	if negative {
		ticks = -ticks
	}
	return ticks, ok
}

func parseQuantity(s string) (int64, bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	unit := float64(Day)
	if end >= 0 {
		known := false
		if unit, known = ParseUnit(strings.TrimSpace(s[end:])); !known {
			return 0, false
		}
		s = s[:end]
	}
	n, err := strconv.ParseFloat(s, 64)
	ticks := n * unit
	if err != nil || math.Abs(ticks) >= math.MaxInt64 {
		return 0, false
	}
	return int64(math.Round(ticks)), true
}

// parseClock reads [d.]hh:mm[:ss[.fffffff]].
func parseClock(s string) (int64, bool) {
	var days int64
	if dot, colon := strings.IndexByte(s, '.'), strings.IndexByte(s, ':'); dot >= 0 && dot < colon {
		n, err := strconv.ParseUint(s[:dot], 10, 31)
		if err != nil || n > 10_675_199 {
			return 0, false
		}
		days, s = int64(n), s[dot+1:]
	}
	p := isoReader{rest: s}
	hours, ok := p.number(1, 2)
	if !ok || hours > 23 || !p.take(':') {
		return 0, false
	}
	minutes, ok := p.number(1, 2)
	if !ok || minutes > 59 {
		return 0, false
	}
	seconds, fraction := 0, int64(0)
	if p.take(':') {
		if seconds, ok = p.number(1, 2); !ok || seconds > 59 {
			return 0, false
		}
		if p.take('.') {
			if fraction, ok = p.fraction(); !ok {
				return 0, false
			}
		}
	}
	ticks := days*Day + int64(hours)*Hour + int64(minutes)*Minute + int64(seconds)*Second + fraction
	return ticks, p.rest == "" && ticks >= 0
}
