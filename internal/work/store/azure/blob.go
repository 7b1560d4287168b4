package azure

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	sdk "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
)

var _ blob.Store = (*Blobs)(nil)

// Blobs are the blobs of an account.
type Blobs struct{ store *Store }

// Blobs are kept in the account's containers.
func (s *Store) Blobs() *Blobs { return &Blobs{s} }

// container is a client of one container.
func (b *Blobs) container(name string) (*container.Client, error) {
	if b.store.blobs == nil {
		return nil, errors.New("the account has no endpoint of blobs\nhint: add BlobEndpoint to the connection string, or set blobServiceUri")
	}
	return b.store.blobs.NewContainerClient(name), nil
}

// conditions are what Want says, in HTTP.
func conditions(want blob.Want) *sdk.AccessConditions {
	m := &sdk.ModifiedAccessConditions{}
	if want.ETag != "" {
		m.IfMatch = to.Ptr(azcore.ETag(quoted(want.ETag)))
	}
	if want.Absent {
		m.IfNoneMatch = to.Ptr(azcore.ETagAny)
	}
	return &sdk.AccessConditions{ModifiedAccessConditions: m}
}

// quoted is an ETag as HTTP has it. Listings and Event Grid leave the quotes out.
func quoted(etag string) string {
	if etag == "" || strings.HasSuffix(etag, `"`) {
		return etag
	}
	return `"` + etag + `"`
}

// Stat asks for a blob's properties.
func (b *Blobs) Stat(ctx context.Context, name blob.Name) (blob.Info, error) {
	err := name.Check()
	var info blob.Info
	if err == nil {
		info, err = b.stat(ctx, name)
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("look at blob %s: %w", name, err)
	}
	return info, nil
}

func (b *Blobs) stat(ctx context.Context, name blob.Name) (blob.Info, error) {
	c, err := b.container(name.Container)
	if err != nil {
		return blob.Info{}, err
	}
	r, err := c.NewBlobClient(name.Path).GetProperties(ctx, nil)
	if err != nil {
		return blob.Info{}, told(err)
	}
	return describe(name, r.ContentLength, r.ETag, r.LastModified, r.CreationTime, r.ContentType, r.Metadata), nil
}

// describe is an Info of what the three kinds of answers say.
func describe(name blob.Name, size *int64, etag *azcore.ETag, modified, created *time.Time, contentType *string, metadata map[string]*string) blob.Info {
	info := blob.Info{
		Name: name, Size: of(size), ETag: quoted(string(of(etag))), Modified: of(modified), Created: of(created),
		ContentType: of(contentType), Metadata: make(map[string]string, len(metadata)),
	}
	if info.ContentType == "" {
		info.ContentType = octets
	}
	for key, value := range metadata {
		info.Metadata[strings.ToLower(key)] = of(value)
	}
	return info
}

// Delete removes a blob, and its snapshots with it.
func (b *Blobs) Delete(ctx context.Context, name blob.Name, want blob.Want) error {
	err := name.Check()
	if err == nil {
		err = b.delete(ctx, name, want)
	}
	if err != nil {
		return fmt.Errorf("delete blob %s: %w", name, err)
	}
	return nil
}

func (b *Blobs) delete(ctx context.Context, name blob.Name, want blob.Want) error {
	c, err := b.container(name.Container)
	if err != nil {
		return err
	}
	client := c.NewBlobClient(name.Path)
	_, err = client.Delete(once(ctx), &sdk.DeleteOptions{
		DeleteSnapshots:  to.Ptr(sdk.DeleteSnapshotsOptionTypeInclude),
		AccessConditions: conditions(blob.Want{ETag: want.ETag}),
	})
	return missed(ctx, client, want, told(err))
}

// missed says of a condition that failed which of Want's it was. Some answer 412
// for a blob that never was as for a version that is gone.
func missed(ctx context.Context, client *sdk.Client, want blob.Want, err error) error {
	switch {
	case !errors.Is(err, work.ErrChanged):
		return err
	case want.Absent:
		return fmt.Errorf("%w: ConditionNotMet", work.ErrExists)
	case want.ETag != "":
		if _, looked := client.GetProperties(ctx, nil); errors.Is(told(looked), work.ErrAbsent) {
			return told(looked)
		}
	}
	return err
}

// page is how many blobs of a listing are held at once; 5000 of them, Azure's
// default, are some 10 MB when read.
const page = 1000

// List asks page by page. What can't be the name of a blob here is passed over,
// and so are the directories of an account with a hierarchical namespace.
func (b *Blobs) List(ctx context.Context, name, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		err := blob.CheckContainer(name)
		if err == nil {
			err = b.list(ctx, name, prefix, func(info blob.Info) bool {
				return info.Name.Check() != nil || info.Metadata["hdi_isfolder"] == "true" || yield(info, nil)
			})
		}
		if err != nil {
			yield(blob.Info{}, fmt.Errorf("list container %s: %w", name, err))
		}
	}
}

func (b *Blobs) list(ctx context.Context, name, prefix string, see func(blob.Info) bool) error {
	c, err := b.container(name)
	if err != nil {
		return err
	}
	o := &container.ListBlobsFlatOptions{MaxResults: to.Ptr(int32(page)), Include: container.ListBlobsInclude{Metadata: true}}
	if prefix != "" {
		o.Prefix = &prefix
	}
	for pages := c.NewListBlobsFlatPager(o); pages.More(); {
		r, err := pages.NextPage(ctx)
		if err != nil {
			return told(err)
		}
		if r.Segment == nil {
			continue
		}
		for _, item := range r.Segment.BlobItems {
			p := of(item.Properties)
			at := blob.Name{Container: name, Path: of(item.Name)}
			if !see(describe(at, p.ContentLength, p.ETag, p.LastModified, p.CreationTime, p.ContentType, item.Metadata)) {
				return nil
			}
		}
	}
	return nil
}

// Containers are the names of all containers, the ledger's among them.
func (b *Blobs) Containers(ctx context.Context) ([]string, error) {
	names := []string{}
	if b.store.blobs == nil {
		return names, nil
	}
	for pages := b.store.blobs.NewListContainersPager(nil); pages.More(); {
		r, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the containers: %w", told(err))
		}
		for _, c := range r.ContainerItems {
			names = append(names, of(c.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}
