package nats

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

const (
	chunkSize = 128 << 10
	// window is how many chunks may be on their way to the server. A server that
	// syncs each falls behind one who sends without waiting, until it refuses.
	window = 16
)

// Put publishes the chunks, waits until the server has them all, and then the
// description. When the server says nothing to that, what it has is looked up.
func (b *Blobs) Put(ctx context.Context, n blob.Name, head blob.Head, body io.Reader, w blob.Want) (blob.Info, error) {
	v, err := b.put(ctx, n, head, body, w)
	if err != nil {
		return blob.Info{}, fmt.Errorf("put blob %s: %w", n, err)
	}
	return v.info(n.Container), nil
}

func (b *Blobs) put(ctx context.Context, n blob.Name, head blob.Head, body io.Reader, w blob.Want) (version, error) {
	if err := n.Check(); err != nil {
		return version{}, err
	}
	old, err := b.newest(ctx, n)
	if err != nil {
		return version{}, err
	}
	if err := old.meets(w); err != nil {
		return version{}, err
	}
	if err := b.store.ensure(ctx, bucketStream(n.Container)); err != nil {
		return version{}, err
	}
	size := chunkSize
	if limit := b.store.conn.MaxPayload() - headroom; limit > 0 {
		size = int(min(int64(size), limit))
	}
	info := described(n, head, nuid.Next(), size)
	up := &upload{store: b.store, subject: chunkSubject(n.Container, info.NUID), sum: sha256.New()}
	err = up.all(ctx, body, size)
	if err == nil {
		info.Size, info.Chunks = uint64(up.size), uint32(up.sent)
		info.Digest = "SHA-256=" + base64.URLEncoding.EncodeToString(up.sum.Sum(nil))
		if up.first > 0 {
			info.Headers.Set(firstHeader, strconv.FormatUint(up.first, 10))
			info.Headers.Set(lastHeader, strconv.FormatUint(up.last, 10))
		}
		var v version
		if v, err = b.settle(ctx, n, info, old, w); err == nil {
			return v, nil
		}
	}
	// Nobody sees the chunks. If the server can't be asked, or may still make the
	// description count, they stay.
	var away *work.Unavailable
	if up.sent > 0 && !errors.As(err, &away) {
		_ = b.store.purge(context.WithoutCancel(ctx), bucketPrefix+n.Container, up.subject, 0)
	}
	return version{}, err
}

// settle makes what was uploaded the version that counts.
func (b *Blobs) settle(ctx context.Context, n blob.Name, info jetstream.ObjectInfo, old version, w blob.Want) (version, error) {
	for {
		_, err := b.describe(ctx, n, info, old.seq)
		var away *work.Unavailable
		lost := is(err, codeWrongLast, codeWrongLastR)
		if err != nil && !lost && !errors.As(err, &away) {
			return version{}, err
		}
		now, looked := b.newest(ctx, n)
		switch {
		case looked != nil && err == nil:
			return version{}, looked
		case looked != nil:
			return version{}, err
		case now.NUID == info.NUID && now.there(), err == nil: // the latter: it was replaced since
			if old.there() {
				// What can't be cleared now is only room lost.
				_ = b.store.purge(ctx, bucketPrefix+n.Container, chunkSubject(n.Container, old.NUID), 0)
			}
			if now.NUID != info.NUID {
				now = version{ObjectInfo: info, seq: now.seq}
			}
			return now, nil
		case !lost:
			return version{}, err
		}
		// Somebody else wrote meanwhile.
		if err := now.meets(w); err != nil {
			return version{}, err
		}
		old = now
	}
}

// upload sends the chunks of one version.
type upload struct {
	store   *Store
	subject string
	sum     hash.Hash
	sent    int
	size    int64
	first   uint64 // sequence of the first chunk
	last    uint64 // and of the last
	acks    *nats.Subscription
	out     int // on their way
}

func (u *upload) all(ctx context.Context, body io.Reader, size int) (err error) {
	inbox := u.store.conn.NewInbox()
	if u.acks, err = u.store.conn.SubscribeSync(inbox); err != nil {
		return fault(err)
	}
	defer func() { u.end(ctx, err) }()
	for buffer := make([]byte, size); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, readErr := io.ReadFull(body, buffer)
		if n > 0 {
			m := &nats.Msg{Subject: u.subject, Reply: inbox, Data: buffer[:n], Header: nats.Header{chunkHeader: {strconv.Itoa(u.sent)}}}
			if err := u.store.conn.PublishMsg(m); err != nil {
				return fault(err)
			}
			_, _ = u.sum.Write(buffer[:n]) // never fails
			u.sent, u.size, u.out = u.sent+1, u.size+int64(n), u.out+1
		}
		if readErr != nil && readErr != io.EOF && readErr != io.ErrUnexpectedEOF {
			return readErr
		}
		if err := u.await(ctx, window-1); err != nil {
			return err
		}
		if readErr != nil {
			return u.await(ctx, 0)
		}
	}
}

// await waits until no more than some are on their way.
func (u *upload) await(ctx context.Context, most int) error {
	for u.out > most {
		bound, cancel := context.WithTimeout(ctx, answer)
		m, err := u.acks.NextMsgWithContext(bound)
		cancel()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return fault(err)
		}
		a, err := parseAck(m)
		if err != nil {
			return fault(err)
		}
		if u.out--; u.first == 0 {
			u.first = a.Seq
		}
		u.last = a.Seq
	}
	return nil
}

// end waits, if it was broken off, for what is on its way, so that it can be
// cleared.
func (u *upload) end(ctx context.Context, broken error) {
	if broken != nil {
		_ = u.await(context.WithoutCancel(ctx), 0)
	}
	_ = u.acks.Unsubscribe() // it fails if the connection is gone, and the subscription with it
}
