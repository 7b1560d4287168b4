package azure

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

// Open streams from one request. If its answer breaks off, the reader asks for the
// rest of the same version, so that the payload arrives whole or ends in an error:
// work.ErrChanged or work.ErrAbsent if that version is gone.
func (b *Blobs) Open(ctx context.Context, name blob.Name, part blob.Range, want blob.Want) (io.ReadCloser, blob.Info, error) {
	err := name.Check()
	if err == nil && (part.From < 0 || part.Count < 0) {
		err = fmt.Errorf("range of %d bytes from %d", part.Count, part.From)
	}
	var body io.ReadCloser
	var info blob.Info
	if err == nil {
		body, info, err = b.open(ctx, name, part, want)
	}
	if err != nil {
		return nil, blob.Info{}, fmt.Errorf("open blob %s: %w", name, err)
	}
	return body, info, nil
}

// open is Open for any name.
func (b *Blobs) open(ctx context.Context, name blob.Name, part blob.Range, want blob.Want) (io.ReadCloser, blob.Info, error) {
	c, err := b.container(name.Container)
	if err != nil {
		return nil, blob.Info{}, err
	}
	r := newReader(ctx, c.NewBlobClient(name.Path))
	info, err := r.begin(name, part, want)
	if err == nil {
		return r, info, nil
	}
	_ = r.Close() // there is nothing to lose
	if !bloberror.HasCode(err, bloberror.InvalidRange) {
		return nil, blob.Info{}, missed(ctx, r.client, want, told(err))
	}
	// The range begins past the end, which Azure refuses without saying the rest.
	info, err = b.stat(ctx, name)
	if err == nil && want.ETag != "" && quoted(want.ETag) != info.ETag {
		err = work.ErrChanged
	}
	return http.NoBody, info, err
}
