// Package scan finds the blobs of a container that a function has not seen, and puts a message into a queue for each.
//
// A blob's version is given to a function once, whoever finds it and however
// often: by listing, by a store that tells of it, or by a webhook. What was found
// stands in the ledger as a receipt, which is claimed before the message is put
// and marked when it is there. A host that dies between the two leaves a claim,
// which another host takes over when it is old: the message is then put again
// rather than lost. What follows (retries, poison) is the queue's.
//
// A listing passes over what is older than the last complete listing began, less
// an overlap, so that what came while it ran is seen by the next one. Begin with
// [Scanner.Pass] and [Scanner.Offer].
package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// Config says what is looked for.
type Config struct {
	Function  string
	Container string
	Prefix    string                 // of the paths that can match
	Match     func(path string) bool // whether a path is meant
	Queue     string                 // that the messages go into
	Overlap   time.Duration          // how far a listing looks back behind the one before; clocks may differ by less
	Stale     time.Duration          // how old a claim is whose host is taken for dead
}

// Scanner looks for one function. Its methods are safe for concurrent use.
type Scanner struct {
	cfg    Config
	blobs  blob.Store
	ledger ledger.Store
	queues queue.Store
	known  *known
}

// New makes a scanner.
func New(cfg Config, blobs blob.Store, l ledger.Store, queues queue.Store) *Scanner {
	return &Scanner{cfg: cfg, blobs: blobs, ledger: l, queues: queues, known: newKnown(4096)}
}

// Event is the message that is put for a blob: what Azure's blob trigger has in
// its own.
type Event struct {
	FunctionID    string `json:"FunctionId"`
	BlobType      string
	ContainerName string
	BlobName      string
	ETag          string
}

// Found is what a listing came to.
type Found struct {
	Listed  int // blobs that match
	New     int // of them, put into the queue
	Pending int // of them, claimed by another host that has not put them yet
}

// mark is how far listings have come.
type mark struct {
	Through time.Time `json:"through"` // everything that was modified before this was seen
}

// Pass lists the container once. A container that is not there holds nothing. The
// listing is complete, and the next one shorter, only if the error is nil.
func (s *Scanner) Pass(ctx context.Context) (found Found, err error) {
	m, version, err := s.mark(ctx)
	if err != nil {
		return found, fmt.Errorf("look for new blobs in %s: %w", s.cfg.Container, err)
	}
	since := m.Through.Add(-s.cfg.Overlap)
	latest, oldest := m.Through, time.Time{}
	for info, err := range s.blobs.List(ctx, s.cfg.Container, s.cfg.Prefix) {
		if errors.Is(err, work.ErrAbsent) {
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("look for new blobs in %s: %w", s.cfg.Container, err)
		}
		if !s.cfg.Match(info.Name.Path) {
			continue
		}
		found.Listed++
		if info.Modified.After(latest) {
			latest = info.Modified
		}
		if info.Modified.Before(since) {
			continue
		}
		what, err := s.look(ctx, info)
		if err != nil {
			return found, err
		}
		switch what {
		case fresh:
			found.New++
		case pending:
			found.Pending++
			if oldest.IsZero() || info.Modified.Before(oldest) {
				oldest = info.Modified
			}
		}
	}
	// What another host has claimed has to be looked at again: it may be dead.
	if !oldest.IsZero() && oldest.Before(latest) {
		latest = oldest
	}
	if !latest.Equal(m.Through) {
		err = s.setMark(ctx, mark{latest}, version)
	}
	return found, err
}

// Offer puts a message for a blob that matches, unless its version has one
// already, and says whether it did.
func (s *Scanner) Offer(ctx context.Context, info blob.Info) (put bool, err error) {
	if info.Name.Container != s.cfg.Container || !s.cfg.Match(info.Name.Path) {
		return false, nil
	}
	what, err := s.look(ctx, info)
	return what == fresh, err
}

// state is what is known of a version.
type state uint8

