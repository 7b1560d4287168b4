package record

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// traceparent takes a W3C traceparent apart: version-trace-parent-flags. ok is
// false for what is none, and for the ids of zeros that stand for none.
// Source: https://www.w3.org/TR/trace-context/#traceparent-header
func traceparent(b []byte) (trace, parent []byte, ok bool) {
	if len(b) < 55 || b[2] != '-' || b[35] != '-' || b[52] != '-' || string(b[:2]) == "ff" {
		return nil, nil, false
	}
	trace, parent = b[3:35], b[36:52]
	if !lowerHex(b[:2]) || !lowerHex(trace) || !lowerHex(parent) || zeros(trace) || zeros(parent) {
		return nil, nil, false
	}
	return trace, parent, true
}

func lowerHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zeros(b []byte) bool { return len(bytes.Trim(b, "0")) == 0 }

func newSpan() (id [16]byte) {
	putHex(id[:], rand.Uint64())
	return id
}

func newTrace() (id [32]byte) {
	putHex(id[:16], rand.Uint64())
	putHex(id[16:], rand.Uint64())
	return id
}

func putHex(to []byte, n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n|1) // never zero
	for i, c := range b {
		to[2*i], to[2*i+1] = "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15]
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// bucket is Application Insights' performanceBucket.
func bucket(d time.Duration) string {
	for _, b := range [...]struct {
		below time.Duration
		name  string
	}{
		{250 * time.Millisecond, "<250ms"},
		{500 * time.Millisecond, "250ms-500ms"},
		{time.Second, "500ms-1sec"},
		{3 * time.Second, "1sec-3sec"},
		{7 * time.Second, "3sec-7sec"},
		{15 * time.Second, "7sec-15sec"},
		{30 * time.Second, "15sec-30sec"},
		{time.Minute, "30sec-1min"},
		{2 * time.Minute, "1min-2min"},
		{5 * time.Minute, "2min-5min"},
	} {
		if d < b.below {
			return b.name
		}
	}
	return ">=5min"
}

// pathOf is a target without its query.
func pathOf(target []byte) []byte {
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		return target[:i]
	}
	return target
}

// appendURL puts host and target together. An ellipsis says that the target was
// longer.
func appendURL(to, host, target []byte, cut bool) []byte {
	to = append(to, "http://"...)
	if len(host) == 0 {
		to = append(to, "localhost"...)
	}
	to = append(append(to, host...), target...)
	if cut {
		to = append(to, "…"...)
	}
	return to
}

func redact(b []byte) []byte { return telemetry.Redact(b) }
