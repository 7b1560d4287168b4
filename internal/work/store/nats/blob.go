package nats

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

var (
	_ blob.Store   = (*Blobs)(nil)
	_ blob.Watcher = (*Blobs)(nil)
)

// Blobs are the blobs of a store: a container is a bucket of JetStream's object
// store, laid out so that its own tools read it. A blob is its chunks, on a
// subject of their own for each version, and one message that describes it, which
// is published when the chunks are there. That message decides: it is published
// only in the place of the one that was seen, so that of two writers one wins.
type Blobs struct{ store *Store }

// Blobs are kept in buckets.
func (s *Store) Blobs() *Blobs { return &Blobs{s} }

const (
	bucketPrefix = "OBJ_"
	chunkHeader  = "Stanch-Chunk" // of a chunk: its place, from 0
	firstHeader  = "Stanch-First" // of an object: the sequence of its first chunk
	lastHeader   = "Stanch-Last"  // and of its last
	octetStream  = "application/octet-stream"
)

func bucketStream(container string) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: bucketPrefix + container, Subjects: []string{"$O." + container + ".C.>", "$O." + container + ".M.>"},
		Discard: jetstream.DiscardNew, AllowRollup: true, AllowDirect: true, Duplicates: duplicates,
	}
}

func chunkSubject(container, nuid string) string { return "$O." + container + ".C." + nuid }

func metaSubject(n blob.Name) string {
	return "$O." + n.Container + ".M." + base64.URLEncoding.EncodeToString([]byte(n.Path))
}

// version is one version of a blob as its bucket has it.
type version struct {
	jetstream.ObjectInfo
	seq uint64 // of the message that describes it; 0: there never was one
}

// there says whether it is a blob, and not the trace of one that was deleted.
func (v version) there() bool { return v.seq > 0 && !v.Deleted }

// etag names a version. An object's nuid is never used again.
func (v version) etag() string { return v.NUID }

func (v version) info(container string) blob.Info {
	kind := v.Headers.Get("Content-Type")
	if kind == "" {
		kind = octetStream
	}
	return blob.Info{
		Name: blob.Name{Container: container, Path: v.Name}, Size: int64(v.Size), ETag: v.etag(),
		Modified: v.ModTime, ContentType: kind, Metadata: v.Metadata,
	}
}

// meets says whether a version is what somebody wants.
func (v version) meets(w blob.Want) error {
	switch {
	case w.Absent && v.there():
		return work.ErrExists
	case w.ETag != "" && !v.there():
		return work.ErrAbsent
	case w.ETag != "" && v.etag() != w.ETag:
		return work.ErrChanged
	}
	return nil
}

func parse(m stored) (version, error) {
	v := version{seq: m.Seq}
	if err := json.Unmarshal(m.Data, &v.ObjectInfo); err != nil {
		return v, fmt.Errorf("read what describes the object in %s: %w", m.Subject, err)
	}
	v.ModTime = m.Time
	return v, nil
}

// newest is the version that counts now; one that is not there has no error, but
// its seq is 0 or it is marked as deleted. No container is no version.
func (b *Blobs) newest(ctx context.Context, n blob.Name) (version, error) {
	m, err := b.store.get(ctx, bucketPrefix+n.Container, wanted{Last: metaSubject(n)})
	if errors.Is(err, work.ErrAbsent) {
		return version{}, nil
	}
	if err != nil {
		return version{}, err
	}
	return parse(m)
}

// Stat asks the bucket's leader.
func (b *Blobs) Stat(ctx context.Context, n blob.Name) (blob.Info, error) {
	v, err := b.present(ctx, n, blob.Want{})
	if err != nil {
		return blob.Info{}, fmt.Errorf("stat blob %s: %w", n, err)
	}
	return v.info(n.Container), nil
}

// present is the newest version, which has to be there and what the caller wants.
func (b *Blobs) present(ctx context.Context, n blob.Name, w blob.Want) (version, error) {
	if err := n.Check(); err != nil {
		return version{}, err
	}
	v, err := b.newest(ctx, n)
	if err != nil {
		return version{}, err
	}
	if err := v.meets(w); err != nil {
		return version{}, err
	}
	if !v.there() {
		return version{}, work.ErrAbsent
	}
	return v, nil
}

