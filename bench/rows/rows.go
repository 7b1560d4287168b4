// Package rows makes rows of requests as a busy service would record them: always
// the same for the same number, about 414 bytes each.
package rows

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// Start is the time of the first row, in ticks.
var Start = value.Ticks(time.Date(2026, 4, 5, 0, 0, 0, 0, time.UTC))

// Maker makes one row after the other.
type Maker struct {
	random *rand.Rand
	at     int64
	step   int64
	buffer []byte
}

// New makes rows that are step ticks apart on average.
func New(step int64) *Maker {
	return &Maker{random: rand.New(rand.NewPCG(1, 2)), at: Start, step: step}
}

var routes = [...]string{"/work", "/orders/{id}", "/orders", "/users/{id}/cart", "/health", "/search", "/checkout", "/blob/{name}"}

// Next gives the next row and its time. The row is the caller's until the next.
func (m *Maker) Next() (at int64, row []byte) {
	r := m.random
	m.at += r.Int64N(2*m.step) + 1
	route := routes[r.IntN(len(routes))]
	// Log-normal, with a median of 20 ms and a long tail.
	duration := math.Round(20_000*math.Exp(r.NormFloat64())) / 1000
	code, success := 200, "True"
	if r.IntN(100) == 0 {
		code, success = 500, "False"
	}
	bucket := "<250ms"
	if duration >= 250 {
		bucket = "250ms-500ms"
	}
	b := append(m.buffer[:0], `{"timestamp":"`...)
	b = value.AppendDatetime(b, m.at)
	b = fmt.Appendf(b, `","duration":%g,"success":"%s","resultCode":"%d","itemCount":1,"performanceBucket":"%s","name":"GET %s","url":"http://10.2.0.7:8080%s?page=%d",`,
		duration, success, code, bucket, route, route, r.IntN(1000))
	b = fmt.Appendf(b, `"id":"%016x","operation_Name":"GET %s","operation_Id":"%016x%016x","cloud_RoleName":"orders","cloud_RoleInstance":"orders-7c9f-w%d","customDimensions":{"worker":"w%d","generation":%d}}`,
		r.Uint64(), route, r.Uint64(), r.Uint64(), r.IntN(4), r.IntN(4), r.IntN(20))
	m.buffer = b
	return m.at, b
}

// Write fills a store with n rows that span so long.
func Write(ctx context.Context, dir string, n int, span time.Duration, progress func(done int)) error {
	w, err := store.Open(dir, store.Options{Writer: "bench"})
	if err != nil {
		return err
	}
	m := New(value.SpanOf(span) / int64(n))
	for i := range n {
		at, row := m.Next()
		if err := w.Append("requests", at, row); err != nil {
			return err
		}
		if i%8000 == 7999 { // before the queue is full, since nothing may be lost
			if err := w.Sync(ctx); err != nil {
				return err
			}
			progress(i + 1)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	if lost := w.Lost(); lost > 0 {
		return fmt.Errorf("%d rows were lost", lost)
	}
	return nil
}
