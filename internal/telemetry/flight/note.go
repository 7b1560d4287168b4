package flight

import (
	"sync"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// notes are a ring of events.
type notes struct {
	mu     sync.Mutex
	number int64
}

const (
	noteHead   = 32
	mostKind   = 24
	mostWorker = 24
	mostNote   = noteSize - noteHead - mostKind - mostWorker
)

// Note records an event, its text redacted and cut at 304 bytes. A zero At is
// now.
func (r *Recorder) Note(e telemetry.Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	text := cut(telemetry.Redact([]byte(e.Text)), mostNote)
	kind, worker := cut([]byte(e.Kind), mostKind), cut([]byte(e.Worker), mostWorker)

	n := &r.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	n.number++
	at := notesAt + int((n.number-1)%noteCount)*noteSize
	b := r.mem[at : at+noteSize]
	put64(b, n.number)
	put64(b[8:], e.At.UnixNano())
	put64(b[16:], r.clock.at(e.At))
	b[24], b[25] = byte(len(kind)), byte(len(worker))
	native.PutUint16(b[26:], uint16(len(text)))
	body := b[noteHead:noteHead]
	body = append(append(append(body, kind...), worker...), text...)
	native.PutUint32(b[28:], noteSum(r.seed, b, len(body)))
}

func noteSum(seed uint32, b []byte, body int) uint32 {
	return sum(sum(seed, b[:28]), b[noteHead:noteHead+body])
}

// readNote is false if the record was torn.
func readNote(seed uint32, b []byte) (t stamp, e telemetry.Event, whole bool) {
	kind, worker, text := int(b[24]), int(b[25]), int(native.Uint16(b[26:]))
	if noteHead+kind+worker+text > len(b) || native.Uint32(b[28:]) != noteSum(seed, b, kind+worker+text) {
		return t, e, false
	}
	body := string(b[noteHead : noteHead+kind+worker+text])
	e.Kind, e.Worker, e.Text = telemetry.Kind(body[:kind]), body[kind:kind+worker], body[kind+worker:]
	return stamp{get64(b), get64(b[8:]), get64(b[16:])}, e, true
}

// cut shortens text to at most n bytes, between characters.
func cut(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	for back := 0; n > 0 && back < utf8.UTFMax && !utf8.RuneStart(text[n]); back++ {
		n--
	}
	return text[:n]
}
