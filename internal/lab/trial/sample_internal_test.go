package trial

import (
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/memory"
)

func TestAnOldHeapIsNotTakenForTheHeap(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	s := &sampler{t: &Trial{e: &lab.Experiment{Collect: lab.Collect{Every: 50 * time.Millisecond}}}}
	s.reading.At = now
	for _, row := range []struct {
		name string
		heap memory.Heap
		want bool
	}{
		{"just read", memory.Heap{Known: true, At: now.Add(-heapEvery)}, true},
		{"the last scrapes failed", memory.Heap{Known: true, At: now.Add(-10 * heapEvery)}, false},
		{"never told", memory.Heap{}, false},
	} {
		if got := s.fresh(&row.heap); got != row.want {
			t.Errorf("%s: fresh = %v, want %v", row.name, got, row.want)
		}
	}
}
