package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// ahead is how many chunks are asked for at once: 1 MiB, which is all that a
// reader holds, however large the blob and however slow its taker.
const ahead = 8

// Open reads the description from the leader, and then the chunks as they are
// needed, from any server that has them. The object store's own reader is not
// used: it is handed a blob's chunks as fast as the server can send them, 160 MiB
// and more for one of 256, and gives up after five seconds.
func (b *Blobs) Open(ctx context.Context, n blob.Name, part blob.Range, w blob.Want) (io.ReadCloser, blob.Info, error) {
	v, err := b.present(ctx, n, w)
	if err != nil {
		return nil, blob.Info{}, fmt.Errorf("open blob %s: %w", n, err)
	}
	r := &reader{ctx: ctx, blobs: b, name: n, version: v, seq: 1}
	from := min(max(0, part.From), int64(v.Size))
	r.left = int64(v.Size) - from
	if part.Count > 0 {
		r.left = min(r.left, part.Count)
	}
	if r.left > 0 {
		err = r.seek(from)
	}
	if err != nil {
		r.drop()
		return nil, blob.Info{}, fmt.Errorf("open blob %s at %d: %w", n, from, err)
	}
	return r, v.info(n.Container), nil
}

// reader reads a part of one version. It is not safe for concurrent use.
type reader struct {
	ctx     context.Context // bounds the reading
	blobs   *Blobs
	name    blob.Name
	version version

	skip  int64  // bytes to pass over
	left  int64  // bytes to hand out
	chunk []byte // what is left of the one that came last
	place int    // of the next chunk
	seq   uint64 // from which on the next chunk is
	err   error  // of the last Read, for ever

	answers *nats.Subscription // of what is asked for; nil: nothing is
	due     int                // chunks that it still brings
}

// seek goes to the chunk with the byte at from, without reading those before it.
// Chunks lie in the stream in their order, and others' lie between them: from
// chunk i, the k-th cannot come before k-i sequences later. So a step of that
// length never goes too far, and where no other writer came between it arrives.
func (r *reader) seek(from int64) error {
	first, last := r.version.span()
	if first == 0 { // somebody else's object
		r.skip = from
		return nil
	}
	size := int64(r.version.Opts.ChunkSize)
	goal := int(from / size)
	r.skip = from % size
	r.seq = first
	if last-first == uint64(r.version.Chunks)-1 { // nothing lies between
		r.place, r.seq = goal, first+uint64(goal)
	}
	for r.place < goal {
		r.seq += uint64(goal - r.place)
		m, err := r.blobs.store.get(r.ctx, bucketPrefix+r.name.Container, wanted{Seq: r.seq, Next: r.subject()})
		if err != nil {
			return r.missing(err)
		}
		if r.place, err = strconv.Atoi(m.header(chunkHeader)); err != nil || r.place > goal {
			return fmt.Errorf("chunk %q at %d: want one up to %d", m.header(chunkHeader), m.Seq, goal)
		}
		r.seq = m.Seq
	}
	return nil
}

func (r *reader) subject() string { return chunkSubject(r.name.Container, r.version.NUID) }

func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil && r.left == 0 {
		return 0, io.EOF
	}
	for r.err == nil && len(r.chunk) == 0 {
		if r.chunk, r.err = r.next(); r.err == nil {
			over := min(r.skip, int64(len(r.chunk)))
			r.chunk, r.skip = r.chunk[over:], r.skip-over
		}
	}
	if r.err != nil {
		return 0, r.err
	}
	n := copy(p, r.chunk[:min(int64(len(r.chunk)), r.left)])
	r.chunk, r.left = r.chunk[n:], r.left-int64(n)
	return n, nil
}

