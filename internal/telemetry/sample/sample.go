// Package sample chooses which of many requests get a row, and how many each row stands for.
//
// Above a rate of rows a second, one of each block of consecutive requests is
// kept and carries the size of its block as its weight. The choice within a
// block is uniform, so that a weighted sum estimates without bias, and blocks
// leave nobody out, so that the sum of the weights is the number of requests,
// exactly. Requests are sorted into classes, each with blocks of its own:
// failures and slow ones get smaller blocks, and therefore more rows, with
// smaller weights.
//
// It has no clock and no lock: its owner calls [Sampler.Roll] once a second.
// Begin with [Sampler.Take].
package sample

import "math/bits"

// Class is what kind of request one is.
type Class uint8

// The classes.
const (
	Plain    Class = iota // answered as most are
	Slow                  // answered, slower than nearly all
	Rejected              // answered with what blames the client, 4xx
	Refused               // turned away by stanch
	Failed                // not answered, or with 5xx
	Classes
)

// shares are the hundredths of the rate that a class has for itself while all
// want more than there is. What one does not use, the others get.
var shares = [Classes]int{Plain: 40, Slow: 20, Rejected: 10, Refused: 10, Failed: 20}

// Sampler holds one second's blocks. One goroutine at a time may use it.
type Sampler struct {
	rate   int
	random uint64
	class  [Classes]stratum
}

// stratum is the present block of a class, and what its second has brought.
type stratum struct {
	block int // requests that one row stands for
	open  int // requests of the present block so far
	seen  int // requests in this second
	kept  int // rows in this second
	limit int // of kept, from which the block grows
	room  int // rows that the class may have in a second
}

// New makes a sampler of at most about rate rows a second; 0 keeps all. The seed
// is for its choices, any number but 0.
func New(rate int, seed uint64) *Sampler {
	s := &Sampler{rate: rate, random: seed | 1}
	s.plan()
	return s
}

// Take counts a request. candidate says that it is the one that stands for its
// block as far as that goes, in the place of the last candidate of its class. A
// weight above 0 says that the block is complete: the candidate becomes a row of
// this weight. While room is false no block is completed, since nobody could
// take the row; it grows instead.
func (s *Sampler) Take(c Class, room bool) (candidate bool, weight int) {
	t := &s.class[c]
	t.seen++
	t.open++
	candidate = t.open == 1 || s.below(t.open) == 0
	if t.open < t.block || !room {
		return candidate, 0
	}
	if t.kept++; t.kept > t.limit && s.rate > 0 {
		// More came than the last second let expect.
		t.block *= 4
		t.limit += max(t.room/4, 2)
	}
	weight, t.open = t.open, 0
	return candidate, weight
}

// Flush ends the present block of a class before it is complete. It returns the
// weight of the candidate's row; 0 if there is none.
func (s *Sampler) Flush(c Class) (weight int) {
	t := &s.class[c]
	weight, t.open = t.open, 0
	return weight
}

// Roll begins the next second: the last one tells how large blocks are to be.
// Requests of open blocks stay in them; flush first. It returns how many of the
// requests of the last second one row stood for at most, 1 where none was left
// out.
func (s *Sampler) Roll() (most int) {
	most = 1
	for c := range s.class {
		if t := &s.class[c]; t.seen > 0 {
			most = max(most, t.block)
		}
	}
	s.plan()
	return most
}

// plan divides the rate by what the last second has brought.
func (s *Sampler) plan() {
	var room [Classes]int
	left, hungry := s.rate, 0
	for c := range s.class {
		room[c] = min(s.class[c].seen, s.rate*shares[c]/100)
		left -= room[c]
		if s.class[c].seen > room[c] {
			hungry += shares[c]
		}
	}
	// Once more around for what was left over: what then is left, is left.
	for c := range s.class {
		if want := s.class[c].seen - room[c]; want > 0 && left > 0 {
			room[c] += min(want, left*shares[c]/hungry)
		}
	}
	for c := range s.class {
		t := &s.class[c]
		t.room = max(room[c], s.rate*shares[c]/100, 1)
		t.block = max(1, (t.seen+t.room-1)/t.room)
		if s.rate == 0 {
			t.block = 1
		}
		t.limit = t.room + t.room/4
		t.seen, t.kept = 0, 0
	}
}

// below is a number from 0 to n-1, by xorshift64* and Lemire's multiplication.
func (s *Sampler) below(n int) uint64 {
	x := s.random
	x ^= x >> 12
	x ^= x << 25
	x ^= x >> 27
	s.random = x
	high, _ := bits.Mul64(x*0x2545F4914F6CDD1D, uint64(n))
	return high
}
