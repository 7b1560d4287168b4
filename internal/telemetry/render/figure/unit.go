package figure

import (
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Unit is what an axis counts, as far as the name of its column tells.
type Unit uint8

// The units.
const (
	Plain Unit = iota
	Bytes
	Megabytes
	Mebibytes
	Milliseconds
	Seconds
	Percent
)

// unitOf is the unit that all names agree on.
func unitOf(names []string) Unit {
	if len(names) == 0 {
		return Plain
	}
	unit := unitOfName(names[0])
	for _, n := range names[1:] {
		if unitOfName(n) != unit {
			return Plain
		}
	}
	return unit
}

func unitOfName(name string) Unit {
	lower := strings.ToLower(name)
	words := strings.FieldsFunc(lower, func(r rune) bool {
		return r == '_' || r == ' ' || r == '-' || r == '(' || r == ')' || r == '.' || r == ','
	})
	unit := Plain
	for _, w := range words {
		switch w {
		case "bytes", "privatebytes", "rss":
			unit = Bytes
		case "mb", "megabytes":
			return Megabytes
		case "mib", "mebibytes":
			return Mebibytes
		case "ms", "msec", "milliseconds", "duration", "latency", "durationms", "elapsedms":
			unit = Milliseconds
		case "seconds", "sec", "secs":
			return Seconds
		case "percent", "pct", "percentage":
			return Percent
		case "count", "requests", "per", "rate", "n", "id":
			return Plain // bytes_per_request, count_duration
		}
	}
	return unit
}

// Print writes a value in a unit, shortly.
func (u Unit) Print(v float64) string {
	switch u {
	case Bytes:
		if math.Abs(v) < 1<<62 {
			return spaced(bytesize.Size(v).String())
		}
	case Megabytes:
		return number6(v) + " MB"
	case Mebibytes:
		return number6(v) + " MiB"
	case Percent:
		return number6(v) + " %"
	case Milliseconds:
		return printSeconds(v / 1000)
	case Seconds:
		return printSeconds(v)
	}
	return number6(v)
}

// printSeconds writes a length of time in the unit that suits it.
func printSeconds(s float64) string {
	abs := math.Abs(s)
	for _, u := range []struct {
		least, size float64
		name        string
	}{{2 * 86400, 86400, "d"}, {2 * 3600, 3600, "h"}, {120, 60, "min"}, {1, 1, "s"}, {0, 1e-3, "ms"}} {
		if abs >= u.least {
			if abs == 0 {
				return "0"
			}
			return number6(s/u.size) + " " + u.name
		}
	}
	return ""
}

// number6 is a number to six digits, with thousands apart, and millions named.
func number6(v float64) string {
	abs := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case abs >= 1e15 || abs < 1e-4:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}} {
		if abs >= u.size {
			return strconv.FormatFloat(math.Round(v/u.size*1000)/1000, 'f', -1, 64) + u.name
		}
	}
	digits := 0
	if abs < 100_000 {
		digits = max(0, 5-int(math.Floor(math.Log10(abs))))
	}
	unit := math.Pow(10, float64(digits))
	s := strconv.FormatFloat(math.Round(v*unit)/unit, 'f', -1, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	if at := len(whole) - 3; at > 0 && abs >= 10_000 {
		whole = whole[:at] + "," + whole[at:]
	}
	if fraction != "" {
		return whole + "." + fraction
	}
	return whole
}

// spaced sets a unit apart from its number: 512 MiB.
func spaced(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' })
	if i <= 0 {
		return s
	}
	return s[:i] + " " + s[i:]
}

// UnitOf is the unit that a series' own name tells, or otherwise that of its axis.
func UnitOf(name string, axis Unit) Unit {
	if u := unitOfName(name); u != Plain && axis == Plain {
		return u
	}
	return axis
}
