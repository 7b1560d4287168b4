package flight

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// stamp is a record's place in the order of things.
type stamp struct {
	number     int64 // within its ring, from 1
	wall, boot int64 // nanoseconds
}

type stamped[T any] struct {
	stamp
	what T
}

// kind is what a file turns out to be.
type kind int

const (
	blank   kind = iota // new, or not begun
	foreign             // not a recorder's
	ours
)

// parse reads a recorder's file, whatever state it is in. It allocates no more
// than in proportion to the file.
func parse(file []byte) (Remains, kind) {
	switch {
	case len(bytes.TrimLeft(file[:min(len(file), headEnd)], "\x00")) == 0:
		return Remains{}, blank
	case len(file) < len(magic) || string(file[:len(magic)]) != magic:
		return Remains{}, foreign
	case len(file) < headEnd:
		return Remains{Torn: fmt.Sprintf("the file ends after %d bytes, in its header", len(file))}, ours
	}
	clean := native.Uint32(file[headClean:]) == 1
	if v := native.Uint32(file[headVersion:]); v != version {
		return Remains{Clean: clean, Torn: fmt.Sprintf("the file has version %d, and this stanch reads version %d", v, version)}, ours
	}
	if native.Uint32(file[headSum:]) != headerSum(file) {
		return Remains{Torn: "the file's header is damaged"}, ours
	}
	return read(file, math.MinInt64), ours
}

// read reads the records of a file with a good header. The requests' ages are
// taken at now, or at the last record if that is later.
func read(file []byte, now int64) Remains {
	r := Remains{
		PID: int(get64(file[headPID:])), Started: time.Unix(0, get64(file[headWall:])),
		Clean: native.Uint32(file[headClean:]) == 1,
	}
	seed, torn := native.Uint32(file[headSeed:]), 0

	var all []stamped[Sample]
	for b := range records(file, denseAt, denseCount+thinCount, sampleSize) {
		if native.Uint32(b[92:]) != sum(seed, b[:92]) {
			torn++
			continue
		}
		t, s := readSample(b)
		all = append(all, stamped[Sample]{t, s})
	}
	var notes []stamped[telemetry.Event]
	for b := range records(file, notesAt, noteCount, noteSize) {
		t, e, whole := readNote(seed, b)
		if !whole {
			torn++
			continue
		}
		notes = append(notes, stamped[telemetry.Event]{t, e})
	}
	var lines []stamped[Line]
	region := file[min(linesAt, len(file)):min(linesAt+linesLen, len(file))]
	for at := 0; at < len(region); {
		t, l, size := readLine(seed, region[at:])
		if size == 0 {
			at += 8
			continue
		}
		lines = append(lines, stamped[Line]{t, l})
		at += size
	}

	last := stamp{wall: r.Started.UnixNano(), boot: get64(file[headBoot:])}
	for _, t := range []stamp{inOrder(&all), inOrder(&notes), inOrder(&lines)} {
		if t.number > 0 && t.boot > last.boot {
			last = t
		}
	}
	r.Last = time.Unix(0, last.wall)
	for _, s := range all {
		s.what.At = time.Unix(0, s.wall)
		r.Samples = append(r.Samples, s.what)
	}
	for _, n := range notes {
		n.what.At = time.Unix(0, n.wall)
		r.Notes = append(r.Notes, n.what)
	}
	for _, l := range lines {
		l.what.At = time.Unix(0, l.wall)
		r.Lines = append(r.Lines, l.what)
	}
	now = max(now, last.boot)
	for b := range records(file, slotsAt, slotCount, slotSize) {
		began, q, found, half := readSlot(seed, b)
		if half {
			torn++
		}
		if found {
			q.Age = age(now, began)
			r.InFlight = append(r.InFlight, q)
		}
	}
	slices.SortStableFunc(r.InFlight, func(a, b Request) int { return cmp.Compare(b.Age, a.Age) })

	switch {
	case len(file) < fileSize:
		r.Torn = fmt.Sprintf("the file ends after %d of %d bytes", len(file), fileSize)
	case torn > 0:
		r.Torn = fmt.Sprintf("%d records were half-written and are left out", torn)
	}
	return r
}

// records are those in a part of the file whose first word is not 0.
func records(file []byte, at, count, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for i := range count {
			from := at + i*size
			if from+size > len(file) {
				return
			}
			b := file[from : from+size : from+size]
			if native.Uint64(b) != 0 && !yield(b) {
				return
			}
		}
	}
}

// leap is by how much the wall clock has to be set before times are told as the
// last setting has them: more than it is slewed by.
const leap = int64(time.Second)

// inOrder sorts by number, drops what is there twice, and tells all times by
// the wall clock as it was set last, so that the distances between them are
// true. It returns the last stamp.
func inOrder[T any](all *[]stamped[T]) stamp {
	slices.SortFunc(*all, func(a, b stamped[T]) int { return cmp.Compare(a.number, b.number) })
	*all = slices.CompactFunc(*all, func(a, b stamped[T]) bool { return a.number == b.number })
	n := len(*all)
	if n == 0 {
		return stamp{}
	}
	last := (*all)[n-1].stamp
	for i := range *all {
		s := &(*all)[i]
		told := s.boot + last.wall - last.boot
		if s.wall-told > leap || told-s.wall > leap {
			s.wall = told
		}
	}
	return last
}

// Snapshot returns what the recorder holds now. It copies the whole record,
// which takes under a millisecond, while writers of anything but requests wait.
func (r *Recorder) Snapshot() Remains {
	file := make([]byte, fileSize)
	r.stopWriters()
	copy(file[:slotsAt], r.mem[:slotsAt])
	copy(file[linesAt:], r.mem[linesAt:])
	r.startWriters()
	for at := slotsAt; at < linesAt; at += slotSize {
		// A slot that changes meanwhile belongs to a request that begins or
		// ends just now.
		word := (*atomic.Uint64)(unsafe.Pointer(&r.mem[at]))
		before := word.Load()
		if before&states != active {
			continue
		}
		copy(file[at:at+slotSize], r.mem[at:at+slotSize])
		if word.Load() != before {
			clear(file[at : at+slotSize])
		}
	}
	if native.Uint32(file[headVersion:]) != version {
		return Remains{PID: int(get64(file[headPID:])), Started: r.began, Clean: true} // closed
	}
	s := read(file, r.clock.now())
	s.Torn = ""
	return s
}
