package faults_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/faults"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// What a client signs is right for the store behind the proxy too.
func TestAStoreOfAzureIsReachedThroughItsProxyAndCanFail(t *testing.T) {
	rig := azurite.New(t)
	value, proxies, err := faults.Rewrite(rig.Connection())
	if err != nil {
		t.Fatalf("Rewrite = %v", err)
	}
	for _, p := range proxies {
		defer p.Close()
	}
	account, err := azure.ParseConnection(value)
	if err != nil {
		t.Fatal(err)
	}
	s, err := azure.Open(account, azure.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	name, payload := blob.Name{Container: "images", Path: "a b/ü+1%.png"}, strings.Repeat("noise", 1<<20)
	if _, err := s.Blobs().Put(t.Context(), name, blob.Head{}, strings.NewReader(payload), blob.Want{}); err != nil {
		t.Fatalf("put a blob through the proxy: %v", err)
	}
	body, _, err := s.Blobs().Open(t.Context(), name, blob.Range{}, blob.Want{})
	if err != nil {
		t.Fatalf("open it: %v", err)
	}
	got, err := io.ReadAll(body)
	if err = errors.Join(err, body.Close()); err != nil || string(got) != payload {
		t.Errorf("the blob has %d bytes, %v; want %d", len(got), err, len(payload))
	}
	if _, err := s.Put(t.Context(), "jobs", []byte("go")); err != nil {
		t.Errorf("put a message: %v", err)
	}
	for _, p := range proxies {
		p.Set(&lab.Fault{Kind: lab.Failing, Share: 1})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // the client tries again until then
	defer cancel()
	var unavailable *work.Unavailable
	if _, err := s.Put(ctx, "jobs", []byte("go")); !errors.As(err, &unavailable) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("put a message while the store fails: %v, want it unavailable", err)
	}
	for _, p := range proxies {
		p.Set(nil)
	}
	if _, err := s.Put(t.Context(), "jobs", []byte("go")); err != nil {
		t.Errorf("put a message after it: %v", err)
	}
	if depth, err := s.Depth(t.Context(), "jobs"); err != nil || depth.Total != 2 {
		t.Errorf("Depth = %+v, %v; want the two messages that were taken", depth, err)
	}
}
