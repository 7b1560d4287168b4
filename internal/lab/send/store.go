package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// storePatience bounds one put: time for a large blob on a slow disk.
const storePatience = 10 * time.Minute

// Stores are where messages and blobs go; what there is none of is nil.
type Stores struct {
	Queues queue.Store
	Blobs  blob.Store
}

func (s *Sender) stores() Stores { return Stores{s.cfg.Queues, s.cfg.Blobs} }

// has tells of an arrival that no store takes.
func (s Stores) has(a timeline.Arrival) error {
	switch {
	case a.Method != "":
	case a.Queue != "" && s.Queues == nil:
		return errors.New("send a message: there is no store of queues")
	case a.Queue == "" && s.Blobs == nil:
		return errors.New("send a blob: there is no store of blobs")
	}
	return nil
}

// put gives a message or a blob to its store.
func (s Stores) put(ctx context.Context, a timeline.Arrival) error {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	if a.Queue != "" {
		_, err := s.Queues.Put(ctx, a.Queue, text(a))
		return err
	}
	name, err := blob.ParseName(a.Path)
	if err != nil {
		return err
	}
	_, err = s.Blobs.Put(ctx, name, blob.Head{}, timeline.Payload(a.Content, a.Size), blob.Want{})
	return err
}

// text is a message's: its own, or noise as letters and digits.
func text(a timeline.Arrival) []byte {
	if a.Text != "" {
		return []byte(a.Text)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	noise := make([]byte, a.Size)
	// A reader of noise has no error and no end before its size.
	_, _ = io.ReadFull(timeline.Payload(a.Content, a.Size), noise)
	for i, b := range noise {
		noise[i] = alphabet[int(b)%len(alphabet)]
	}
	return noise
}

// fillers put messages at the same time: a store that makes each safe on a disk takes
// many as fast as one.
const fillers = 32

// Fill puts what is there at the start into the stores, in order: an item begins when
// the one before it is whole, and only the messages of one item, which are all alike,
// are put side by side. The first put that fails ends it.
func Fill(ctx context.Context, s Stores, items iter.Seq[timeline.Arrival]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	defer group.Wait()
	places := make(chan struct{}, fillers)
	last := timeline.Arrival{}
	for a := range items {
		if err := s.has(a); err != nil {
			return err
		}
		if a.Queue == "" || a.Queue != last.Queue || a.Text != last.Text {
			group.Wait()
		}
		last = a
		places <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		group.Go(func() {
			defer func() { <-places }()
			if err := s.put(ctx, a); err != nil {
				cancel(fmt.Errorf("fill %s with %v: %w", place(a), sizeOf(a), err))
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// place names where an arrival goes, for messages.
func place(a timeline.Arrival) string {
	if a.Queue != "" {
		return "the queue " + a.Queue
	}
	return "the blob " + a.Path
}

func sizeOf(a timeline.Arrival) bytesize.Size { return a.Size }
