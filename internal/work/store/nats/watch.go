package nats

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// Watch follows the bucket's descriptions from the last that is there. It is
// handed 64 at a time, so that no buffer overflows, and goes on where it was when
// a server or a connection was lost.
func (b *Blobs) Watch(ctx context.Context, container string, see func(blob.Info)) error {
	if err := blob.CheckContainer(container); err != nil {
		return err
	}
	if err := b.watch(ctx, container, see); err != nil {
		return fmt.Errorf("watch container %s: %w", container, err)
	}
	return nil
}

func (b *Blobs) watch(ctx context.Context, container string, see func(blob.Info)) error {
	var messages jetstream.MessagesContext
	err := b.store.insist(ctx, true, func(ctx context.Context) error {
		stream, err := b.store.js.Stream(ctx, bucketPrefix+container)
		if err != nil {
			return err
		}
		consumer, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
			FilterSubjects: []string{"$O." + container + ".M.>"},
			DeliverPolicy:  jetstream.DeliverByStartSequencePolicy,
			OptStartSeq:    stream.CachedInfo().State.LastSeq + 1,
		})
		if err != nil {
			return err
		}
		messages, err = consumer.Messages(jetstream.PullMaxMessages(64))
		return err
	})
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return &work.Unavailable{Err: err}
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		v, err := parse(stored{Subject: m.Subject(), Seq: meta.Sequence.Stream, Data: m.Data(), Time: meta.Timestamp})
		if err != nil {
			return err
		}
		if !v.Deleted {
			see(v.info(container))
		}
	}
}
