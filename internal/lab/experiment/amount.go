package experiment

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

const (
	durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
	sizePattern     = `^[0-9]+(\.[0-9]+)? ?([kKmMgGtT][iI]?)?[bB]?$`
	ratePattern     = `^[0-9]+(\.[0-9]+)?/(s|m|h)$`
	longest         = 30 * 24 * time.Hour
	largest         = 1 << 50
)

// wait is a time of the wall's clock, which no speed changes.
func wait(least, most time.Duration) kind[time.Duration] {
	return duration("time that speed leaves alone", func(*reader, tree.Node) float64 { return 1 }, least, most)
}

// span is a time of the timeline.
func span(least time.Duration) kind[time.Duration] {
	return duration("time", func(r *reader, n tree.Node) float64 { return r.factorsOf(n).speed }, least, longest)
}

func duration(words string, speed func(*reader, tree.Node) float64, least, most time.Duration) kind[time.Duration] {
	return kind[time.Duration]{words, func() *Schema { return &Schema{Type: types{"string"}, Pattern: durationPattern} }, func(r *reader, what string, n tree.Node) (time.Duration, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			r.fail(n, "a number with a unit: 500ms, 30s, 15m, 2h", "%s is %q, which is no time", what, clip(s))
		case d < least || d > most:
			r.fail(n, fmt.Sprintf("%v to %v", least, most), "%s is %v", what, d)
		default:
			return time.Duration(math.Round(float64(d) / speed(r, n))), true
		}
		return 0, false
	}}
}

// size is an amount of bytes that scale changes.
func size(least bytesize.Size) kind[bytesize.Size] {
	return amount("size", func(r *reader, n tree.Node) float64 { return r.factorsOf(n).scale }, least)
}

// fixedSize is an amount of bytes that scale leaves alone.
func fixedSize(least bytesize.Size) kind[bytesize.Size] {
	return amount("size that scale leaves alone", func(*reader, tree.Node) float64 { return 1 }, least)
}

func amount(words string, scale func(*reader, tree.Node) float64, least bytesize.Size) kind[bytesize.Size] {
	return kind[bytesize.Size]{words, func() *Schema {
		return &Schema{AnyOf: []*Schema{{Type: types{"integer"}, Minimum: new(float64(least))}, {Type: types{"string"}, Pattern: sizePattern}}}
	}, func(r *reader, what string, n tree.Node) (bytesize.Size, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		b, err := bytesize.Parse(s)
		switch {
		case err != nil:
			r.fail(n, "a number with a unit: 64KiB, 100MB, 3.5GB", "%s is %q, which is no size", what, clip(s))
		case b < least || b > largest:
			r.fail(n, fmt.Sprintf("%v to %v", least, bytesize.Size(largest)), "%s is %v", what, b)
		default:
			return max(bytesize.Size(math.Round(float64(b)*scale(r, n))), min(b, 1)), true
		}
		return 0, false
	}}
}

// rate is a number of arrivals in a time of the timeline, given for a second on the
// wall.
func rate() kind[float64] {
	return kind[float64]{"rate", func() *Schema { return &Schema{Type: types{"string"}, Pattern: ratePattern} }, func(r *reader, what string, n tree.Node) (float64, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return 0, false
		}
		count, unit, _ := strings.Cut(s, "/")
		f, err := strconv.ParseFloat(count, 64)
		switch unit {
		case "s":
		case "m":
			f /= 60
		case "h":
			f /= 3600
		default:
			err = strconv.ErrSyntax
		}
		if err != nil || !(f > 0 && f <= 1e5) {
			r.fail(n, "as in 20/s, 6/m or 100/h; up to 100000/s", "%s is %q, which is no rate", what, clip(s))
			return 0, false
		}
		return f * r.factorsOf(n).speed, true
	}}
}

const valuePattern = `^-?[0-9]+(\.[0-9]+)?( ?([kKmMgGtT][iI]?)?[bB]|%|ns|us|µs|ms|s|m|h)?$`

// value is a number with its unit: 2.5GB, 8s, 15%, 1200.
func value() kind[lab.Value] {
	return kind[lab.Value]{"value", func() *Schema {
		return &Schema{AnyOf: []*Schema{{Type: types{"number"}}, {Type: types{"string"}, Pattern: valuePattern}}}
	}, func(r *reader, what string, n tree.Node) (lab.Value, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return lab.Value{}, false
		}
		v, ok := parseValue(s)
		if !ok || math.Abs(v.Number) > largest {
			r.fail(n, "a number, with a unit if it has one: 2.5GB, 800ms, 15%, 1200", "%s is %q, which is no value", what, clip(s))
			return lab.Value{}, false
		}
		if v.Unit == lab.Bytes {
			v.Number *= r.factorsOf(n).scale
		}
		return v, true
	}}
}

func parseValue(s string) (lab.Value, bool) {
	digits, minus := strings.CutPrefix(s, "-")
	sign := 1.0
	if minus {
		sign = -1
	}
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return lab.Value{}, false
	}
	if f, err := strconv.ParseFloat(digits, 64); err == nil {
		return lab.Value{Number: sign * f}, true
	}
	if strings.HasSuffix(digits, "%") {
		f, ok := parseShare(digits)
		return lab.Value{Number: sign * f, Unit: lab.Share}, ok
	}
	if d, err := time.ParseDuration(digits); err == nil {
		return lab.Value{Number: sign * float64(d) / float64(time.Millisecond), Unit: lab.Duration}, true
	}
	if b, err := bytesize.Parse(digits); err == nil && strings.HasSuffix(strings.ToUpper(digits), "B") {
		return lab.Value{Number: sign * float64(b), Unit: lab.Bytes}, true
	}
	return lab.Value{}, false
}
