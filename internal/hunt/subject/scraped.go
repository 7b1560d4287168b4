package subject

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

// scraped looks at what a worker tells of itself at a Prometheus endpoint: its
// resident memory, which counts the program's own pages too, and its heap.
type scraped struct {
	at      string
	gauge   *gauge.Gauge
	reading memory.Reading
}

// nobody is the pid of no process: a gauge tracks a worker, and this one has
// nothing but an endpoint.
const nobody = 1 << 30

func newScraped(at, proc string) (*scraped, error) {
	g, err := gauge.New(gauge.Config{Proc: proc})
	if err != nil {
		return nil, err
	}
	g.Track(tracked, nobody, nil)
	g.TrackHeap(tracked, at)
	return &scraped{at: at, gauge: g}, nil
}

func (m *scraped) look(ctx context.Context) (look, error) {
	body, err := fetch(ctx, "GET", "", m.at)
	if err != nil {
		if ctx.Err() != nil {
			return look{}, ctx.Err()
		}
		return look{}, &Ended{fmt.Sprintf("does not tell its memory: %v", err)}
	}
	t := parseProcess(body)
	if t.resident == 0 {
		return look{}, fmt.Errorf("read the worker's metrics: there is no process_resident_memory_bytes\nhint: --pid N or --container ID, where the worker runs on this machine")
	}
	l := look{at: time.Now(), hard: t.resident, generation: t.started}
	m.gauge.Look(ctx)
	m.gauge.Read(l.at, &m.reading)
	if w := m.reading.Worker(tracked); w != nil && w.Heap.Known {
		l.heap, l.committed, l.heapAt = w.Heap.Live, w.Heap.Committed, w.Heap.At
	}
	return l, nil
}

func (m *scraped) close() { m.gauge.Close() }

// told is what an endpoint says of its process.
type told struct {
	resident int64
	started  uint64 // 0: not told
}

// parseProcess reads the two names that Prometheus's client libraries agree on
// for a process; prometheus.io/docs/instrumenting/writing_clientlibs. Others, and
// values that can't be, are passed over.
func parseProcess(body []byte) (t told) {
	for line := range bytes.Lines(body) {
		name, rest, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		if !ok {
			continue
		}
		name, _, _ = bytes.Cut(name, []byte("{"))
		word, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
		v, err := strconv.ParseFloat(string(word), 64)
		if err != nil || !(v > 0) || v >= math.MaxInt64 {
			continue
		}
		switch string(name) {
		case "process_resident_memory_bytes":
			t.resident = int64(v)
		case "process_start_time_seconds":
			t.started = uint64(v * 100)
		}
	}
	return t
}
