// Package schedule says when a timer is due: it reads NCRONTAB and TimeSpan texts as Azure Functions does.
//
// An NCRONTAB text has six fields, {second} {minute} {hour} {day} {month}
// {day-of-week}, or five, which Azure takes too: the second is 0 then. A tick has
// to match all six; day and day-of-week are not alternatives as in Unix cron.
// The rules are those of the .NET library NCrontab 3.3, which Azure uses.
//
// Nothing here has a clock or a time zone of its own: a schedule is asked about a
// time, and answers in that time's location. Begin with [Parse] and
// [Schedule.Next].
package schedule

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Schedule is when a timer is due. The zero value is never due. Two of them that
// mean the same are equal.
type Schedule struct {
	fields [6]set        // all empty if every is not 0
	every  time.Duration // of the TimeSpan form
}

// set is what a field allows: bit v for the value v.
type set uint64

func (s set) has(v int) bool { return s>>v&1 == 1 }
func (s set) first() int     { return bits.TrailingZeros64(uint64(s)) }
func (s set) size() int      { return bits.OnesCount64(uint64(s)) }

// from is the least value that is at least v; ok is false if there is none.
func (s set) from(v int) (least int, ok bool) {
	rest := s >> v << v
	return rest.first(), rest != 0
}

// MaxText is the longest text that is read, in bytes.
const MaxText = 1000

// Parse reads an NCRONTAB text or a TimeSpan. Settings in it (%NAME%) are
// resolved before. The error is an *Error.
func Parse(text string) (Schedule, error) {
	s, _, err := parse(text)
	return s, err
}

// Traps are the places of a sound text which Azure reads otherwise than its
// writer may think. They are none if the text is not sound.
func Traps(text string) []*Error {
	s, traps, err := parse(text)
	if err != nil {
		return nil
	}
	if s.never() {
		traps = append(traps, &Error{Source: text, Column: 1, Problem: "the timer is never due: no month has such a day"})
	}
	return traps
}

func parse(text string) (Schedule, []*Error, error) {
	fault := func(column int, problem, hint string) (Schedule, []*Error, error) {
		return Schedule{}, nil, &Error{Source: text, Column: column, Problem: problem, Hint: hint}
	}
	if len(text) > MaxText {
		return fault(1, fmt.Sprintf("%d bytes are no schedule", len(text)), fmt.Sprintf("at most %d bytes", MaxText))
	}
	parts := words(text)
	switch {
	case len(parts) == 0:
		return fault(1, "it is empty", six)
	case len(parts) == 1 && (strings.Contains(text, ":") || !strings.ContainsAny(text, "*,/")):
		every, trap, err := parseSpan(text)
		if err != nil {
			return Schedule{}, nil, err
		}
		if every <= 0 {
			return fault(parts[0].at, "a timer can't be due every "+parts[0].text, "an interval above zero, as in 00:05:00 for five minutes")
		}
		var traps []*Error
		if trap != nil {
			traps = append(traps, trap)
		}
		return Schedule{every: every}, traps, nil
	case len(parts) != 5 && len(parts) != 6:
		return fault(parts[len(parts)-1].at, fmt.Sprintf("there are 6 fields, and it has %d", len(parts)), six)
	}
	var s Schedule
	var traps []*Error
	skip := 6 - len(parts)
	if skip == 1 {
		s.fields[second] = 1
		traps = append(traps, &Error{
			Source: text, Column: parts[0].at, Problem: "it has five fields, so that the first one is the minute",
			Hint: fmt.Sprintf("%q says the same with seconds", "0 "+strings.TrimSpace(text)),
		})
	}
	for i, part := range parts {
		allowed, trap, err := parseField(field(i+skip), part)
		if err != nil {
			err.Source = text
			return Schedule{}, nil, err
		}
		if trap != nil {
			trap.Source = text
			traps = append(traps, trap)
		}
		s.fields[i+skip] = allowed
	}
	return s, traps, nil
}

const six = `six fields, {second} {minute} {hour} {day} {month} {day-of-week}, as in "0 */5 * * * *" for every five minutes, or an interval as in 00:05:00`

// word is a part of a text and the column where it begins, from 1.
type word struct {
	text string
	at   int
}

// words are the parts between spaces, the only separator that NCrontab knows.
func words(text string) (all []word) {
	at := 1
	for part := range strings.SplitSeq(text, " ") {
		if part != "" {
			all = append(all, word{part, at})
		}
		at += len(part) + 1
	}
	return all
}

// Persistent says whether the last tick is remembered across restarts where
// useMonitor is not given: not for schedules that are due more often than once
// a minute.
func (s Schedule) Persistent() bool {
	if s.every > 0 {
		return s.every >= time.Minute
	}
	for f := minute; f <= weekday; f++ {
		if s.fields[f] != f.all() {
			return true
		}
	}
	return s.fields[second].size() == 1
}

// repeats says whether the schedule counts on through the hour that a clock
// repeats when it is set back. It is Azure's rule: yes, if one of second, minute
// and hour allows two values in a row. Other schedules stand for a time of day,
// and are due once.
func (s Schedule) repeats() bool {
	for f := second; f <= hour; f++ {
		if s.fields[f]&(s.fields[f]>>1) != 0 {
			return true
		}
	}
	return false
}

// never says that no date matches: day 30 or 31 in months that don't have it.
func (s Schedule) never() bool {
	if s.every > 0 {
		return false
	}
	longest := [...]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	for m := 1; m <= 12; m++ {
		if s.fields[month].has(m) && s.fields[day] != 0 && s.fields[day].first() <= longest[m] {
			return false
		}
	}
	return true
}

// Error is a mistake in a schedule's text.
type Error struct {
	Source  string // the whole text
	Column  int    // in bytes, from 1
	Problem string
	Hint    string // may be empty
}

// Error shows the place under the text, if the text can be shown.
func (e *Error) Error() string {
	var b strings.Builder
	printable := len(e.Source) <= 120 && !strings.ContainsFunc(e.Source, func(r rune) bool { return r < ' ' || r > '~' })
	if printable && e.Source != "" {
		fmt.Fprintf(&b, "schedule: %s\n  %s\n  %*s", e.Problem, e.Source, e.Column, "^")
	} else {
		fmt.Fprintf(&b, "schedule: column %d: %s", e.Column, e.Problem)
	}
	if e.Hint != "" {
		b.WriteString("\nhint: " + e.Hint)
	}
	return b.String()
}
