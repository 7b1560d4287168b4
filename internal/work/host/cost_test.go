package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
)

// A payload that is read by URL takes memory too, if the function keeps it: it has
// to count, or nothing could be learnt of it.
func TestWhatIsStreamedCountsForWhoIsOnlyGivenStreams(t *testing.T) {
	const size = 4 << 20
	for _, row := range []struct {
		mode  string
		least int64 // bytes that are reserved
		most  int64
	}{
		{"streamed", size, size + 2<<20},
		{"buffered", 2 * size, 3 * size}, // twice the payload, by the host's factor
	} {
		a := start(t, map[string]string{"f": `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":"jobs"},
			{"type":"blob","direction":"in","name":"big","path":"images/{queueTrigger}","stanchMode":"` + row.mode + `"}]}`},
			func(context.Context, *contract.Invocation) (*contract.Result, error) { return &contract.Result{}, nil })
		if _, err := a.store.Blobs().Put(t.Context(), blob.Name{Container: "images", Path: "x"}, blob.Head{}, strings.NewReader(strings.Repeat("x", size)), blob.Want{}); err != nil {
			t.Fatal(err)
		}
		a.put(t, "jobs", "x")
		if d := <-a.done; d.Cost < row.least || d.Cost > row.most {
			t.Errorf("%s: %d bytes were reserved for a blob of %d, want %d to %d", row.mode, d.Cost, size, row.least, row.most)
		}
		a.stop()
	}
}
