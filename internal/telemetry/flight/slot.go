package flight

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// slots hands out the table of requests in flight. Only getting and giving back
// a slot takes the lock.
type slots struct {
	mu   sync.Mutex
	free []uint16
}

func (s *slots) init() {
	s.free = make([]uint16, slotCount)
	for i := range s.free {
		s.free[i] = uint16(slotCount - 1 - i)
	}
}

// Slot is one place in the table, for one request at a time: a connection's,
// from its first request to its last. Its methods are for one goroutine at a
// time; they take no lock and don't allocate.
type Slot struct {
	r     *Recorder
	place []byte // nil where the table was full: nothing is recorded
	index uint16
	state uint64
}

// A slot's first word counts its changes, with what it is in the lowest bits:
//
//	idle → writing → active → idle
//
// It is written before and after all else, so that a reader, be it another
// goroutine or the next process, knows a half-written slot.
const (
	idle    = 0
	writing = 1
	active  = 2
	states  = 3

	slotHead   = 32
	mostMethod = 8
	mostPath   = slotSize - slotHead - mostMethod
)

// Slot returns a free slot. It is never nil; when all 4096 are taken it is one
// that records nothing.
func (r *Recorder) Slot() *Slot {
	r.slots.mu.Lock()
	defer r.slots.mu.Unlock()
	n := len(r.slots.free)
	if n == 0 {
		return &Slot{}
	}
	index := r.slots.free[n-1]
	r.slots.free = r.slots.free[:n-1]
	at := slotsAt + int(index)*slotSize
	s := &Slot{r: r, place: r.mem[at : at+slotSize : at+slotSize], index: index}
	s.state = s.word().Load() &^ states
	return s
}

func (s *Slot) word() *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&s.place[0])) }

func (s *Slot) mark(state uint64) {
	s.state = s.state&^states + states + 1 + state
	s.word().Store(s.state)
}

// Begin records that a request is in flight, with its declared body's size, -1
// if unknown. The path is cut at 88 bytes, and at its query, which may hold
// secrets; a "?" says that there was one. It keeps nothing of the slices.
func (s *Slot) Begin(method, path []byte, size int64) {
	if s.place == nil {
		return
	}
	if len(path) > mostPath {
		path = path[:mostPath]
	}
	if query := bytes.IndexByte(path, '?'); query >= 0 {
		path = path[:query+1]
	}
	method = method[:min(len(method), mostMethod)]
	s.mark(writing)
	b := (*[slotSize]byte)(s.place)
	b[12], b[13] = byte(len(method)), byte(len(path))
	put64(b[16:], s.r.clock.now())
	put64(b[24:], size)
	n := slotHead + copy(b[slotHead:], method)
	n += copy(b[n:], path)
	native.PutUint32(b[8:], sum(s.r.seed, b[12:n]))
	s.mark(active)
}

// End records that the request is no longer in flight.
func (s *Slot) End() {
	if s.place != nil {
		s.mark(idle)
	}
}

// Free ends the request, if there is one, and gives the slot back. It is safe
// to call twice; Begin and End do nothing afterwards.
func (s *Slot) Free() {
	if s.place == nil {
		return
	}
	s.mark(idle)
	s.place = nil
	s.r.slots.mu.Lock()
	defer s.r.slots.mu.Unlock()
	s.r.slots.free = append(s.r.slots.free, s.index)
}

// readSlot is false if nothing is in flight in it; torn if it was being
// written.
func readSlot(seed uint32, b []byte) (began int64, q Request, found, torn bool) {
	switch native.Uint64(b) & states {
	case idle:
		return 0, q, false, false
	case active:
	default:
		return 0, q, false, true
	}
	method, path := int(b[12]), int(b[13])
	end := slotHead + method + path
	if end > len(b) || native.Uint32(b[8:]) != sum(seed, b[12:end]) {
		return 0, q, false, true
	}
	q.Method, q.Path = string(b[slotHead:slotHead+method]), string(b[slotHead+method:end])
	q.Size = get64(b[24:])
	return get64(b[16:]), q, true, false
}

// age is how long ago a request began, at most since the machine's start.
func age(now, began int64) time.Duration { return time.Duration(max(now-began, 0)) }