// next is the next chunk.
func (r *reader) next() ([]byte, error) {
	if r.place >= int(r.version.Chunks) {
		return nil, fmt.Errorf("read blob %s: its %d chunks are %d bytes short\nhint: the object is damaged; put it again", r.name, r.version.Chunks, r.left)
	}
	var data []byte
	err := r.blobs.store.insist(r.ctx, true, func(ctx context.Context) error {
		m, err := r.ask(ctx)
		if err != nil || m == nil {
			r.drop()
		}
		if err != nil {
			return err
		}
		data, err = r.take(ctx, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read blob %s: %w", r.name, err)
	}
	return data, nil
}

// ask is the next message of what was asked for, and asks if nothing is. It is
// nil if the replica that answered has no more of the blob.
func (r *reader) ask(ctx context.Context) (*nats.Msg, error) {
	if r.answers == nil {
		if err := r.request(); err != nil {
			return nil, err
		}
	}
	m, err := r.answers.NextMsgWithContext(ctx)
	if err != nil {
		return nil, err
	}
	switch status := m.Header.Get("Status"); status {
	case "":
		return m, nil
	case "204", "404":
		return nil, nil
	case "503":
		return nil, nats.ErrNoResponders
	default:
		return nil, fmt.Errorf("the server says %s %s", status, m.Header.Get("Description"))
	}
}

// request asks for the next chunks.
func (r *reader) request() error {
	inbox := r.blobs.store.conn.NewInbox()
	r.due = min(ahead, int(r.version.Chunks)-r.place)
	request, err := json.Marshal(wanted{Seq: r.seq, Next: r.subject(), Batch: r.due, MaxBytes: (ahead + 1) * chunkSize})
	if err != nil {
		return err
	}
	if r.answers, err = r.blobs.store.conn.SubscribeSync(inbox); err != nil {
		r.answers = nil
		return err
	}
	return r.blobs.store.conn.PublishRequest("$JS.API.DIRECT.GET."+bucketPrefix+r.name.Container, inbox, request)
}

// take is what a message holds. Without one the leader is asked: only it knows
// that a chunk is gone, and not just on its way to the replica.
func (r *reader) take(ctx context.Context, m *nats.Msg) ([]byte, error) {
	if m == nil {
		got, err := r.blobs.store.get(ctx, bucketPrefix+r.name.Container, wanted{Seq: r.seq, Next: r.subject()})
		if err != nil {
			return nil, r.missing(err)
		}
		return got.Data, r.passed(got.header(chunkHeader), got.Seq)
	}
	seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("read a chunk's sequence: %w", err)
	}
	if err := r.passed(m.Header.Get(chunkHeader), seq); err != nil {
		return nil, err
	}
	if r.due--; r.due > 0 {
		return m.Data, nil
	}
	r.drop()
	// The next are on their way while this one is taken, if the caller wants them.
	if r.place < int(r.version.Chunks) && r.left > int64(len(m.Data)) && r.request() != nil {
		r.drop() // whoever reads on asks again
	}
	return m.Data, nil
}

// passed notes that a chunk was read, which has to be the next.
func (r *reader) passed(place string, seq uint64) error {
	if first, _ := r.version.span(); first > 0 && place != strconv.Itoa(r.place) {
		return fmt.Errorf("chunk %q where %d was due\nhint: the object is damaged; put it again", place, r.place)
	}
	r.place++
	r.seq = seq + 1
	return nil
}

// missing says why a chunk is not there.
func (r *reader) missing(err error) error {
	if !errors.Is(err, work.ErrAbsent) {
		return err
	}
	now, looked := r.blobs.newest(r.ctx, r.name)
	switch {
	case looked != nil:
		return looked
	case !now.there():
		return work.ErrAbsent
	case now.NUID != r.version.NUID:
		return work.ErrChanged
	}
	return fmt.Errorf("chunk %d of %d is not there\nhint: the object is damaged; put it again", r.place+1, r.version.Chunks)
}

// drop forgets what was asked for.
func (r *reader) drop() {
	if r.answers != nil {
		_ = r.answers.Unsubscribe() // it fails if the connection is gone, and the subscription with it
		r.answers = nil
	}
}

// Close is safe twice.
func (r *reader) Close() error {
	if r.err == nil {
		r.err = errors.New("read of a blob that was closed")
	}
	r.drop()
	return nil
}
