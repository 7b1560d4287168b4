package function

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// moments are the functions on datetimes and timespans.
func moments() []Func {
	all := []Func{
		{Name: "datetime_add", Args: []string{"string!, integer, datetime"}, Type: schema.Datetime, Make: makeDatetimeAdd},
		{Name: "datetime_diff", Args: []string{"string!, datetime, datetime"}, Type: schema.Long, Make: makeDatetimeDiff},
		{Name: "datetime_part", Args: []string{"string!, datetime"}, Type: schema.Int, Make: makeDatetimePart},
		{Name: "datepart", Args: []string{"string!, datetime"}, Type: schema.Int, Make: makeDatetimePart},
		{Name: "dayofweek", Args: []string{"datetime"}, Type: schema.Timespan, Eval: func(args []value.Value) value.Value {
			return value.Timespan(int64(value.Time(args[0].Long()).Weekday()) * value.Day)
		}},
		{Name: "make_datetime", Args: []string{"number, number, number, number?, number?, number?", "scalar"}, Type: schema.Datetime, Label: OnlyArgument, Eval: makeDatetime},
		{Name: "make_timespan", Args: []string{"integer, integer, integer, integer", "integer, integer, integer?", "scalar"}, Type: schema.Timespan, Label: OnlyArgument, Eval: makeTimespan},
		{Name: "format_datetime", Args: []string{"datetime, string!"}, Type: schema.String, Label: FirstArgument, Make: makeFormat(false)},
		{Name: "format_timespan", Args: []string{"timespan, string!"}, Type: schema.String, Label: FirstArgument, Make: makeFormat(true)},
	}
	for name, part := range map[string]string{
		"dayofmonth": "day", "dayofyear": "dayofyear", "hourofday": "hour", "monthofyear": "month", "getmonth": "month", "getyear": "year",
		"week_of_year": "week_of_year",
	} {
		of, _ := partOf(part)
		all = append(all, Func{Name: name, Args: []string{"datetime"}, Type: schema.Int, Eval: func(args []value.Value) value.Value { return value.Int(of(args[0].Long())) }})
	}
	for name, of := range map[string]func(t time.Time, n int) time.Time{
		"startofday":   func(t time.Time, n int) time.Time { return date(t.Year(), t.Month(), t.Day()+n) },
		"startofweek":  func(t time.Time, n int) time.Time { return date(t.Year(), t.Month(), t.Day()-int(t.Weekday())+7*n) },
		"startofmonth": func(t time.Time, n int) time.Time { return date(t.Year(), t.Month()+time.Month(n), 1) },
		"startofyear":  func(t time.Time, n int) time.Time { return date(t.Year()+n, 1, 1) },
	} {
		start := Func{Name: name, Args: []string{"datetime, long?"}, Type: schema.Datetime, Eval: startOf(of, 0)}
		end := Func{Name: strings.Replace(name, "start", "end", 1), Args: []string{"datetime, long?"}, Type: schema.Datetime, Eval: startOf(of, 1)}
		if name == "startofday" {
			start.Label = FirstArgument
		}
		all = append(all, start, end)
	}
	for name, unit := range map[string]float64{
		"unixtime_seconds_todatetime": float64(value.Second), "unixtime_milliseconds_todatetime": float64(value.Millisecond),
		"unixtime_microseconds_todatetime": float64(value.Microsecond), "unixtime_nanoseconds_todatetime": 0.01,
	} {
		all = append(all, Func{Name: name, Args: []string{"number"}, Type: schema.Datetime, Eval: func(args []value.Value) value.Value { return unixTime(args[0], unit) }})
	}
	return all
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func moment(ticks int64) value.Value {
	if !value.InRange(ticks) {
		return value.Null
	}
	return value.Datetime(ticks)
}

// startOf is the beginning of a period; after is 1 for the last tick of it, which
// comes before the next begins.
func startOf(of func(time.Time, int) time.Time, after int) Eval {
	return func(args []value.Value) value.Value {
		n := int64(0)
		if len(args) > 1 {
			n = args[1].Long()
		}
		if n > 4_000_000 || n < -4_000_000 {
			return value.Null
		}
		return moment(value.Ticks(of(value.Time(args[0].Long()), int(n)+after)) - int64(after))
	}
}

func unixTime(v value.Value, unit float64) value.Value {
	switch {
	case v.Kind() == value.KindReal || v.Kind() == value.KindDecimal:
		f, _ := v.Float()
		if t := f * unit; math.Abs(t) < float64(value.MaxDatetime) {
			return moment(value.Epoch + int64(math.Round(t)))
		}
		return value.Null
	case unit < 1:
		return moment(value.Epoch + v.Long()/100)
	case v.Long() > value.MaxDatetime/int64(unit) || v.Long() < -value.MaxDatetime/int64(unit):
		return value.Null
	}
	return moment(value.Epoch + v.Long()*int64(unit))
}

// spans are the parts of a moment that are so many ticks long; nanosecond, which
// is finer, aside.
var spans = map[string]int64{
	"week": 7 * value.Day, "day": value.Day, "hour": value.Hour, "minute": value.Minute, "second": value.Second,
	"millisecond": value.Millisecond, "microsecond": value.Microsecond,
}

func partName(v value.Value) string { return strings.ToLower(v.Str()) }

func unknownPart(v value.Value) error {
	return fmt.Errorf("%q is no part of a datetime; year, quarter, month, week, day, hour, minute, second, millisecond, microsecond and nanosecond are", v.Str())
}

func makeDatetimeAdd(args []Arg) (Eval, error) {
	part := partName(*args[0].Const)
	months := map[string]int64{"year": 12, "quarter": 3, "month": 1}[part]
	span := spans[part]
	if months == 0 && span == 0 && part != "nanosecond" {
		return nil, unknownPart(*args[0].Const)
	}
	return func(args []value.Value) value.Value {
		n, at := args[1].Long(), args[2].Long()
		switch {
		case part == "nanosecond":
			return moment(at + n/100)
		case span > 0:
			if n > value.MaxDatetime/span || n < -value.MaxDatetime/span {
				return value.Null
			}
			return moment(at + n*span)
		}
		if n > 200_000 || n < -200_000 {
			return value.Null
		}
		t := value.Time(at)
		month := int64(t.Year())*12 + int64(t.Month()) - 1 + n*months
		first := date(int(month/12), time.Month(month%12+1), 1)
		if month < 12 || first.Year() > 9999 {
			return value.Null
		}
		day := min(t.Day(), first.AddDate(0, 1, -1).Day()) // the 31st of a shorter month is its last
		return moment(value.Ticks(first) + int64(day-1)*value.Day + at%value.Day)
	}, nil
}

// makeDatetimeDiff counts the boundaries of a part between two moments.
func makeDatetimeDiff(args []Arg) (Eval, error) {
	part := partName(*args[0].Const)
	var count func(ticks int64) int64
	switch {
	case part == "year":
		count = func(t int64) int64 { return int64(value.Time(t).Year()) }
	case part == "quarter":
		count = func(t int64) int64 { m := value.Time(t); return int64(m.Year())*4 + int64(m.Month()-1)/3 }
	case part == "month":
		count = func(t int64) int64 { m := value.Time(t); return int64(m.Year())*12 + int64(m.Month()) }
	case part == "week":
		count = func(t int64) int64 { return (t/value.Day + 1) / 7 } // 0001-01-01 was a Monday, and weeks begin on Sunday
	case spans[part] > 0:
		count = func(t int64) int64 { return t / spans[part] }
	case part == "nanosecond":
		return func(args []value.Value) value.Value { return value.Long((args[1].Long() - args[2].Long()) * 100) }, nil
	default:
		return nil, unknownPart(*args[0].Const)
	}
	return func(args []value.Value) value.Value { return value.Long(count(args[1].Long()) - count(args[2].Long())) }, nil
}

func partOf(part string) (func(ticks int64) int64, bool) {
	within := func(whole, unit int64) func(int64) int64 {
		return func(t int64) int64 { return t % whole / unit }
	}
	switch part {
	case "year":
		return func(t int64) int64 { return int64(value.Time(t).Year()) }, true
	case "quarter":
		return func(t int64) int64 { return int64(value.Time(t).Month()-1)/3 + 1 }, true
	case "month":
		return func(t int64) int64 { return int64(value.Time(t).Month()) }, true
	case "week_of_year":
		return func(t int64) int64 { _, w := value.Time(t).ISOWeek(); return int64(w) }, true
	case "day":
		return func(t int64) int64 { return int64(value.Time(t).Day()) }, true
	case "dayofyear":
		return func(t int64) int64 { return int64(value.Time(t).YearDay()) }, true
	case "hour":
		return within(value.Day, value.Hour), true
	case "minute":
		return within(value.Hour, value.Minute), true
	case "second":
		return within(value.Minute, value.Second), true
	case "millisecond":
		return within(value.Second, value.Millisecond), true
	case "microsecond":
		return within(value.Second, value.Microsecond), true
	case "nanosecond":
		return func(t int64) int64 { return t % value.Second * 100 }, true
	}
	return nil, false
}

func makeDatetimePart(args []Arg) (Eval, error) {
	of, ok := partOf(partName(*args[0].Const))
	if !ok {
		return nil, unknownPart(*args[0].Const)
	}
	return func(args []value.Value) value.Value { return value.Int(of(args[1].Long())) }, nil
}

func makeDatetime(args []value.Value) value.Value {
	if len(args) == 1 {
		return value.Convert(args[0], schema.Datetime)
	}
	n := [6]float64{}
	for i, a := range args {
		n[i], _ = a.Float()
	}
	year, month, day := int(n[0]), int(n[1]), int(n[2])
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || n[3] < 0 || n[3] > 23 || n[4] < 0 || n[4] > 59 || n[5] < 0 || n[5] >= 60 {
		return value.Null
	}
	t := date(year, time.Month(month), day)
	if t.Day() != day {
		return value.Null
	}
	return moment(value.Ticks(t) + int64(n[3])*value.Hour + int64(n[4])*value.Minute + int64(math.Round(n[5]*float64(value.Second))))
}

func makeTimespan(args []value.Value) value.Value {
	if len(args) == 1 {
		return value.Convert(args[0], schema.Timespan)
	}
	n := [4]float64{}
	for i, a := range args {
		f, _ := a.Float()
		if len(args) < 4 {
			n[i+1] = f
		} else {
			n[i] = f
		}
	}
	if n[1] < 0 || n[1] > 23 || n[2] < 0 || n[2] > 59 || n[3] < 0 || n[3] >= 60 || n[0] < 0 || n[0] > 10_000_000 {
		return value.Null
	}
	return value.Timespan(int64(n[0])*value.Day + int64(n[1])*value.Hour + int64(n[2])*value.Minute + int64(math.Round(n[3]*float64(value.Second))))
}

// makeFormat reads a format of .NET's letters: runs of one letter are a part,
// punctuation stands for itself.
func makeFormat(span bool) func([]Arg) (Eval, error) {
	return func(args []Arg) (Eval, error) {
		format := args[1].Const.Str()
		if format == "" {
			return nil, fmt.Errorf("the format is empty")
		}
		var parts []func(to []byte, ticks int64) []byte
		for i := 0; i < len(format); {
			n := 1
			for i+n < len(format) && format[i+n] == format[i] {
				n++
			}
			run := format[i : i+n]
			i += n
			if strings.IndexByte(" /-:,._[]", run[0]) >= 0 {
				parts = append(parts, func(to []byte, _ int64) []byte { return append(to, run...) })
				continue
			}
			part := formatPart(run[0], n, span)
			if part == nil {
				return nil, fmt.Errorf("%q is no part of a format", run)
			}
			parts = append(parts, part)
		}
		return func(args []value.Value) value.Value {
			var to []byte
			ticks := args[0].Long()
			if span && ticks < 0 {
				to, ticks = append(to, '-'), -ticks
			}
			for _, p := range parts {
				to = p(to, ticks)
			}
			return value.String(string(to))
		}, nil
	}
}

func formatPart(letter byte, n int, span bool) func(to []byte, ticks int64) []byte {
	padded := func(of func(int64) int64, most int) func([]byte, int64) []byte {
		if n > most {
			return nil
		}
		return func(to []byte, t int64) []byte { return fmt.Appendf(to, "%0*d", n, of(t)) }
	}
	part := func(name string) func(int64) int64 { of, _ := partOf(name); return of }
	switch letter {
	case 'd':
		if span {
			return padded(func(t int64) int64 { return t / value.Day }, 8)
		}
		return padded(part("day"), 2)
	case 'H':
		return padded(part("hour"), 2)
	case 'h':
		if span {
			return padded(part("hour"), 2)
		}
		return padded(func(t int64) int64 { return (part("hour")(t)+11)%12 + 1 }, 2)
	case 'm':
		return padded(part("minute"), 2)
	case 's':
		return padded(part("second"), 2)
	case 'f', 'F':
		if n > 7 {
			return nil
		}
		return func(to []byte, t int64) []byte {
			digits := fmt.Sprintf("%07d", t%value.Second)[:n]
			if letter == 'F' {
				digits = strings.TrimRight(digits, "0")
			}
			return append(to, digits...)
		}
	}
	if span {
		return nil
	}
	switch {
	case letter == 'M':
		return padded(part("month"), 2)
	case letter == 'y' && n <= 2:
		return padded(func(t int64) int64 { return part("year")(t) % 100 }, 2)
	case letter == 'y' && n == 4:
		return padded(part("year"), 4)
	case letter == 't' && n == 2:
		return func(to []byte, t int64) []byte {
			if part("hour")(t) < 12 {
				return append(to, "AM"...)
			}
			return append(to, "PM"...)
		}
	}
	return nil
}
