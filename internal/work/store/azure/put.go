package azure

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	sdk "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// blockSize is how much of a payload is sent at once. An upload holds two of
// them, 4 MiB: one is read while the other is on its way.
const blockSize = 2 << 20

// sip is read before a block is taken: most payloads end in it, and many of them
// come at once.
const sip = 64 << 10

// maxBlocks is Azure's bound; the largest blob is 97 GiB with it.
const maxBlocks = 50_000

// octets is the type of a payload that has none.
const octets = "application/octet-stream"

// Put streams a blob in, as blocks that nobody sees before they are committed.
// What fails leaves at most uncommitted blocks, which Azure drops after a week.
// Of two uploads of one blob at the same time, one may find its blocks dropped by
// the other's commit: it returns work.Unavailable. The Info has no Created.
func (b *Blobs) Put(ctx context.Context, name blob.Name, head blob.Head, body io.Reader, want blob.Want) (blob.Info, error) {
	err := errors.Join(name.Check(), checkHead(head))
	var info blob.Info
	if err == nil {
		info, err = b.put(ctx, name, head, body, want)
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("put blob %s: %w", name, err)
	}
	return info, nil
}

// checkHead refuses what HTTP headers, where Azure keeps it, would change.
func checkHead(h blob.Head) error {
	for key, value := range h.Metadata {
		if key == "" || strings.ContainsFunc(key, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
		}) || key[0] >= '0' && key[0] <= '9' {
			return fmt.Errorf("metadata key %q\nhint: letters, digits and underscores, and no digit at its start", key)
		}
		if value != strings.TrimSpace(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return fmt.Errorf("value of metadata key %q has characters that a header can't keep\nhint: ASCII without control characters, and no space at its ends; encode anything else", key)
		}
	}
	return nil
}

// upload is a blob on its way.
type upload struct {
	box    *container.Client
	blob   *blockblob.Client
	name   blob.Name
	want   blob.Want
	header *sdk.HTTPHeaders
	meta   map[string]*string
	ids    []string // of the blocks that were sent
	size   int64
}

func (b *Blobs) upload(name blob.Name, head blob.Head, want blob.Want) (*upload, error) {
	box, err := b.container(name.Container)
	if err != nil {
		return nil, err
	}
	if head.ContentType == "" {
		head.ContentType = octets
	}
	u := &upload{box: box, blob: box.NewBlockBlobClient(name.Path), name: name, want: want}
	u.header = &sdk.HTTPHeaders{BlobContentType: &head.ContentType}
	u.meta = make(map[string]*string, len(head.Metadata))
	for key, value := range head.Metadata {
		u.meta[strings.ToLower(key)] = &value
	}
	return u, nil
}

func (b *Blobs) put(ctx context.Context, name blob.Name, head blob.Head, body io.Reader, want blob.Want) (blob.Info, error) {
	u, err := b.upload(name, head, want)
	if err != nil {
		return blob.Info{}, err
	}
	first := make([]byte, sip)
	n, err := fill(body, first)
	var info blob.Info
	switch {
	case err == io.EOF:
		info, err = u.whole(ctx, first[:n])
	case err != nil:
		err = fmt.Errorf("read the payload: %w", err)
	default:
		info, err = u.send(ctx, io.MultiReader(bytes.NewReader(first), body), &b.store.blocks)
	}
	return info, missed(ctx, u.blob.BlobClient(), want, err)
}

