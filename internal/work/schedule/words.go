package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Text is the schedule as it can be parsed again: six fields of numbers, or a
// TimeSpan. It is NCrontab's way to print one.
func (s Schedule) Text() string {
	if s.every > 0 {
		d := s.every
		text := fmt.Sprintf("%d.%02d:%02d:%02d", d/(24*time.Hour), d/time.Hour%24, d/time.Minute%60, d/time.Second%60)
		if part := d % time.Second; part > 0 {
			text += fmt.Sprintf(".%07d", part/100)
		}
		return text
	}
	var fields [6]string
	for f := second; f <= weekday; f++ {
		if s.fields[f] == f.all() {
			fields[f] = "*"
			continue
		}
		fields[f] = strings.Join(s.fields[f].runs("-", 1, strconv.Itoa), ",")
	}
	return strings.Join(fields[:], " ")
}

// runs prints the values, those in a row as a range if they go on for more than
// so many.
func (s set) runs(between string, beyond int, name func(int) string) (all []string) {
	for v, ok := s.from(0); ok; {
		last := v
		for s.has(last + 1) {
			last++
		}
		if last-v >= beyond {
			all = append(all, name(v)+between+name(last))
		} else {
			for ; v <= last; v++ {
				all = append(all, name(v))
			}
		}
		v, ok = s.from(last + 1)
	}
	return all
}

// step is n if the values are 0, n, 2n and so on, round the clock.
func (s set) step(f field) (n int, ok bool) {
	if s.size() < 2 || !s.has(0) {
		return 0, false
	}
	_, most := f.bounds()
	n, _ = s.from(1)
	return n, (most+1)%n == 0 && s == span(0, most, n)
}

// String says it in words for people, as "every 5 minutes".
func (s Schedule) String() string {
	if s.every > 0 {
		text := inWords(s.every)
		if one, is := strings.CutPrefix(text, "1 "); is && !strings.Contains(one, " ") {
			text = one
		}
		return "every " + text
	}
	if s.never() {
		return "never"
	}
	text := s.time() + s.days()
	if s.fields[month] != month.all() {
		text += " in " + list(s.fields[month].runs(" to ", 2, func(v int) string { return month.names()[v-1] }))
	}
	return text
}

// time is the part of the words about hour, minute and second.
func (s Schedule) time() string {
	seconds, minutes, hours := s.fields[second], s.fields[minute], s.fields[hour]
	if n := seconds.size() * minutes.size() * hours.size(); n <= 4 {
		var all []string
		for t, ok := s.inDay(0); ok; t, ok = s.inDay(t + 1) {
			text := fmt.Sprintf("%02d:%02d", t/3600, t/60%60)
			if t%60 != 0 || seconds.size() > 1 {
				text += fmt.Sprintf(":%02d", t%60)
			}
			if all = append(all, text); t == 86399 {
				break
			}
		}
		return "at " + list(all)
	}
	within := ""
	if hours != hour.all() {
		within = " of " + plural("hour", hours)
	}
	secondly, bySecond := seconds.step(second)
	minutely, byMinute := minutes.step(minute)
	hourly, byHour := hours.step(hour)
	switch {
	case bySecond && minutes == minute.all():
		return every(secondly, "second") + within
	case seconds == 1 && byMinute:
		return every(minutely, "minute") + within
	case seconds == 1 && minutes.size() == 1 && byHour:
		if minutes == 1 {
			return every(hourly, "hour")
		}
		return every(hourly, "hour") + " at minute " + strconv.Itoa(minutes.first())
	case minutes == minute.all():
		return "at " + plural("second", seconds) + " of every minute" + within
	case seconds == 1 && hours == hour.all():
		return "at " + plural("minute", minutes) + " of every hour"
	case seconds == 1:
		return "at " + plural("minute", minutes) + within
	case hours == hour.all():
		return "at " + plural("second", seconds) + " of " + plural("minute", minutes) + " of every hour"
	default:
		return "at " + plural("second", seconds) + " of " + plural("minute", minutes) + within
	}
}

// days is the part of the words about day and day-of-week.
func (s Schedule) days() string {
	days, weekdays := s.fields[day], s.fields[weekday]
	byDate, byWeek := days != day.all(), weekdays != weekday.all()
	names := list(weekdays.runs(" to ", 2, func(v int) string { return weekday.names()[v] }))
	switch {
	case byDate && byWeek:
		return " on " + plural("day", days) + " of the month if a " + strings.ReplaceAll(names, " and ", " or ")
	case byDate:
		return " on " + plural("day", days) + " of the month"
	case byWeek:
		return " on " + names
	case s.fields[hour] != hour.all():
		if _, round := s.fields[hour].step(hour); !round {
			return " every day"
		}
	}
	return ""
}

func every(n int, unit string) string {
	if n == 1 {
		return "every " + unit
	}
	return fmt.Sprintf("every %d %ss", n, unit)
}

func plural(unit string, s set) string {
	if s.size() > 1 {
		unit += "s"
	}
	return unit + " " + list(s.runs(" to ", 2, strconv.Itoa))
}

func list(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// inWords is a span as people say it.
func inWords(d time.Duration) string {
	var all []string
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		n := d / unit.of
		d %= unit.of
		switch {
		case n == 1:
			all = append(all, "1 "+unit.name)
		case n > 1:
			all = append(all, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if d > 0 || len(all) == 0 {
		all = append(all, d.String())
	}
	return list(all)
}
