package nats_test

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/nats"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
)

// servers are what is measured: messages are of 1 KiB.
func servers(b *testing.B, do func(b *testing.B, s *nats.Store)) {
	b.Run("embedded,sync=always", func(b *testing.B) {
		do(b, open(b, nats.Options{Server: embedded(b, nats.EmbedOptions{})}))
	})
	b.Run("embedded,sync=1s", func(b *testing.B) {
		do(b, open(b, nats.Options{Server: embedded(b, nats.EmbedOptions{SyncEvery: time.Second})}))
	})
	b.Run("one", func(b *testing.B) {
		do(b, open(b, nats.Options{URL: natsrig.New(b, 1, natsrig.Options{}).URL()}))
	})
	b.Run("three,replicas=3", func(b *testing.B) {
		do(b, open(b, nats.Options{URL: natsrig.New(b, 3, natsrig.Options{}).URL(), Replicas: 3}))
	})
}

var kibibyte = bytes.Repeat([]byte("x"), 1024)

func perSecond(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s") }

func BenchmarkPut(b *testing.B) {
	servers(b, func(b *testing.B, s *nats.Store) {
		for b.Loop() {
			must(b, "Put", second(s.Put(b.Context(), "jobs", kibibyte)))
		}
		perSecond(b)
	})
}

func BenchmarkPutBy64(b *testing.B) {
	servers(b, func(b *testing.B, s *nats.Store) {
		must(b, "Put", second(s.Put(b.Context(), "jobs", kibibyte)))
		b.ResetTimer()
		fill(b, s, b.N)
		perSecond(b)
	})
}

// fill puts n messages from 64 callers.
func fill(b *testing.B, s *nats.Store, n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := s.Put(b.Context(), "jobs", kibibyte); err != nil {
					b.Errorf("Put: %v", err)
					return
				}
			}
		})
	}
	group.Wait()
}

// drain leases and settles n messages by 4 takers, each batch at the same time.
func drain(b *testing.B, s *nats.Store, n int) {
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var left atomic.Int64
	left.Store(int64(n))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for ctx.Err() == nil {
				all, err := s.Lease(ctx, "jobs", queue.Ask{Max: 32, Hold: 10 * time.Minute, Wait: time.Second})
				if err != nil && ctx.Err() == nil {
					b.Errorf("Lease: %v", err)
					return
				}
				var batch sync.WaitGroup
				for _, l := range all {
					batch.Go(func() {
						if err := l.Done(b.Context()); err != nil {
							b.Errorf("Done: %v", err)
						}
						if left.Add(-1) == 0 {
							stop()
						}
					})
				}
				batch.Wait()
			}
		})
	}
	group.Wait()
}

func BenchmarkLeaseAndDone(b *testing.B) {
	servers(b, func(b *testing.B, s *nats.Store) {
		fill(b, s, b.N)
		b.ResetTimer()
		drain(b, s, b.N)
		perSecond(b)
	})
}

// BenchmarkEndToEnd puts and takes at the same time.
func BenchmarkEndToEnd(b *testing.B) {
	servers(b, func(b *testing.B, s *nats.Store) {
		must(b, "Put", second(s.Put(b.Context(), "jobs", kibibyte)))
		drain(b, s, 1)
		b.ResetTimer()
		var putters sync.WaitGroup
		putters.Go(func() { fill(b, s, b.N) })
		drain(b, s, b.N)
		putters.Wait()
		perSecond(b)
	})
}
