package gauge

import (
	"bytes"
	"math"
	"strconv"
)

// A sample is one line of a Prometheus endpoint.
type sample struct {
	name   []byte
	labels []byte // what stands between the braces, as it stands there
	value  float64
}

// nextSample takes the first well-formed sample from b, in the text format of
// Prometheus (prometheus.io/docs/instrumenting/exposition_formats) or that of
// OpenMetrics, and returns what follows it. Comments, and lines that are no
// sample, are passed over; ok is false when none is left.
func nextSample(b []byte) (s sample, rest []byte, ok bool) {
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		if s, ok := parseSample(bytes.TrimSpace(line)); ok {
			return s, b, true
		}
	}
	return sample{}, nil, false
}

func parseSample(line []byte) (s sample, ok bool) {
	n := 0
	for n < len(line) && isName(line[n], n) {
		n++
	}
	if n == 0 {
		return sample{}, false
	}
	s.name, line = line[:n], line[n:]
	rest := bytes.TrimLeft(line, " \t")
	switch {
	case len(rest) > 0 && rest[0] == '{':
		end := labelsEnd(rest)
		if end < 0 {
			return sample{}, false
		}
		s.labels, rest = rest[1:end], rest[end+1:]
	case len(rest) == len(line): // the name goes on with what no name has
		return sample{}, false
	}
	// A timestamp or an exemplar may follow.
	word, _, _ := bytes.Cut(bytes.TrimLeft(rest, " \t"), []byte(" "))
	v, err := strconv.ParseFloat(string(word), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return sample{}, false
	}
	s.value = v
	return s, true
}

func isName(c byte, at int) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || at > 0 && c >= '0' && c <= '9'
}

// labelsEnd is the index of the brace that ends the labels, which is no brace
// in a quoted value.
func labelsEnd(line []byte) int {
	quoted := false
	for i := 1; i < len(line); i++ {
		switch {
		case quoted && line[i] == '\\':
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == '}' && !quoted:
			return i
		}
	}
	return -1
}

// label is the value of a label as it is written, escapes and all; empty if the
// sample does not have it.
func (s sample) label(name string) string {
	for rest := s.labels; len(rest) > 0; {
		key, after, ok := bytes.Cut(rest, []byte(`="`))
		if !ok {
			return ""
		}
		end := 0
		for end < len(after) && after[end] != '"' {
			if after[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(after) {
			return ""
		}
		if string(bytes.Trim(key, ", \t")) == name {
			return string(after[:end])
		}
		rest = after[end+1:]
	}
	return ""
}
