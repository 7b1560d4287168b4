package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// words prints numbers for people. Bytes are told in the family of units that the
// experiment is written in, so that a threshold reads as it was typed.
type words struct{ tens bool }

// wordsOf finds the family: that in which more of the file's sizes are round.
func wordsOf(e *lab.Experiment) words {
	tens, twos := 0, 0
	vote := func(v float64) {
		v = math.Abs(v)
		if v < 1000 {
			return
		}
		if round(v, 1000) {
			tens++
		}
		if round(v, 1024) {
			twos++
		}
	}
	vote(float64(e.Subject.Limit.Memory))
	vote(float64(e.Subject.Limit.Allocation))
	value := func(v *lab.Value) {
		if v != nil && v.Unit == lab.Bytes {
			vote(v.Number)
		}
	}
	bound := func(b lab.Bound) {
		for _, e := range b.Edges() {
			value(&e.Value)
		}
	}
	for _, all := range [][]lab.Criterion{e.Proof, e.Disproof} {
		for i := range all {
			bound(all[i].Bound)
			value(all[i].Within)
			value(all[i].Others)
		}
	}
	for i := range e.Signals {
		bound(e.Signals[i].Bound)
	}
	value(&e.Hypothesis.SmallestEffect)
	return words{tens: tens > twos}
}

// round says whether an amount takes at most three digits in units of a base.
func round(v, base float64) bool {
	for v >= base {
		v /= base
	}
	digits := v * 100
	if v >= 10 {
		digits = v * 10
	}
	return math.Abs(digits-math.Round(digits)) < 1e-6
}

// bytes is an amount of memory to three digits, with its unit.
func (w words) bytes(v float64) string {
	base, names := 1024.0, [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
	if w.tens {
		base, names = 1000, [...]string{"B", "kB", "MB", "GB", "TB"}
	}
	unit := 0
	for math.Abs(v) >= base*0.9995 && unit < len(names)-1 {
		v /= base
		unit++
	}
	return number(v) + " " + names[unit]
}

// family is that in which an amount that somebody wrote is round; if it is so in both
// or in none, that of the others.
func (w words) family(v float64) words {
	if tens, twos := round(math.Abs(v), 1000), round(math.Abs(v), 1024); tens != twos && math.Abs(v) >= 1000 {
		w.tens = tens
	}
	return w
}

// written is an amount that somebody wrote.
func (w words) written(v float64) string { return w.family(v).bytes(v) }

// value is a number in a unit of the file's.
func (w words) value(v float64, unit lab.Unit) string {
	if !finite(v) {
		return number(v)
	}
	switch unit {
	case lab.Bytes:
		return w.bytes(v)
	case lab.Duration:
		return millis(v)
	case lab.Share:
		return percent(v)
	}
	return number(v)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// number is a plain number to three digits; whole ones up to a million are told whole.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "not known"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	case v == 0:
		return "0"
	}
	abs := math.Abs(v)
	text := ""
	switch {
	case abs >= 1e12 || abs < 1e-4:
		text = strconv.FormatFloat(abs, 'g', 3, 64)
	case abs >= 100 || abs == math.Trunc(abs):
		text = grouped(strconv.FormatFloat(math.Round(abs), 'f', 0, 64))
	default:
		digits := 2 - int(math.Floor(math.Log10(abs)))
		text = strconv.FormatFloat(abs, 'f', digits, 64)
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
	}
	if v < 0 {
		return "−" + text
	}
	return text
}

// grouped sets thousands apart from five digits on.
func grouped(digits string) string {
	if len(digits) < 5 {
		return digits
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// millis is a length of time, given in milliseconds.
func millis(ms float64) string {
	abs := math.Abs(ms)
	switch {
	case !finite(ms):
		return number(ms)
	case abs >= 2*3600*1000:
		return number(ms/3600/1000) + " h"
	case abs >= 2*60*1000:
		return number(ms/60/1000) + " min"
	case abs >= 1000:
		return number(ms/1000) + " s"
	}
	return number(ms) + " ms"
}

// percent is a share, to three digits.
func percent(share float64) string {
	v := 100 * share
	if abs := math.Abs(v); finite(v) && abs >= 1000 {
		unit := math.Pow(10, math.Floor(math.Log10(abs))-2)
		v = math.Round(v/unit) * unit
	}
	return number(v) + " %"
}

// clock is a moment of a run: minutes, seconds and tenths.
func clock(seconds float64) string {
	if !finite(seconds) {
		return number(seconds)
	}
	sign := ""
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	tenths := int64(math.Round(seconds * 10))
	h, m := tenths/36000, tenths/600%60
	s := strconv.FormatFloat(float64(tenths%600)/10, 'f', 1, 64)
	if len(s) < 4 {
		s = "0" + s
	}
	if h > 0 {
		return sign + strconv.FormatInt(h, 10) + ":" + leading(m) + ":" + s
	}
	return sign + strconv.FormatInt(m, 10) + ":" + s
}

func leading(v int64) string {
	if v < 10 {
		return "0" + strconv.FormatInt(v, 10)
	}
	return strconv.FormatInt(v, 10)
}

// counted is a number of things: 1 run, 2 runs.
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(strconv.Itoa(n)) + " " + one + "s"
}
