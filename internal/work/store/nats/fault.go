package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stanch-dev/stanch/internal/work"
)

const (
	// answer is how long one request may go unanswered.
	answer = 5 * time.Second
	// patience is how long a call tries again while nobody is there to answer: a
	// cluster needs 4 to 9 seconds to elect a leader after one died.
	patience = 10 * time.Second
)

// Error codes of JetStream for which the client's package has no names.
const (
	codeNoLeader     jetstream.ErrorCode = 10008 // "JetStream system temporarily unavailable"
	codeNoPeers      jetstream.ErrorCode = 10005 // "no suitable peers for placement"
	codeMsgAbsent    jetstream.ErrorCode = 10037
	codeTooBig       jetstream.ErrorCode = 10054
	codeStreamAbsent jetstream.ErrorCode = 10059
	codeWrongLast    jetstream.ErrorCode = 10071
	codeWrongLastR   jetstream.ErrorCode = 10164 // the same, of a replicated stream
)

// insist calls do until somebody answers, as long as patience lasts, and
// translates what it said at last. do must be safe to repeat when nobody was there,
// and, where it is told to repeat, when nobody knows whether it was done.
func (s *Store) insist(ctx context.Context, repeat bool, do func(context.Context) error) error {
	late := time.Now().Add(patience)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		err := attempt(ctx, do)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !unsent(err) && !(repeat && unanswered(err)), time.Now().After(late), s.conn.IsClosed():
			return fault(err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// attempt bounds one try.
func attempt(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return do(ctx)
}

// unsent tells errors of requests that certainly did nothing: nobody was there.
func unsent(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		errors.Is(err, nats.ErrReconnectBufExceeded) || errors.As(err, &api) && api.ErrorCode == codeNoLeader
}

// unanswered tells errors of requests of which nobody knows.
func unanswered(err error) bool {
	return errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, nats.ErrDisconnected) || errors.Is(err, nats.ErrConnectionReconnecting) ||
		errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrStaleConnection) || errors.Is(err, nats.ErrNoServers)
}

// fault says it in the seams' words.
func fault(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case unsent(err), unanswered(err):
		return &work.Unavailable{Err: err}
	case !errors.As(err, &api):
		return err
	case api.ErrorCode == codeStreamAbsent, api.ErrorCode == codeMsgAbsent:
		return work.ErrAbsent
	case api.Code >= 429:
		return &work.Unavailable{Err: err}
	}
	return err
}

// is tells an answer of JetStream by its code.
func is(err error, codes ...jetstream.ErrorCode) bool {
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return false
	}
	for _, code := range codes {
		if api.ErrorCode == code {
			return true
		}
	}
	return false
}
