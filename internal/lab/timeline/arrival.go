package timeline

import (
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// Arrival is one request, message or blob that is due.
type Arrival struct {
	At     time.Duration // since the timeline began
	Phase  string
	Stream string
	Number int64 // of its stream in this timeline, from 1

	// Method is that of a request; empty for messages and blobs.
	Method  string
	Path    string // of a request, or CONTAINER/PATH of a blob
	Key     int    // that the path was made with, from 1; 0 without keys
	Timeout time.Duration

	Queue string // of a message
	Text  string // of a message; empty: Size letters and digits

	Size    bytesize.Size // of the bytes that are sent
	Content uint64        // what Payload makes the bytes of
}

// Arrivals are what is due in some spans, in the order of their moments, and streams
// that come at the same moment in the order of the file. They are made as they are
// asked for, and can be gone through again. Moments are whole microseconds.
func Arrivals(e *lab.Experiment, spans []Span) iter.Seq[Arrival] {
	return func(yield func(Arrival) bool) {
		numbers := make([]int64, len(e.Load.Streams))
		for _, span := range spans {
			if !during(e, span, numbers, yield) {
				return
			}
		}
	}
}

// ByPhase is Arrivals, span by span. It goes once through all of them, to know the
// numbers at which each span begins, so that what is due first in a span is at hand at
// once.
func ByPhase(e *lab.Experiment, spans []Span) []iter.Seq[Arrival] {
	numbers := make([]int64, len(e.Load.Streams))
	all := make([]iter.Seq[Arrival], len(spans))
	for i, span := range spans {
		first := slices.Clone(numbers)
		all[i] = func(yield func(Arrival) bool) { during(e, span, slices.Clone(first), yield) }
		for _, s := range sourcesOf(e, span) {
			for ; !s.ended; s.advance() {
				numbers[s.index]++
			}
		}
	}
	return all
}

// during yields what is due in a span, and counts it on; false if it was told to stop.
func during(e *lab.Experiment, span Span, numbers []int64, yield func(Arrival) bool) bool {
	sources := sourcesOf(e, span)
	for next := soonest(sources); next != nil; next = soonest(sources) {
		at := next.due
		next.advance()
		numbers[next.index]++
		a := next.arrival(numbers[next.index])
		a.At, a.Phase = at, span.Phase.Name
		if !yield(a) {
			return false
		}
	}
	return true
}

// soonest is the source that is due first; nil if all have ended.
func soonest(sources []*source) (first *source) {
	for _, s := range sources {
		if !s.ended && (first == nil || s.due < first.due) {
			first = s
		}
	}
	return first
}

// source is a stream within a phase.
type source struct {
	stream lab.Stream
	index  int
	span   Span
	rate   float64 // a second
	total  float64 // expected in the phase
	shares []float64

	gaps    *noise
	drawn   *noise
	reached float64 // in expected arrivals, which no speed changes
	due     time.Duration
	ended   bool
}

func sourcesOf(e *lab.Experiment, span Span) (all []*source) {
	for i, stream := range e.Load.Streams {
		for _, rate := range span.Phase.Rates {
			if rate.Stream != stream.Name {
				continue
			}
			s := &source{
				stream: stream, index: i, span: span, rate: rate.PerSecond,
				total: rate.PerSecond * span.Phase.For.Seconds(),
				gaps:  newNoise(e.Load.Seed, "gaps", stream.Name, span.Phase.Name),
				drawn: newNoise(e.Load.Seed, "draws", stream.Name, span.Phase.Name),
			}
			for _, q := range stream.HTTP {
				s.shares = append(s.shares, q.Share)
			}
			if stream.Blob != nil {
				for _, b := range stream.Blob.Sizes {
					s.shares = append(s.shares, b.Share)
				}
			}
			if stream.Arrivals == lab.Even {
				s.reached = -0.5 // in the middle of its gap, so that rounding drops none
			}
			s.advance()
			all = append(all, s)
		}
	}
	return all
}

// advance finds the next moment.
func (s *source) advance() {
	if s.stream.Arrivals == lab.Even {
		s.reached++
	} else {
		s.reached -= math.Log(1 - s.gaps.unit())
	}
	if s.reached >= s.total {
		s.ended = true
		return
	}
	loaded := time.Duration(s.reached / s.rate * float64(time.Second))
	s.due = s.span.at(min(loaded, s.span.Phase.For)).Truncate(time.Microsecond)
}

// arrival draws what comes. It draws as often for each, so that one that changes
// leaves the others as they are.
func (s *source) arrival(number int64) Arrival {
	a := Arrival{Stream: s.stream.Name, Number: number}
	pick, key := s.drawn.pick(s.shares), s.drawn.unit()
	a.Content = s.drawn.bits()
	numbered := func(text string) string { return strings.ReplaceAll(text, "{n}", strconv.FormatInt(number, 10)) }
	switch {
	case s.stream.Queue != nil:
		q := s.stream.Queue
		a.Queue, a.Text, a.Size = q.Name, numbered(q.Text), q.Size
		if q.Text != "" {
			a.Size = bytesize.Size(len(a.Text))
		}
	case s.stream.Blob != nil:
		a.Path, a.Size = numbered(s.stream.Blob.Path), s.stream.Blob.Sizes[pick].Size
	default:
		q := s.stream.HTTP[pick]
		a.Method, a.Path, a.Size, a.Timeout = q.Method, numbered(q.Path), q.Size, q.Timeout
		if strings.Contains(q.Path, "{key}") {
			a.Key = 1 + min(int(key*float64(q.Keys)), q.Keys-1)
			a.Path = strings.ReplaceAll(a.Path, "{key}", strconv.Itoa(a.Key))
		}
	}
	return a
}

// Before are the messages and blobs that are there at the start, in the order of the
// file.
func Before(e *lab.Experiment) iter.Seq[Arrival] {
	return func(yield func(Arrival) bool) {
		content := newNoise(e.Load.Seed, "before")
		for _, item := range e.Load.Before {
			a := Arrival{Number: 1, Path: item.Blob, Size: item.Size, Content: content.bits()}
			if item.Blob != "" {
				if !yield(a) {
					return
				}
				continue
			}
			for n := range item.Count {
				a.Number, a.Queue, a.Text, a.Size = int64(n)+1, item.Queue, item.Text, bytesize.Size(len(item.Text))
				if !yield(a) {
					return
				}
			}
		}
	}
}
