package route

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// line lets a number of requests in and some more wait: maxConcurrentRequests and
// maxOutstandingRequests of host.json.
type line struct {
	seats       chan struct{} // nil: no bound
	outstanding int64         // 0: no bound
	present     atomic.Int64
}

var errFull = errors.New("too many requests are here already")

func newLine(s funcapp.HTTPSettings) *line {
	l := &line{outstanding: int64(max(s.MaxOutstanding, 0))}
	if s.MaxConcurrent > 0 {
		l.seats = make(chan struct{}, s.MaxConcurrent)
	}
	return l
}

// enter waits for a seat. The errors are errFull and the context's cause.
func (l *line) enter(ctx context.Context) (leave func(), err error) {
	if n := l.present.Add(1); l.outstanding > 0 && n > l.outstanding {
		l.present.Add(-1)
		return nil, errFull
	}
	if l.seats == nil {
		return func() { l.present.Add(-1) }, nil
	}
	select {
	case l.seats <- struct{}{}:
	case <-ctx.Done():
		l.present.Add(-1)
		return nil, context.Cause(ctx)
	}
	return func() { <-l.seats; l.present.Add(-1) }, nil
}
