package value

import (
	"strings"
	"time"
)

// ParseDatetime reads a moment in the formats that Kusto's datetime() takes:
// ISO 8601 and its shortenings down to the year, with a zone or in UTC; RFC 822
// and RFC 850; month/day/year.
func ParseDatetime(text string) (ticks int64, ok bool) {
	text = strings.TrimSpace(text)
	if ticks, ok = parseISO(text); ok {
		return ticks, InRange(ticks)
	}
	for _, layout := range datetimeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			ticks = Ticks(t)
			return ticks, InRange(ticks)
		}
	}
	return 0, false
}

var datetimeLayouts = [...]string{
	"1/2/2006 15:4:5.9999999", "1/2/2006 15:4:5", "1/2/2006 15:4", "1/2/2006 3:4:5 PM", "1/2/2006 3:4 PM", "1/2/2006",
	"1-2-2006 15:4:5", "1-2-2006 15:4", "1-2-2006",
	"Mon, 2 Jan 06 15:04:05 MST", "Mon, 2 Jan 06 15:04:05", "Mon, 2 Jan 06 15:04 MST", "Mon, 2 Jan 06 15:04",
	"2 Jan 06 15:04:05 MST", "2 Jan 06 15:04:05", "2 Jan 06 15:04 MST", "2 Jan 06 15:04",
	"Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05", "2 Jan 2006",
	"Monday, 02-Jan-06 15:04:05 MST", "Monday, 02-Jan-06 15:04:05", "Monday, 02-Jan-06 15:04 MST", "Monday, 02-Jan-06 15:04",
	"02-Jan-06 15:04:05 MST", "02-Jan-06 15:04:05", "02-Jan-06 15:04 MST", "02-Jan-06 15:04",
	"Mon Jan _2 15:04:05 2006", "Jan 2, 2006", "January 2, 2006",
}

// parseISO reads yyyy[-m[-d[(T| )h:m[:s[.f]][Z|±hh:mm]]]] without an allocation.
func parseISO(s string) (int64, bool) {
	p := isoReader{rest: s}
	year, ok := p.number(4, 4)
	if !ok {
		return 0, false
	}
	month, day := 1, 1
	if p.take('-') {
		if month, ok = p.number(1, 2); !ok {
			return 0, false
		}
		if p.take('-') {
			if day, ok = p.number(1, 2); !ok {
				return 0, false
			}
		}
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || year < 1 {
		return 0, false
	}
	ticks := daysBefore(year, month, day) * Day
	if p.rest == "" {
		return ticks, true
	}
	if !p.take('T') && !p.take(' ') && !p.take('t') {
		if p.take('Z') && p.rest == "" {
			return ticks, true
		}
		return 0, false
	}
	hour, ok := p.number(1, 2)
	if !ok || hour > 23 {
		return 0, false
	}
	var minute, second int
	var fraction int64
	if p.take(':') {
		if minute, ok = p.number(1, 2); !ok || minute > 59 {
			return 0, false
		}
		if p.take(':') {
			if second, ok = p.number(1, 2); !ok || second > 59 {
				return 0, false
			}
			if p.take('.') || p.take(',') {
				if fraction, ok = p.fraction(); !ok {
					return 0, false
				}
			}
		}
	}
	ticks += int64(hour)*Hour + int64(minute)*Minute + int64(second)*Second + fraction
	offset, ok := p.zone()
	return ticks - offset, ok && p.rest == ""
}

type isoReader struct{ rest string }

func (p *isoReader) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *isoReader) number(least, most int) (n int, ok bool) {
	i := 0
	for i < len(p.rest) && i < most && p.rest[i] >= '0' && p.rest[i] <= '9' {
		n = 10*n + int(p.rest[i]-'0')
		i++
	}
	p.rest = p.rest[i:]
	return n, i >= least
}

// fraction reads digits of a second; those beyond ticks are cut off.
func (p *isoReader) fraction() (ticks int64, ok bool) {
	unit := Second
	i := 0
	for ; i < len(p.rest) && p.rest[i] >= '0' && p.rest[i] <= '9'; i++ {
		unit /= 10
		ticks += int64(p.rest[i]-'0') * unit
	}
	p.rest = p.rest[i:]
	return ticks, i > 0
}

func (p *isoReader) zone() (offset int64, ok bool) {
	if p.take(' ') && p.rest == "" {
		return 0, false
	}
	if p.rest == "" || p.take('Z') || p.take('z') {
		return 0, true
	}
	sign := int64(1)
	switch {
	case p.take('-'):
		sign = -1
	case p.take('+'):
	default:
		return 0, false
	}
	hours, ok := p.number(2, 2)
	if !ok || hours > 14 {
		return 0, false
	}
	minutes := 0
	if p.take(':') || p.rest != "" {
		if minutes, ok = p.number(2, 2); !ok || minutes > 59 {
			return 0, false
		}
	}
	return sign * (int64(hours)*Hour + int64(minutes)*Minute), true
}

var monthDays = [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year, month int) int {
	if month == 2 && isLeap(year) {
		return 29
	}
	return monthDays[month-1]
}

// daysBefore counts the days from 0001-01-01 to a date.
func daysBefore(year, month, day int) int64 {
	y := int64(year - 1)
	days := 365*y + y/4 - y/100 + y/400
	for m := 1; m < month; m++ {
		days += int64(daysIn(year, m))
	}
	return days + int64(day-1)
}
