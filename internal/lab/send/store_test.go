package send_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/send"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

func open(t *testing.T) *file.Store {
	t.Helper()
	s, err := file.Open(t.TempDir(), file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

func texts(t *testing.T, s *file.Store, name string) (all []string) {
	t.Helper()
	messages, err := s.Peek(t.Context(), name, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		all = append(all, string(m.Body))
	}
	return all
}

func TestMessagesAndBlobsGoIntoTheStores(t *testing.T) {
	s := open(t)
	const size = 3*bytesize.MiB + 1
	arrivals := []timeline.Arrival{
		{Stream: "jobs", Number: 1, Queue: "jobs", Text: "job 1", Size: 5},
		{Stream: "noise", Number: 1, Queue: "noise", Size: 1000, Content: 9},
		{Stream: "noise", Number: 2, Queue: "noise", Size: 1000, Content: 10},
		{Stream: "blobs", Number: 1, Path: "large/a/1.bin", Size: size, Content: 11},
		{Stream: "blobs", Number: 2, Path: "No Container", Size: 1, Content: 12},
	}
	var got told
	if err := send.New(send.Config{Queues: s, Blobs: s.Blobs(), Tell: got.tell}).Run(t.Context(), time.Now(), slices.Values(arrivals)); err != nil {
		t.Fatalf("Run = %v", err)
	}
	if diff := cmp.Diff([]string{"job 1"}, texts(t, s, "jobs")); diff != "" {
		t.Errorf("the queue jobs differs (-want +got):\n%s", diff)
	}
	noise := texts(t, s, "noise")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if len(noise) != 2 || noise[0] == noise[1] || len(noise[0]) != 1000 || strings.Trim(noise[0]+noise[1], alphabet) != "" {
		t.Errorf("the queue noise holds %q, want two texts of 1000 letters and digits", noise)
	}
	body, _, err := s.Blobs().Open(t.Context(), blob.Name{Container: "large", Path: "a/1.bin"}, blob.Range{}, blob.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	stored, _ := io.ReadAll(body)
	if want, _ := io.ReadAll(timeline.Payload(11, size)); !bytes.Equal(stored, want) {
		t.Errorf("the blob has %d bytes, want the %d of its payload", len(stored), len(want))
	}
	if diff := cmp.Diff(map[string]int{"": 4, "the store did not take it: error": 1}, got.lost()); diff != "" {
		t.Errorf("what was told differs (-want +got):\n%s", diff)
	}
}

func TestWhatIsThereAtTheStartIsPutInOrder(t *testing.T) {
	s := open(t)
	e := &lab.Experiment{Load: lab.Load{Seed: 3, Before: []lab.Item{
		{Queue: "loop", Text: "first", Count: 8}, {Blob: "images/one.png", Size: 5000}, {Queue: "loop", Text: "second", Count: 3},
	}}}
	if err := send.Fill(t.Context(), send.Stores{Queues: s, Blobs: s.Blobs()}, timeline.Before(e)); err != nil {
		t.Fatalf("Fill = %v", err)
	}
	want := append(slices.Repeat([]string{"first"}, 8), slices.Repeat([]string{"second"}, 3)...)
	if diff := cmp.Diff(want, texts(t, s, "loop")); diff != "" {
		t.Errorf("the queue differs (-want +got):\n%s", diff)
	}
	if info, err := s.Blobs().Stat(t.Context(), blob.Name{Container: "images", Path: "one.png"}); err != nil || info.Size != 5000 {
		t.Errorf("Stat = %+v, %v; want 5000 bytes", info, err)
	}
}

func TestFillingEndsWithTheFirstPutThatFails(t *testing.T) {
	var puts atomic.Int64
	full := errors.New("full")
	s := clerk{take: func(ctx context.Context, _ string, _ []byte) error {
		switch n := puts.Add(1); {
		case n == 5:
			return full
		case n > 5:
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}}
	err := send.Fill(t.Context(), send.Stores{Queues: s}, web(10_000, 0, timeline.Arrival{Queue: "jobs", Text: "go", Size: 2}))
	if !errors.Is(err, full) || !strings.Contains(fmt.Sprint(err), "fill the queue jobs") || puts.Load() > 50 {
		t.Errorf("Fill = %v after %d puts, want the fifth's error", err, puts.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := send.Fill(ctx, send.Stores{Queues: s}, web(10_000, 0, timeline.Arrival{Queue: "jobs", Text: "go"})); !errors.Is(err, context.Canceled) {
		t.Errorf("Fill with a context that is over = %v, want its error", err)
	}
}
