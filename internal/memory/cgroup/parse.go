package cgroup

import (
	"bytes"

	"github.com/stanch-dev/stanch/internal/memory"
)

// nextField takes the first well-formed "key value" line from b, as in
// memory.stat and memory.events, and returns what follows it. Lines that hold
// anything else (no value, a sign, more digits than an int64 has) are passed
// over; ok is false when none is left.
func nextField(b []byte) (key []byte, value int64, rest []byte, ok bool) {
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		i := bytes.IndexByte(line, ' ')
		if i <= 0 {
			continue
		}
		if v, good := parseInt(line[i+1:]); good {
			return line[:i], v, b, true
		}
	}
	return nil, 0, nil, false
}

// parseInt reads a whole decimal number of at least 0 that fits an int64.
func parseInt(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		d := int64(c - '0')
		if n > (memory.Unlimited-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// parseLimit reads a file that holds a limit. "max", and the numbers near 2^63
// with which version 1 says the same (its page counter's maximum, which depends
// on the page size), are Unlimited.
func parseLimit(b []byte) (int64, bool) {
	b = bytes.TrimSuffix(b, newline)
	if string(b) == "max" {
		return memory.Unlimited, true
	}
	n, ok := parseInt(b)
	if !ok {
		return 0, false
	}
	if n >= 1<<62 {
		n = memory.Unlimited
	}
	return n, true
}

// parseLine reads a file that holds one number.
func parseLine(b []byte) (int64, bool) { return parseInt(bytes.TrimSuffix(b, newline)) }

var newline = []byte("\n")
