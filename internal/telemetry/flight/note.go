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

// noteStamp is false if the record is torn.
func noteStamp(seed uint32, b []byte) (stamp, bool) {
	body := int(b[24]) + int(b[25]) + int(native.Uint16(b[26:]))
	whole := noteHead+body <= len(b) && native.Uint32(b[28:]) == noteSum(seed, b, body)
	return stamp{number: get64(b), wall: get64(b[8:]), boot: get64(b[16:])}, whole
}

// readNote decodes a record that has its stamp.
func readNote(b []byte, at time.Time) telemetry.Event {
	kind, worker, text := int(b[24]), int(b[25]), int(native.Uint16(b[26:]))
	body := string(b[noteHead : noteHead+kind+worker+text])
	return telemetry.Event{At: at, Kind: telemetry.Kind(body[:kind]), Worker: body[kind : kind+worker], Text: body[kind+worker:]}
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
