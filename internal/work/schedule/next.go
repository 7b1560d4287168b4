package schedule

import "time"

// Next is the first tick after a time, in that time's location; the zero time if
// there is none.
//
// Where the clock is set forward, a tick of the time that is skipped is due as
// much later as the clock is set: 02:30 becomes 03:30. Where it is set back, a
// schedule that counts on (it allows two values in a row of second, minute or
// hour) is due in both of the equal hours, one for a time of day only in the
// first. So does Azure.
//
// An interval counts from the time itself, whatever the clock does.
func (s Schedule) Next(after time.Time) time.Time {
	after = after.Round(0)
	if s.every > 0 {
		return after.Add(s.every)
	}
	if s.never() {
		return time.Time{}
	}
	// 29 February falls on a given weekday again after 40 years at most, over a
	// century without a leap day.
	limit := after.AddDate(41, 0, 0).Unix()
	for from := after.Unix() + 1; from <= limit; {
		found, until, ok := s.inPeriod(from, after.Location())
		if ok {
			return time.Unix(found, 0).In(after.Location())
		}
		if until == forever {
			break
		}
		from = until
	}
	return time.Time{}
}

const forever = int64(1) << 60

// inPeriod looks for the first tick at or after from, as long as the location
// keeps the offset that it has then, which is until. All are Unix seconds.
func (s Schedule) inPeriod(from int64, loc *time.Location) (found, until int64, ok bool) {
	at := time.Unix(from, 0).In(loc)
	_, ahead := at.Zone()
	offset := int64(ahead)
	start, end := at.ZoneBounds()
	until = forever
	switch {
	case end.After(at):
		until = end.Unix()
	case !end.IsZero():
		// After 2037 Go takes leap years for a day too short, and the end of a period
		// on their last day is a time before it. No zone changes off a quarter.
		until = (from/900 + 1) * 900
	}
	search := min(until, from+42*366*86400)
	if start.IsZero() {
		found, ok = s.onClock(from+offset, search+offset)
		return found - offset, until, ok
	}
	_, behind := start.Add(-time.Second).Zone()
	before := int64(behind)
	seen := from
	if !s.repeats() {
		// Set back: the clock showed these times before.
		seen = max(from, start.Unix()+before-offset)
	}
	found, ok = s.onClock(seen+offset, search+offset)
	found -= offset
	// Set forward: what was skipped is found on the clock as it went before.
	skipped, also := s.onClock(from+before, min(search, start.Unix()+offset-before)+before)
	if skipped -= before; also && (!ok || skipped < found) {
		return skipped, until, true
	}
	return found, until, ok
}

// onClock looks for a match on a clock that is never set, from one time up to,
// not with, another. Both are what Unix seconds would be if the clock showed UTC.
func (s Schedule) onClock(from, until int64) (found int64, ok bool) {
	for from < until {
		y, m, d := time.Unix(from, 0).UTC().Date()
		switch today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); {
		case !s.fields[month].has(int(m)):
			from = time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC).Unix()
		case s.fields[day].has(d) && s.fields[weekday].has(int(today.Weekday())):
			if t, found := s.inDay(int(from - today.Unix())); found {
				at := today.Unix() + int64(t)
				return at, at < until
			}
			fallthrough
		default:
			from = today.Unix() + 86400
		}
	}
	return 0, false
}

// inDay is the first second of the day, at or after from, that matches.
func (s Schedule) inDay(from int) (int, bool) {
	h, m, sec := from/3600, from/60%60, from%60
	if !s.fields[hour].has(h) {
		next, ok := s.fields[hour].from(h)
		return next*3600 + s.fields[minute].first()*60 + s.fields[second].first(), ok
	}
	if s.fields[minute].has(m) {
		if next, ok := s.fields[second].from(sec); ok {
			return h*3600 + m*60 + next, true
		}
	}
	if next, ok := s.fields[minute].from(m + 1); ok {
		return h*3600 + next*60 + s.fields[second].first(), true
	}
	next, ok := s.fields[hour].from(h + 1)
	return next*3600 + s.fields[minute].first()*60 + s.fields[second].first(), ok
}

// Missed is the first tick after the last one that was taken, if it is due by
// now: the timer is past due then, and runs once, however many it missed.
func (s Schedule) Missed(last, now time.Time) (due time.Time, missed bool) {
	due = s.Next(last)
	if due.IsZero() || due.After(now) {
		return time.Time{}, false
	}
	return due, true
}
