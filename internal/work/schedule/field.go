package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// field is one of the six places of an NCRONTAB text.
type field int

const (
	second field = iota
	minute
	hour
	day
	month
	weekday
)

func (f field) String() string {
	return [...]string{"second", "minute", "hour", "day", "month", "day-of-week"}[f]
}

func (f field) bounds() (least, most int) {
	switch f {
	case second, minute:
		return 0, 59
	case hour:
		return 0, 23
	case day:
		return 1, 31
	case month:
		return 1, 12
	default:
		return 0, 6
	}
}

// all is the field's *.
func (f field) all() set {
	least, most := f.bounds()
	return span(least, most, 1)
}

// names are those of the values, from the least one.
func (f field) names() []string {
	switch f {
	case month:
		return []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	case weekday:
		return []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	default:
		return nil
	}
}

// span are the values from one to another in steps.
func span(from, to, step int) (s set) {
	for v := from; v <= to; v += step {
		s |= 1 << v
	}
	return s
}

// parseField reads a list of values, ranges and steps. Columns are those of the
// whole text.
func parseField(f field, part word) (s set, trap, err *Error) {
	at := part.at
	for element := range strings.SplitSeq(part.text, ",") {
		one, trapped, err := f.element(word{element, at})
		if err != nil {
			return 0, nil, err
		}
		if trapped != nil {
			trap = trapped
		}
		s |= one
		at += len(element) + 1
	}
	return s, trap, nil
}

func (f field) element(e word) (s set, trap, err *Error) {
	base, stepText, stepped := strings.Cut(e.text, "/")
	step := 1
	if stepped {
		at := e.at + len(base) + 1
		n, sound := number(stepText)
		if !sound || n < 1 || n > 99 {
			return 0, nil, &Error{Column: at, Problem: fmt.Sprintf("%q is no step of the field %s", stepText, f), Hint: "a number from 1 to 99 after the slash, as in */5"}
		}
		step = n
	}
	least, most := f.bounds()
	if base == "*" {
		return span(least, most, step), nil, nil
	}
	fromText, toText, ranged := strings.Cut(base, "-")
	from, err := f.value(word{fromText, e.at})
	if err != nil {
		return 0, nil, err
	}
	to := from
	switch {
	case ranged:
		if to, err = f.value(word{toText, e.at + len(fromText) + 1}); err != nil {
			return 0, nil, err
		}
	case stepped:
		to = most
	}
	if from > to {
		trap = &Error{
			Column: e.at, Problem: fmt.Sprintf("Azure reads the range %s backwards, as %d-%d", base, to, from),
			Hint: fmt.Sprintf("%s-%d,%d-%s, if it is to go round the end", fromText, most, least, toText),
		}
		from, to = to, from
	}
	return span(from, to, step), trap, nil
}

// value reads a number, or a name or the beginning of one in any case. The first
// name with that beginning counts: J is January.
func (f field) value(w word) (int, *Error) {
	least, most := f.bounds()
	if w.text == "" {
		return 0, &Error{Column: w.at, Problem: fmt.Sprintf("the field %s lacks a value", f), Hint: f.allowed()}
	}
	if c := w.text[0]; c >= '0' && c <= '9' {
		n, sound := number(w.text)
		if sound && n >= least && n <= most {
			return n, nil
		}
		hint := f.allowed()
		if f == weekday && n == 7 {
			hint = "Sunday is 0; " + hint
		}
		return 0, &Error{Column: w.at, Problem: fmt.Sprintf("%q is no value of the field %s", w.text, f), Hint: hint}
	}
	for i, name := range f.names() {
		if len(w.text) <= len(name) && strings.EqualFold(name[:len(w.text)], w.text) {
			return i + least, nil
		}
	}
	hint := f.allowed()
	if strings.ContainsAny(w.text, "?LW#") {
		hint = "?, L, W and # belong to other kinds of cron; " + hint
	}
	return 0, &Error{Column: w.at, Problem: fmt.Sprintf("%q is no value of the field %s", w.text, f), Hint: hint}
}

func (f field) allowed() string {
	least, most := f.bounds()
	text := fmt.Sprintf("%d to %d, *, lists as in 1,2, ranges as in 1-3, steps as in */2", least, most)
	if names := f.names(); names != nil {
		text += fmt.Sprintf(", and names from %s to %s", names[0], names[len(names)-1])
	}
	return text
}

// number reads digits alone.
func number(text string) (n int, sound bool) {
	if len(text) == 0 || len(text) > 9 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
