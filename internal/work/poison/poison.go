// Package poison remembers why messages were given up: one entry of the ledger for each message in a poison queue.
//
// The key is poison/QUEUE/ID, where QUEUE is the queue that the message lies in
// now and ID the one that it has there; the value is the note as JSON. A note is
// only a help to people: a message without one is as good, and one whose message
// is gone does no harm. Begin with [Write].
package poison

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/ledger"
)

// Note says why a message was given up.
type Note struct {
	Queue      string    `json:"-"` // where it lies now
	ID         string    `json:"-"` // that it has there
	Why        string    `json:"why"`
	At         time.Time `json:"at"`
	Postmortem string    `json:"postmortem,omitempty"` // of the worker that died with it
	Function   string    `json:"function,omitempty"`
	Deliveries int64     `json:"deliveries,omitempty"` // before it was given up
}

// maxWhy keeps the value far below ledger.MaxValue, even with every byte escaped.
const maxWhy = 4 << 10

const prefix = "poison/"

// Write writes a note, in the place of the one that is there. A Why that is too
// long is cut.
func Write(ctx context.Context, to ledger.Store, n Note) error {
	if len(n.Why) > maxWhy {
		cut := maxWhy
		for !utf8.RuneStart(n.Why[cut]) {
			cut--
		}
		n.Why = n.Why[:cut] + "…"
	}
	value, err := json.Marshal(n)
	if err != nil {
		return err
	}
	key := key(n.Queue, n.ID)
	_, err = to.Put(ctx, key, value, "")
	if errors.Is(err, work.ErrExists) {
		var there ledger.Entry
		if there, err = to.Get(ctx, key); err == nil {
			_, err = to.Put(ctx, key, value, there.Version)
		}
	}
	if err != nil {
		return fmt.Errorf("note why message %q of queue %s is poison: %w", n.ID, n.Queue, err)
	}
	return nil
}

// Get reads the note of a message; work.ErrAbsent if there is none.
func Get(ctx context.Context, from ledger.Store, queue, id string) (Note, error) {
	e, err := from.Get(ctx, key(queue, id))
	if err != nil {
		return Note{}, fmt.Errorf("look why message %q of queue %s is poison: %w", id, queue, err)
	}
	return read(e, queue, id), nil
}

// Each are the notes of a queue's messages, in the store's order. After an error
// there is nothing more.
func Each(ctx context.Context, from ledger.Store, queue string) iter.Seq2[Note, error] {
	return func(yield func(Note, error) bool) {
		for e, err := range from.Each(ctx, prefix+queue+"/") {
			if err != nil {
				yield(Note{}, fmt.Errorf("look why the messages of queue %s are poison: %w", queue, err))
				return
			}
			id, ok := decode(strings.TrimPrefix(e.Key, prefix+queue+"/"))
			if ok && !yield(read(e, queue, id), nil) {
				return
			}
		}
	}
}

// Delete takes the note of a message away, if there is one.
func Delete(ctx context.Context, from ledger.Store, queue, id string) error {
	key := key(queue, id)
	e, err := from.Get(ctx, key)
	if err == nil {
		err = from.Delete(ctx, key, e.Version)
	}
	if err != nil && !errors.Is(err, work.ErrAbsent) {
		return fmt.Errorf("forget why message %q of queue %s is poison: %w", id, queue, err)
	}
	return nil
}

// read is lenient: one note that somebody else has spoilt doesn't hide the others.
func read(e ledger.Entry, queue, id string) Note {
	n := Note{}
	if err := json.Unmarshal(e.Value, &n); err != nil {
		n = Note{Why: "the note can't be read", At: e.At}
	}
	n.Queue, n.ID = queue, id
	return n
}
