package flight

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"
)

// stamp is a record's place in the order of things.
type stamp struct {
	number     int64 // within its ring, from 1
	wall, boot int64 // nanoseconds
	at         int   // its place in the file
}

func (t stamp) of(at int) stamp {
	t.at = at
	return t
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

	samples := make([]stamp, 0, denseCount+thinCount)
	for at, b := range records(file, denseAt, denseCount+thinCount, sampleSize) {
		t, whole := sampleStamp(seed, b)
		if !whole {
			torn++
			continue
		}
		samples = append(samples, t.of(at))
	}
	notes := make([]stamp, 0, noteCount)
	for at, b := range records(file, notesAt, noteCount, noteSize) {
		t, whole := noteStamp(seed, b)
		if !whole {
			torn++
			continue
		}
		notes = append(notes, t.of(at))
	}
	var lines []stamp
	for at, end := linesAt, min(linesAt+linesLen, len(file)); at < end; {
		t, size := lineStamp(seed, file[at:end])
		if size == 0 {
			at += 8
			continue
		}
		lines = append(lines, t.of(at))
		at += size
	}

	last := stamp{wall: r.Started.UnixNano(), boot: get64(file[headBoot:])}
	for _, all := range []*[]stamp{&samples, &notes, &lines} {
		if t := inOrder(all); t.number > 0 && t.boot > last.boot {
			last = t
		}
	}
	r.Last = time.Unix(0, last.wall)
	r.Samples = gather(file, samples, readSample)
	r.Notes = gather(file, notes, readNote)
	r.Lines = gather(file, lines, readLine)
	now = max(now, last.boot)
	for _, b := range records(file, slotsAt, slotCount, slotSize) {
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

// records are those in a part of the file whose first word is not 0, each with
// its place.
func records(file []byte, at, count, size int) iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for i := range count {
			from := at + i*size
			if from+size > len(file) {
				return
			}
			b := file[from : from+size : from+size]
			if native.Uint64(b) != 0 && !yield(from, b) {
				return
			}
		}
	}
}

// gather decodes the records at these places.
func gather[T any](file []byte, all []stamp, decode func([]byte, time.Time) T) []T {
	what := make([]T, len(all))
	for i, s := range all {
		what[i] = decode(file[s.at:], time.Unix(0, s.wall))
	}
	return what
}

// leap is by how much the wall clock has to be set before times are told as the
// last setting has them: more than it is slewed by.
const leap = int64(time.Second)

// inOrder sorts by number, drops what is there twice, and tells all times by
// the wall clock as it was set last, so that the distances between them are
// true. It returns the last stamp.
func inOrder(all *[]stamp) stamp {
	slices.SortFunc(*all, func(a, b stamp) int { return cmp.Compare(a.number, b.number) })
	*all = slices.CompactFunc(*all, func(a, b stamp) bool { return a.number == b.number })
	n := len(*all)
	if n == 0 {
		return stamp{}
	}
	last := (*all)[n-1]
	for i := range *all {
		s := &(*all)[i]
		told := s.boot + last.wall - last.boot
		if s.wall-told > leap || told-s.wall > leap {
			s.wall = told
		}
	}
	return last
}

// Snapshot returns what the recorder holds now. It takes a millisecond or two of
// processor time; writers of anything but requests wait for a tenth of that.
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
