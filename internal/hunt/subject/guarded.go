package subject

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
)

// guarded looks at workers through the stanch in front of them: the sum over all
// that serve, so that it does not matter which of them had a request.
type guarded struct{ admin string }

// status is what is wanted of the admin listener's GET /status.
type status struct {
	At      time.Time `json:"at"`
	Workers []struct {
		ID   string      `json:"id"`
		PID  int         `json:"pid"`
		Used int64       `json:"used"`
		Heap memory.Heap `json:"heap"`
	} `json:"workers"`
}

func (m *guarded) look(ctx context.Context) (look, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := fetch(ctx, "GET", m.admin, "/status")
	if err != nil {
		return look{}, fmt.Errorf("read the status of stanch: %w", err)
	}
	var s status
	if err := json.Unmarshal(body, &s); err != nil {
		return look{}, fmt.Errorf("read the status of stanch: it is not as stanch writes it: %w", err)
	}
	return sum(s)
}

func sum(s status) (look, error) {
	l := look{at: s.At}
	who := fnv.New64a()
	heaps := true
	for _, w := range s.Workers {
		fmt.Fprintf(who, "%s/%d ", w.ID, w.PID)
		l.hard += w.Used
		heaps = heaps && w.Heap.Known
		l.heap += w.Heap.Live
		l.committed += w.Heap.Committed
		if l.heapAt.IsZero() || w.Heap.At.Before(l.heapAt) {
			l.heapAt = w.Heap.At
		}
	}
	if len(s.Workers) == 0 || l.hard == 0 {
		return look{}, &Ended{"is not there: stanch has none at the moment"}
	}
	if !heaps {
		l.heap, l.committed = 0, 0
	}
	l.generation = who.Sum64()
	return l, nil
}

func (m *guarded) close() {}
