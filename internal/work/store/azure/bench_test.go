package azure_test

import (
	"encoding/base64"
	"io"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// BenchmarkDelivery puts, leases and deletes messages of 1 KiB by the store and
// by a bare loop over the SDK, in turns of 16, so that both meet the same
// Azurite. It reports messages a second of each, and the store's share of the
// SDK's.
func BenchmarkDelivery(b *testing.B) {
	rig := azurite.New(b)
	s := open(b, rig.Connection(), azure.Options{})
	bare := other(b, rig, "bare")
	_, err := bare.Create(within(b), nil)
	must(b, "Create", err)
	_, err = s.Put(within(b), "ours", nil)
	must(b, "Put", err)
	must(b, "Clear", s.Clear(within(b), "ours"))
	const turn = 16
	body := noise(1024)
	var ours, theirs time.Duration
	turns := 0
	for b.Loop() {
		steps := []func(){
			func() { ours += timed(func() { deliverByStore(b, s, body, turn) }) },
			func() { theirs += timed(func() { deliverBySDK(b, bare, body, turn) }) },
		}
		steps[turns%2]()
		steps[1-turns%2]()
		turns++
	}
	n := float64(turns * turn)
	b.ReportMetric(n/ours.Seconds(), "store-msg/s")
	b.ReportMetric(n/theirs.Seconds(), "sdk-msg/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "store/sdk")
}

// BenchmarkPayload reads a blob of 64 MiB by the store and by the SDK alone, in
// turns.
func BenchmarkPayload(b *testing.B) {
	const size = 64 << 20
	rig := azurite.New(b)
	s := open(b, rig.Connection(), azure.Options{})
	put(b, s, noise(size))
	bare := raw(b, rig).NewContainerClient(target.Container).NewBlobClient(target.Path)
	drain := func(r io.ReadCloser) {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 64<<10))
		must(b, "Read", err)
		must(b, "Close", r.Close())
		if n != size {
			b.Fatalf("%d bytes came, want %d", n, size)
		}
	}
	var ours, theirs time.Duration
	turns := 0
	for b.Loop() {
		steps := []func(){
			func() {
				ours += timed(func() {
					r, _, err := s.Blobs().Open(b.Context(), target, blob.Range{}, blob.Want{})
					must(b, "Open", err)
					drain(r)
				})
			},
			func() {
				theirs += timed(func() {
					r, err := bare.DownloadStream(b.Context(), nil)
					must(b, "DownloadStream", err)
					drain(r.Body)
				})
			},
		}
		steps[turns%2]()
		steps[1-turns%2]()
		turns++
	}
	n := float64(turns*size) / (1 << 20)
	b.ReportMetric(n/ours.Seconds(), "store-MiB/s")
	b.ReportMetric(n/theirs.Seconds(), "sdk-MiB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "store/sdk")
}

func timed(do func()) time.Duration {
	begun := time.Now()
	do()
	return time.Since(begun)
}

func deliverByStore(b *testing.B, s *azure.Store, body []byte, n int) {
	for range n {
		_, err := s.Put(b.Context(), "ours", body)
		must(b, "Put", err)
	}
	for done := 0; done < n; {
		all, err := s.Lease(b.Context(), "ours", queue.Ask{Max: n, Hold: time.Minute})
		must(b, "Lease", err)
		for _, l := range all {
			must(b, "Done", l.Done(b.Context()))
		}
		done += len(all)
	}
}

func deliverBySDK(b *testing.B, q *azqueue.QueueClient, body []byte, n int) {
	ctx := b.Context()
	for range n {
		_, err := q.EnqueueMessage(ctx, base64.StdEncoding.EncodeToString(body), nil)
		must(b, "Enqueue", err)
	}
	for done := 0; done < n; {
		r, err := q.DequeueMessages(ctx, &azqueue.DequeueMessagesOptions{NumberOfMessages: to.Ptr(int32(n)), VisibilityTimeout: to.Ptr(int32(60))})
		must(b, "Dequeue", err)
		for _, m := range r.Messages {
			_, err := base64.StdEncoding.DecodeString(*m.MessageText)
			must(b, "decode", err)
			_, err = q.DeleteMessage(ctx, *m.MessageID, *m.PopReceipt, nil)
			must(b, "Delete", err)
		}
		done += len(r.Messages)
	}
}
