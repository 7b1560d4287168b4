package value

import "time"

// Spans in ticks of 100 ns.
const (
	Microsecond int64 = 10
	Millisecond       = 1000 * Microsecond
	Second            = 1000 * Millisecond
	Minute            = 60 * Second
	Hour              = 60 * Minute
	Day               = 24 * Hour

	// Epoch is 1970-01-01, in ticks since 0001-01-01.
	Epoch int64 = 621_355_968_000_000_000
	// MaxDatetime is the last tick of the year 9999, the last moment that there is.
	MaxDatetime int64 = 3_155_378_975_999_999_999
)

// Ticks counts the ticks of a moment since 0001-01-01 UTC; what is finer is cut off.
func Ticks(t time.Time) int64 {
	return Epoch + t.Unix()*Second + int64(t.Nanosecond())/100
}

// Time is the moment of ticks, in UTC.
func Time(ticks int64) time.Time {
	since := ticks - Epoch
	seconds := floorDiv(since, Second)
	return time.Unix(seconds, (since-seconds*Second)*100).UTC()
}

// SpanOf is a duration in ticks.
func SpanOf(d time.Duration) int64 { return int64(d) / 100 }

// InRange says whether ticks are a moment between the years 1 and 9999.
func InRange(ticks int64) bool { return ticks >= 0 && ticks <= MaxDatetime }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// AppendDatetime writes a moment as 2026-04-05T01:30:00.0000000Z.
func AppendDatetime(to []byte, ticks int64) []byte {
	t := Time(ticks)
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	to = appendPadded(to, int64(year), 4)
	to = append(to, '-')
	to = appendPadded(to, int64(month), 2)
	to = append(to, '-')
	to = appendPadded(to, int64(day), 2)
	to = append(to, 'T')
	to = appendPadded(to, int64(hour), 2)
	to = append(to, ':')
	to = appendPadded(to, int64(minute), 2)
	to = append(to, ':')
	to = appendPadded(to, int64(second), 2)
	to = append(to, '.')
	to = appendPadded(to, int64(t.Nanosecond()/100), 7)
	return append(to, 'Z')
}

// AppendTimespan writes a span as [-][d.]hh:mm:ss[.fffffff].
func AppendTimespan(to []byte, ticks int64) []byte {
	left := uint64(ticks)
	if ticks < 0 {
		to = append(to, '-')
		left = -left
	}
	if days := left / uint64(Day); days > 0 {
		to = appendPadded(to, int64(days), 1)
		to = append(to, '.')
	}
	to = appendPadded(to, int64(left/uint64(Hour)%24), 2)
	to = append(to, ':')
	to = appendPadded(to, int64(left/uint64(Minute)%60), 2)
	to = append(to, ':')
	to = appendPadded(to, int64(left/uint64(Second)%60), 2)
	if fraction := left % uint64(Second); fraction > 0 {
		to = append(to, '.')
		to = appendPadded(to, int64(fraction), 7)
	}
	return to
}

func appendPadded(to []byte, n int64, width int) []byte {
	var digits [20]byte
	i := len(digits)
	for n > 0 || width > 0 {
		i--
		digits[i] = byte('0' + n%10)
		n /= 10
		width--
	}
	return append(to, digits[i:]...)
}
