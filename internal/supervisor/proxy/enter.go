package proxy

import (
	"context"
	"time"
)

// enter waits for a seat, after a rest.
func enter(ctx context.Context, b Backend, rest time.Duration) (Seat, error) {
	if rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s, ok := b.TryEnter(); ok {
		return s, nil
	}
	return b.Enter(ctx)
}