const (
	seen    state = iota // its message was put
	fresh                // its message was put just now
	pending              // another host has claimed it
)

func (s *Scanner) look(ctx context.Context, info blob.Info) (state, error) {
	key := s.receipt(info)
	if s.known.has(key) {
		return seen, nil
	}
	what, err := s.offer(ctx, key, info)
	if err != nil {
		return what, fmt.Errorf("give blob %s to %s: %w", info.Name, s.cfg.Function, err)
	}
	if what != pending {
		s.known.add(key)
	}
	return what, nil
}

// A receipt is claimed, and then done.
var (
	claimed = []byte("claimed")
	done    = []byte("done")
)

func (s *Scanner) offer(ctx context.Context, key string, info blob.Info) (state, error) {
	version, err := s.ledger.Put(ctx, key, claimed, "")
	if errors.Is(err, work.ErrExists) {
		var what state
		if version, what, err = s.takeOver(ctx, key); version == "" {
			return what, err
		}
	}
	if err != nil {
		return pending, err
	}
	body, err := json.Marshal(Event{s.cfg.Function, "BlockBlob", info.Name.Container, info.Name.Path, info.ETag})
	if err != nil {
		return pending, err
	}
	if _, err := s.queues.Put(ctx, s.cfg.Queue, body); err != nil {
		// The claim is given up, so that the next listing need not wait for it to
		// be stale. If that fails too, it waits.
		return pending, errors.Join(err, s.ledger.Delete(ctx, key, version))
	}
	_, err = s.ledger.Put(ctx, key, done, version)
	if errors.Is(err, work.ErrChanged) || errors.Is(err, work.ErrAbsent) {
		err = nil // another host took this one for dead: the message is there twice
	}
	return fresh, err
}

// takeOver claims what another host has claimed and left; its version is empty if
// there is nothing to do.
func (s *Scanner) takeOver(ctx context.Context, key string) (string, state, error) {
	e, err := s.ledger.Get(ctx, key)
	switch {
	case errors.Is(err, work.ErrAbsent):
		return "", pending, nil // given up just now: the next listing finds it
	case err != nil:
		return "", pending, err
	case string(e.Value) == string(done):
		return "", seen, nil
	case time.Since(e.At) < s.cfg.Stale:
		return "", pending, nil
	}
	version, err := s.ledger.Put(ctx, key, claimed, e.Version)
	if errors.Is(err, work.ErrChanged) || errors.Is(err, work.ErrAbsent) {
		return "", pending, nil // somebody else was faster
	}
	return version, pending, err
}

// receipt is the key of a version of a blob. Paths are of any characters and any
// length, keys are not.
func (s *Scanner) receipt(info blob.Info) string {
	sum := sha256.Sum256([]byte(s.cfg.Function + "\x00" + info.Name.String() + "\x00" + info.ETag))
	return "blob/" + hex.EncodeToString(sum[:20])
}

func (s *Scanner) markKey() string {
	sum := sha256.Sum256([]byte(s.cfg.Function + "\x00" + s.cfg.Container + "\x00" + s.cfg.Prefix))
	return "scan/" + hex.EncodeToString(sum[:20])
}

func (s *Scanner) mark(ctx context.Context) (m mark, version string, err error) {
	e, err := s.ledger.Get(ctx, s.markKey())
	if errors.Is(err, work.ErrAbsent) {
		return mark{}, "", nil
	}
	if err == nil {
		err = json.Unmarshal(e.Value, &m)
	}
	return m, e.Version, err
}

// setMark moves the mark. Two hosts that list at once move it once: whichever was
// first, what it passed over the other has seen too.
func (s *Scanner) setMark(ctx context.Context, m mark, version string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = s.ledger.Put(ctx, s.markKey(), text, version)
	if errors.Is(err, work.ErrChanged) || errors.Is(err, work.ErrExists) || errors.Is(err, work.ErrAbsent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remember how far %s was listed: %w", s.cfg.Container, err)
	}
	return nil
}
