package rows

import (
	"fmt"
	"strconv"

	"github.com/stanch-dev/stanch/internal/lab"
)

func appendEvent(to []byte, e lab.Event) ([]byte, error) {
	var wrong first
	wrong.see(moment("at", e.At))
	if !isKind(e.Kind) {
		wrong.see(fmt.Errorf("kind: %.40q is none", e.Kind))
	}
	if e.Generation < 0 {
		wrong.see(fmt.Errorf("generation: %d is none", e.Generation))
	}
	to = appendNumber(to, e.At)
	to = append(append(to, ','), e.Kind...)
	to = strconv.AppendInt(append(to, ','), int64(e.Generation), 10)
	to = strconv.AppendInt(append(to, ','), int64(e.Code), 10)
	return appendText(append(to, ','), e.Text), wrong.err
}

func parseEvent(fields []string) (e lab.Event, err error) {
	var wrong first
	e.At, err = parseNumber("at", fields[0])
	wrong.see(err)
	e.Kind = lab.EventKind(fields[1])
	generation, err := parseWhole("generation", fields[2])
	wrong.see(err)
	code, err := parseWhole("code", fields[3])
	wrong.see(err)
	e.Generation, e.Code = int(generation), int(code)
	e.Text, err = parseText(fields[4])
	wrong.see(err)
	return e, wrong.err
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
