package azure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// stall is how long a payload may stand still while somebody reads, before the
// rest is asked for by another request.
const stall = 30 * time.Second

// tries are how often a reader asks for the rest without getting a byte of it.
// Their pauses add up to some three seconds.
const tries = 5

// reader counts what it has passed on, and knows how much there is.
type reader struct {
	ctx    context.Context
	cancel context.CancelFunc
	client *sdk.Client
	etag   string
	at     int64 // the next byte's place in the blob
	left   int64
	body   io.ReadCloser // nil when it broke off
	drop   context.CancelFunc
	stall  time.Duration
	guard  *time.Timer // drops a request that stands still
	misses int         // tries since the last byte
	err    error       // sticky
}

func newReader(ctx context.Context, client *sdk.Client) *reader {
	ctx, cancel := context.WithCancel(ctx)
	return &reader{ctx: ctx, cancel: cancel, client: client, stall: stall}
}

// begin asks for the first time. Its error is the SDK's.
func (r *reader) begin(name blob.Name, part blob.Range, want blob.Want) (blob.Info, error) {
	got, err := r.ask(sdk.HTTPRange{Offset: part.From, Count: part.Count}, blob.Want{ETag: want.ETag})
	if err != nil {
		return blob.Info{}, err
	}
	from, size := int64(0), of(got.ContentLength)
	if got.ContentRange != nil {
		if from, size, err = span(*got.ContentRange); err != nil {
			return blob.Info{}, err
		}
	}
	if from != part.From {
		return blob.Info{}, fmt.Errorf("the answer begins at %d, not at %d", from, part.From)
	}
	r.at, r.left = from, size-from
	if part.Count > 0 {
		r.left = min(r.left, part.Count)
	}
	info := describe(name, &size, got.ETag, got.LastModified, got.CreationTime, got.ContentType, got.Metadata)
	r.etag = info.ETag
	return info, nil
}

// ask sends one request, which the guard may end. The caller's context ends it too.
func (r *reader) ask(part sdk.HTTPRange, want blob.Want) (sdk.DownloadStreamResponse, error) {
	ctx, drop := context.WithCancel(r.ctx)
	got, err := r.client.DownloadStream(ctx, &sdk.DownloadStreamOptions{Range: part, AccessConditions: conditions(want)})
	if err != nil {
		drop()
		return got, err
	}
	r.body, r.drop = got.Body, drop
	r.guard = time.AfterFunc(r.stall, drop)
	r.guard.Stop()
	return got, nil
}

// span reads a Content-Range, as in bytes 2-9/10: where it begins, and how large
// the whole is.
func span(text string) (from, size int64, err error) {
	part, whole, found := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	first, _, ranged := strings.Cut(part, "-")
	if found && ranged {
		if from, err = strconv.ParseInt(first, 10, 64); err == nil {
			size, err = strconv.ParseInt(whole, 10, 64)
		}
	}
	if !found || !ranged || err != nil || from < 0 || size < from {
		return 0, 0, errors.New("the answer's Content-Range can't be read")
	}
	return from, size, nil
}

// Read passes on what comes, and asks for the rest where it breaks off.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for r.err == nil && r.left > 0 {
		if r.body == nil {
			r.err = r.resume()
			continue
		}
		r.guard.Reset(r.stall)
		n, err := r.body.Read(p[:min(int64(len(p)), r.left)])
		r.guard.Stop()
		if n > 0 { // an error that came with it comes again
			r.at, r.left, r.misses = r.at+int64(n), r.left-int64(n), 0
			return n, nil
		}
		if err != nil {
			r.hangUp()
		}
	}
	if r.err != nil {
		return 0, r.err
	}
	return 0, io.EOF
}

// resume asks for the rest, of the version that was begun.
func (r *reader) resume() error {
	last := error(&work.Unavailable{Err: errors.New("the payload broke off")})
	for ; r.misses < tries; r.misses++ {
		if r.misses > 0 {
			pause := 200 * time.Millisecond << (r.misses - 1)
			if down, ok := errors.AsType[*work.Unavailable](last); ok && down.After > pause {
				break // the delivery can wait better than a payload that is half way
			}
			if err := sleep(r.ctx, pause); err != nil {
				return fmt.Errorf("read from byte %d on: %w", r.at, told(err))
			}
		}
		got, err := r.ask(sdk.HTTPRange{Offset: r.at, Count: r.left}, blob.Want{ETag: r.etag})
		if err == nil {
			if err = r.continues(got); err == nil {
				r.misses++ // until a byte comes
				return nil
			}
			r.hangUp()
		}
		last = told(err)
		if _, down := errors.AsType[*work.Unavailable](last); !down {
			last = missed(r.ctx, r.client, blob.Want{ETag: r.etag}, last)
			break
		}
	}
	return fmt.Errorf("read from byte %d on: %w", r.at, last)
}

// continues holds an answer to what was asked for: a proxy might send the whole.
func (r *reader) continues(got sdk.DownloadStreamResponse) error {
	from, _, err := span(of(got.ContentRange))
	if err == nil && (from != r.at || quoted(string(of(got.ETag))) != r.etag) {
		err = errors.New("the answer is not the rest of what was begun")
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (r *reader) hangUp() {
	if r.body != nil {
		r.guard.Stop()
		_ = r.body.Close() // it broke off, or nobody wants the rest
		r.drop()
		r.body = nil
	}
}

// Close may come before the end. It is safe twice.
func (r *reader) Close() error {
	r.hangUp()
	r.cancel()
	if r.err == nil && r.left > 0 {
		r.err = http.ErrBodyReadAfterClose
	}
	return nil
}
