package flight

import (
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// lines are a ring of bytes. A record begins at a multiple of eight, anywhere,
// and is known by its mark and its checksum: what the ring's head has
// overwritten in part is no record any more.
type lines struct {
	mu     sync.Mutex
	number int64
	head   int // where the next record goes
}

const (
	lineMark = 0x454e494c // LINE
	lineHead = 40
	lineText = 2048 // bytes of a line that are kept
)

// Line records a line of a worker's output, redacted and cut at 2048 bytes. It
// keeps nothing of the slice.
func (r *Recorder) Line(worker, stream string, line []byte) {
	now := time.Now()
	// A secret at the cut is found before it is cut; what is far behind it is
	// not looked at.
	text := cut(telemetry.Redact(cut(line, 2*lineText)), lineText)
	worker, stream = worker[:min(len(worker), mostWorker)], stream[:min(len(stream), mostWorker)]
	body := len(worker) + len(stream) + len(text)
	size := (lineHead + body + 7) &^ 7

	l := &r.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head+size > linesLen {
		l.head = 0
	}
	b := r.mem[linesAt+l.head : linesAt+l.head+size]
	l.head += size
	l.number++
	native.PutUint32(b, lineMark)
	native.PutUint16(b[4:], uint16(len(text)))
	b[6], b[7] = byte(len(worker)), byte(len(stream))
	put64(b[8:], l.number)
	put64(b[16:], now.UnixNano())
	put64(b[24:], r.clock.at(now))
	put64(b[32:], 0)
	n := lineHead
	n += copy(b[n:], worker)
	n += copy(b[n:], stream)
	copy(b[n:], text)
	native.PutUint32(b[36:], lineSum(r.seed, b, body))
}

func lineSum(seed uint32, b []byte, body int) uint32 {
	return sum(sum(seed, b[:36]), b[lineHead:lineHead+body])
}

// lineStamp is of the record that begins with b; size is 0 if none does.
func lineStamp(seed uint32, b []byte) (t stamp, size int) {
	if len(b) < lineHead || native.Uint32(b) != lineMark {
		return t, 0
	}
	body := int(native.Uint16(b[4:])) + int(b[6]) + int(b[7])
	if lineHead+body > len(b) || native.Uint32(b[36:]) != lineSum(seed, b, body) {
		return t, 0
	}
	return stamp{number: get64(b[8:]), wall: get64(b[16:]), boot: get64(b[24:])}, (lineHead + body + 7) &^ 7
}

// readLine decodes a record that has its stamp.
func readLine(b []byte, at time.Time) Line {
	text, worker, stream := int(native.Uint16(b[4:])), int(b[6]), int(b[7])
	s := string(b[lineHead : lineHead+text+worker+stream])
	return Line{At: at, Worker: s[:worker], Stream: s[worker : worker+stream], Text: s[worker+stream:]}
}
