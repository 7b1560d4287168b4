package rows

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/stanch-dev/stanch/internal/lab"
)

func appendEvent(to []byte, e lab.Event) ([]byte, error) {
	errs := []error{moment("at", e.At)}
	if !isKind(e.Kind) {
		errs = append(errs, fmt.Errorf("kind: %.40q is none", e.Kind))
	}
	if e.Generation < 0 {
		errs = append(errs, fmt.Errorf("generation: %d is none", e.Generation))
	}
	to = appendNumber(to, e.At)
	to = append(append(to, ','), e.Kind...)
	to = strconv.AppendInt(append(to, ','), int64(e.Generation), 10)
	to = strconv.AppendInt(append(to, ','), int64(e.Code), 10)
	return appendText(append(to, ','), e.Text), cmp.Or(errs...)
}

func parseEvent(fields []string) (e lab.Event, err error) {
	var errs []error
	keep := func(err error) { errs = append(errs, err) }
	e.At, err = parseNumber("at", fields[0])
	keep(err)
	e.Kind = lab.EventKind(fields[1])
	generation, err := parseWhole("generation", fields[2])
	keep(err)
	code, err := parseWhole("code", fields[3])
	keep(err)
	e.Generation, e.Code = int(generation), int(code)
	e.Text, err = parseText(fields[4])
	keep(err)
	return e, cmp.Or(errs...)
}

// isKind says whether something looks like a kind of event. Which there are is the
// vocabulary's to say: a later release may know more.
func isKind(k lab.EventKind) bool {
	for _, c := range []byte(k) {
		if (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return k != "" && len(k) <= 32
}
