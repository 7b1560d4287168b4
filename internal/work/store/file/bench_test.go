package file_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// A message of 1 KiB put, leased and done, by one caller and by sixteen.
func BenchmarkDelivery(b *testing.B) {
	for _, row := range []struct {
		name    string
		o       file.Options
		callers int
	}{{"durable/1", file.Options{}, 1}, {"durable/16", file.Options{}, 16}, {"relaxed/1", file.Options{Relaxed: true}, 1}, {"relaxed/16", file.Options{Relaxed: true}, 16}} {
		b.Run(row.name, func(b *testing.B) {
			s, err := file.Open(b.TempDir(), row.o)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			body := make([]byte, 1024)
			b.SetParallelism(row.callers)
			var done atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Put(b.Context(), "jobs", body); err != nil {
						b.Error(err)
						return
					}
					all, err := s.Lease(b.Context(), "jobs", queue.Ask{Max: 1, Hold: time.Minute})
					if err != nil {
						b.Error(err)
						return
					}
					for _, l := range all {
						if err := l.Done(b.Context()); err != nil {
							b.Error(err)
							return
						}
						done.Add(1)
					}
				}
			})
			b.ReportMetric(float64(done.Load())/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