// send reads one block while the one before it is on its way.
func (u *upload) send(ctx context.Context, body io.Reader, pool *sync.Pool) (blob.Info, error) {
	var pair [2]*[]byte
	defer func() {
		for _, block := range pair {
			if block != nil {
				pool.Put(block)
			}
		}
	}()
	stem := rand.Uint64() // tells these blocks from another upload's
	sent := make(chan error, 1)
	sent <- nil
	for i := 0; ; i++ {
		if pair[i%2] == nil {
			pair[i%2] = pool.Get().(*[]byte)
		}
		block := *pair[i%2]
		n, err := fill(body, block)
		if failed := <-sent; failed != nil {
			return blob.Info{}, failed
		}
		u.size += int64(n)
		switch {
		case err != nil && err != io.EOF:
			return blob.Info{}, fmt.Errorf("read the payload: %w", err)
		case err == io.EOF && i == 0:
			return u.whole(ctx, block[:n])
		case err == io.EOF && n == 0:
			return u.commit(ctx)
		case i == maxBlocks:
			return blob.Info{}, &work.TooLarge{Size: u.size, Limit: maxBlocks * blockSize}
		}
		id := blockID(stem, i)
		u.ids = append(u.ids, id)
		go func() { sent <- u.stage(ctx, id, block[:n]) }() // awaited before its block is used again, and before send returns
		if err == io.EOF {
			if failed := <-sent; failed != nil {
				return blob.Info{}, failed
			}
			return u.commit(ctx)
		}
	}
}

// fill reads a whole block, or up to the end. Unlike io.ReadFull it passes on a
// reader's own io.ErrUnexpectedEOF, which is a payload cut short and no end.
func fill(r io.Reader, block []byte) (n int, err error) {
	for n < len(block) && err == nil {
		var more int
		more, err = r.Read(block[n:])
		n += more
	}
	return n, err
}

// blockID has the same length for all blocks of all uploads: Azure wants it so.
func blockID(stem uint64, i int) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, stem), uint32(i)))
}

// deliver lends a block to do, which sends it in one try, and to a second try if
// the first found no container or no service. again says whether what was sent
// may be sent twice: what has a condition would be refused because of itself.
func (u *upload) deliver(ctx context.Context, block []byte, again bool, do func(context.Context, io.ReadSeekCloser) error) error {
	try := func() error {
		l := lend(block)
		defer l.end()
		return do(once(ctx), l)
	}
	err := try()
	if u.want.ETag == "" && bloberror.HasCode(err, bloberror.ContainerNotFound) { // who wants a version of a blob wants no new container
		if _, err := u.box.Create(ctx, nil); err != nil && !bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
			return told(err)
		}
		return told(try())
	}
	if down, ok := errors.AsType[*work.Unavailable](told(err)); !ok || !again || down.After > 0 || sleep(ctx, 200*time.Millisecond) != nil {
		return told(err)
	}
	return told(try())
}

func (u *upload) stage(ctx context.Context, id string, block []byte) error {
	return u.deliver(ctx, block, true, func(ctx context.Context, body io.ReadSeekCloser) error {
		_, err := u.blob.StageBlock(ctx, id, body, nil)
		return err
	})
}

// whole sends a payload of one block at most.
func (u *upload) whole(ctx context.Context, block []byte) (blob.Info, error) {
	u.size = int64(len(block))
	var info blob.Info
	err := u.deliver(ctx, block, u.want == blob.Want{}, func(ctx context.Context, body io.ReadSeekCloser) error {
		r, err := u.blob.Upload(ctx, body, &blockblob.UploadOptions{
			HTTPHeaders: u.header, Metadata: u.meta, AccessConditions: conditions(u.want),
		})
		info = u.info(r.ETag, r.LastModified)
		return err
	})
	return info, err
}

func (u *upload) commit(ctx context.Context) (blob.Info, error) {
	if u.want != (blob.Want{}) {
		ctx = once(ctx)
	}
	r, err := u.blob.CommitBlockList(ctx, u.ids, &blockblob.CommitBlockListOptions{
		HTTPHeaders: u.header, Metadata: u.meta, AccessConditions: conditions(u.want),
	})
	if err != nil {
		return blob.Info{}, told(err)
	}
	return u.info(r.ETag, r.LastModified), nil
}

func (u *upload) info(etag *azcore.ETag, modified *time.Time) blob.Info {
	return describe(u.name, &u.size, etag, modified, nil, u.header.BlobContentType, u.meta)
}