// Delete puts a mark in the place of the version that it saw, and then takes the
// chunks and the mark away.
func (b *Blobs) Delete(ctx context.Context, n blob.Name, w blob.Want) error {
	if err := b.delete(ctx, n, w); err != nil {
		return fmt.Errorf("delete blob %s: %w", n, err)
	}
	return nil
}

func (b *Blobs) delete(ctx context.Context, n blob.Name, w blob.Want) error {
	for {
		v, err := b.present(ctx, n, w)
		if err != nil {
			return err
		}
		mark := v.ObjectInfo
		mark.Deleted, mark.Size, mark.Chunks, mark.Digest = true, 0, 0, ""
		seq, err := b.describe(ctx, n, mark, v.seq)
		if is(err, codeWrongLast, codeWrongLastR) {
			continue // somebody else wrote: look again
		}
		if err != nil {
			return err
		}
		// From here on the blob is gone. What can't be cleared now is only room lost.
		_ = b.store.purge(ctx, bucketPrefix+n.Container, chunkSubject(n.Container, v.NUID), 0)
		_ = b.store.purge(ctx, bucketPrefix+n.Container, metaSubject(n), seq+1)
		return nil
	}
}

// describe publishes the message that makes a version the one that counts, if the
// one with the sequence last still does.
func (b *Blobs) describe(ctx context.Context, n blob.Name, info jetstream.ObjectInfo, last uint64) (uint64, error) {
	body, err := json.Marshal(info)
	if err != nil {
		return 0, err
	}
	m := &nats.Msg{Subject: metaSubject(n), Data: body, Header: nats.Header{}}
	return b.store.publish(ctx, bucketStream(n.Container), alone(expect(m, last)), nuid.Next())
}

// Containers are the buckets.
func (b *Blobs) Containers(ctx context.Context) ([]string, error) {
	names, err := b.store.named(ctx, bucketPrefix, blob.CheckContainer)
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	return names, nil
}

// List walks the bucket in the order of its writes. A blob that is replaced
// meanwhile may come twice, in both versions.
func (b *Blobs) List(ctx context.Context, container, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		err := blob.CheckContainer(container)
		if err != nil {
			yield(blob.Info{}, err)
			return
		}
		for m, err := range b.store.each(ctx, bucketPrefix+container, "$O."+container+".M.>") {
			var v version
			if err == nil {
				v, err = parse(m)
			}
			if err != nil {
				yield(blob.Info{}, fmt.Errorf("list container %s: %w", container, err))
				return
			}
			if v.Deleted || !strings.HasPrefix(v.Name, prefix) {
				continue
			}
			if !yield(v.info(container), nil) {
				return
			}
		}
	}
}

// described is the start of an object's description.
func described(n blob.Name, head blob.Head, nuid string, chunk int) jetstream.ObjectInfo {
	info := jetstream.ObjectInfo{Bucket: n.Container, NUID: nuid}
	info.Name = n.Path
	info.Headers = nats.Header{}
	if head.ContentType != "" {
		info.Headers.Set("Content-Type", head.ContentType)
	}
	if len(head.Metadata) > 0 {
		info.Metadata = map[string]string{}
		for key, value := range head.Metadata {
			info.Metadata[strings.ToLower(key)] = value
		}
	}
	info.Opts = &jetstream.ObjectMetaOptions{ChunkSize: uint32(chunk)}
	return info
}

// span is the sequences of the first and the last chunk, where stanch put the
// object and its chunks are all of one size; 0 elsewhere.
func (v version) span() (first, last uint64) {
	first, err := strconv.ParseUint(v.Headers.Get(firstHeader), 10, 64)
	if err != nil || v.Opts == nil || v.Opts.ChunkSize == 0 {
		return 0, 0
	}
	if last, err = strconv.ParseUint(v.Headers.Get(lastHeader), 10, 64); err != nil {
		return 0, 0
	}
	return first, last
}
