// Package trace reads memory traces that somebody recorded as CSV into samples for the trend detector.
//
// The first line names the columns, in any order: t_seconds and bytes have to be
// there, the others of [Columns] may be. A row without bytes is a missing sample; an empty cell
// elsewhere says what the row before said. Rows are handed on one by one and
// nothing is kept, so a trace of any length takes the same memory. What is wrong with a trace is
// told in one line, with the number of the line. Begin with [Read].
package trace

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// The columns, by their places in Columns.
const (
	seconds = iota
	held
	requests
	inFlight
	generation
	limit
	heap
	committed
	file
	kernel
	threads
	fds
	goroutines
)

// Columns are the names that a trace may have in its first line.
func Columns() []string {
	return []string{
		"t_seconds", "bytes", "requests", "inflight", "generation", "limit_bytes", "heap_bytes", "committed_bytes",
		"file_bytes", "kernel_bytes", "threads", "fds", "goroutines",
	}
}

// longest is the longest line that a trace may have, in bytes.
const longest = 64 << 10

// reader is a trace that is being read.
type reader struct {
	in     *bufio.Reader
	name   string
	number int64 // of the line
	places []int // the column of each cell
	sample trend.Sample
	rows   int64
}

// Read hands the samples of a trace to yield, in order, until yield returns an
// error, which it returns. The name is for errors. Time may go back only where the generation
// changes. It returns the number of samples; a trace of fewer than two is an error.
func Read(in io.Reader, name string, yield func(trend.Sample) error) (rows int64, err error) {
	r := &reader{in: bufio.NewReaderSize(in, longest), name: name}
	if err := r.header(); err != nil {
		return 0, err
	}
	for {
		line, err := r.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return r.rows, err
		}
		if len(line) == 0 {
			continue
		}
		given, err := r.row(line)
		if err != nil {
			return r.rows, err
		}
		if !given {
			continue
		}
		r.rows++
		if err := yield(r.sample); err != nil {
			return r.rows, err
		}
	}
	switch r.rows {
	case 0:
		return 0, fmt.Errorf("%s: has no rows below its first line", name)
	case 1:
		return 1, fmt.Errorf("%s: has one row, and a trend takes two at least", name)
	}
	return r.rows, nil
}

// line is the next line without its end. It is good until the next call.
func (r *reader) line() ([]byte, error) {
	line, err := r.in.ReadSlice('\n')
	r.number++
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, r.wrong("is longer than %d bytes", longest)
	case errors.Is(err, io.EOF) && len(line) > 0:
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", r.name, err)
	}
	return bytes.TrimSpace(line), nil
}

func (r *reader) wrong(format string, args ...any) error {
	return fmt.Errorf("%s: line %d %s", r.name, r.number, fmt.Sprintf(format, args...))
}

func (r *reader) header() error {
	line, err := r.line()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: is empty\nhint: its first line names the columns: t_seconds,bytes", r.name)
	}
	if err != nil {
		return err
	}
	known := Columns()
	for cell := range strings.SplitSeq(strings.TrimPrefix(string(line), "\ufeff"), ",") {
		name := strings.ToLower(strings.Trim(strings.TrimSpace(cell), `"`))
		place := slices.Index(known, name)
		if place < 0 {
			return r.wrong("has the unknown column %q\nhint: columns are %s", clip([]byte(name)), strings.Join(known, ", "))
		}
		if slices.Contains(r.places, place) {
			return r.wrong("names the column %s twice", name)
		}
		r.places = append(r.places, place)
	}
	for _, place := range []int{seconds, held} {
		if !slices.Contains(r.places, place) {
			return r.wrong("does not name the column %s\nhint: the first line names the columns: t_seconds,bytes", known[place])
		}
	}
	return nil
}

// row reads a line into the sample. given is false for one without bytes.
func (r *reader) row(line []byte) (given bool, err error) {
	before := r.sample
	s := &r.sample
	for i, place := range r.places {
		cell, rest, more := bytes.Cut(line, []byte{','})
		if more != (i+1 < len(r.places)) {
			return false, r.wrong("has %d cells, and the first line names %d columns", cells(i, line), len(r.places))
		}
		line = rest
		cell = bytes.Trim(bytes.TrimSpace(cell), `"`)
		if len(cell) == 0 {
			if place == seconds {
				return false, r.wrong("has no t_seconds")
			}
			continue
		}
		if place == generation {
			s.Generation = generationOf(cell)
			continue
		}
		v, ok := number(cell)
		switch {
		case !ok:
			return false, r.wrong("has %q for %s, which is no number", clip(cell), Columns()[place])
		case v < 0 && place != seconds:
			return false, r.wrong("has %q for %s, which is negative", clip(cell), Columns()[place])
		case math.Abs(v) > 9e9 && place == seconds:
			return false, r.wrong("has %q for t_seconds, which is no time in seconds\nhint: milliseconds have to be divided by 1000", clip(cell))
		case v >= math.MaxInt64:
			return false, r.wrong("has %q for %s, which is too large", clip(cell), Columns()[place])
		}
		given = given || place == held
		r.set(place, v)
	}
	if r.rows > 0 && s.At < before.At && s.Generation == before.Generation {
		at, was := s.At.Seconds(), before.At.Seconds()
		return false, r.wrong("has the time %g after %g\nhint: sort the rows by t_seconds, or number the worker's processes in a column generation", at, was)
	}
	return given, nil
}

func cells(before int, rest []byte) int { return before + 1 + bytes.Count(rest, []byte{','}) }

func clip(cell []byte) string { return string(cell[:min(len(cell), 40)]) }

func (r *reader) set(place int, v float64) {
	s := &r.sample
	switch place {
	case seconds:
		s.At = time.Duration(v * float64(time.Second))
	case held:
		s.Bytes = int64(v)
	case requests:
		s.Requests = int64(v)
	case inFlight:
		s.InFlight = v
	case limit:
		s.Limit = int64(v)
	case heap:
		s.Heap = int64(v)
	case committed:
		s.Committed = int64(v)
	case file:
		s.File = int64(v)
	case kernel:
		s.Kernel = int64(v)
	case threads:
		s.Threads = int64(v)
	case fds:
		s.FDs = int64(v)
	case goroutines:
		s.Goroutines = int64(v)
	}
}

// number reads a finite number. Plain digits, which most are, allocate nothing.
func number(cell []byte) (v float64, ok bool) {
	if len(cell) <= 15 {
		whole := int64(0)
		for _, c := range cell {
			if c < '0' || c > '9' {
				whole = -1
				break
			}
			whole = whole*10 + int64(c-'0')
		}
		if whole >= 0 {
			return float64(whole), true
		}
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// generationOf is the number in a cell, or a number for the name in it.
func generationOf(cell []byte) uint64 {
	if v, err := strconv.ParseUint(string(cell), 10, 63); err == nil {
		return v + 1 // zero is for what nobody tells
	}
	h := fnv.New64a()
	_, _ = h.Write(cell)
	return h.Sum64() | 1<<63
}
