package rows

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

func sampleHeader() string {
	var b strings.Builder
	b.WriteString("at,generation")
	for _, s := range lab.AllSeries() {
		b.WriteString("," + string(s))
	}
	b.WriteString(",limit,stolen")
	return b.String()
}

func appendSample(to []byte, s lab.Sample) ([]byte, error) {
	var wrong first
	wrong.see(moment("at", s.At), amount("limit", s.Limit), amount("stolen", s.Stolen))
	if s.Generation < 0 {
		wrong.see(fmt.Errorf("generation: %d is none", s.Generation))
	}
	to = appendNumber(to, s.At)
	to = strconv.AppendInt(append(to, ','), int64(s.Generation), 10)
	for i, name := range lab.AllSeries() {
		wrong.see(amount(string(name), s.Values[i]))
		to = appendNumber(append(to, ','), s.Values[i])
	}
	to = appendNumber(append(to, ','), s.Limit)
	to = appendNumber(append(to, ','), s.Stolen)
	return to, wrong.err
}

func parseSample(fields []string) (s lab.Sample, err error) {
	var wrong first
	number := func(column, field string) float64 {
		x, err := parseNumber(column, field)
		wrong.see(err)
		return x
	}
	s.At = number("at", fields[0])
	generation, err := parseWhole("generation", fields[1])
	wrong.see(err)
	s.Generation = int(generation)
	for i, name := range lab.AllSeries() {
		s.Values[i] = number(string(name), fields[2+i])
	}
	s.Limit = number("limit", fields[len(fields)-2])
	s.Stolen = number("stolen", fields[len(fields)-1])
	return s, wrong.err
}
