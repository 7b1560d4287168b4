// Package azure keeps work in Azure Storage: queues as Storage queues, blobs as block blobs, the ledger as small blobs of one container.
//
// The same code serves Azurite, the emulator. Four rules hold. No error and no
// log holds a key, a SAS or a URL's query, whatever the SDK says: fault.go makes
// every error anew. What changes something and might be done twice is sent once;
// what only looks, or ends in the same state, is tried twice. More tries are the
// caller's, who knows how long to wait and has a back-off of its own; under the
// SDK's default a store that is down would hold each caller for ten seconds. A
// payload passes in blocks, and nobody sees it before it is committed. A reader
// names the version that it began with at every request, and counts its bytes.
// Begin with [ParseConnection], [FromSettings] and [Open].
package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"
)

// Options say how a store is used.
type Options struct {
	Encoding Encoding // of messages; empty: Base64
}

// Store is a storage account. It is a queue.Store; [Store.Blobs] and
// [Store.Ledger] are the others. It is safe for concurrent use, and has no
// goroutines of its own.
type Store struct {
	queues   *azqueue.ServiceClient // nil if the account has no queues
	blobs    *service.Client        // nil if it has no blobs
	encoding Encoding
	client   *http.Client
	blocks   sync.Pool // of *[]byte, for uploads
}

// Open makes a client. It asks the account nothing: one that can't be reached is
// no error, and is tried at each call.
func Open(a Account, o Options) (*Store, error) {
	s, err := open(a, o)
	if err != nil {
		return nil, fmt.Errorf("open the store of work in Azure Storage: %w", err)
	}
	return s, nil
}

func open(a Account, o Options) (*Store, error) {
	s := &Store{encoding: o.Encoding, client: newClient()}
	s.blocks.New = func() any { block := make([]byte, blockSize); return &block }
	if s.encoding == "" {
		s.encoding = Base64
	}
	if s.encoding != Base64 && s.encoding != Plain {
		return nil, fmt.Errorf("message encoding %q\nhint: %s or %s", s.encoding, Base64, Plain)
	}
	if a.Blob == "" && a.Queue == "" {
		return nil, errors.New("the account has neither an endpoint of blobs nor one of queues")
	}
	var err error
	if s.queues, err = a.queues(s.client); err != nil {
		return nil, err
	}
	if s.blobs, err = a.blobs(s.client); err != nil {
		return nil, err
	}
	return s, nil
}

// Close gives up the idle connections. Leases that are still held lapse in their
// own time. It is safe twice.
func (s *Store) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// once has the SDK send a request a single time: what it asks for might be done
// twice otherwise, such as a message put, or be refused by its own first try,
// such as a blob that is to be made.
func once(ctx context.Context) context.Context {
	return policy.WithRetryOptions(ctx, policy.RetryOptions{MaxRetries: -1})
}

// of is what a pointer of the SDK's points to, or the zero value.
func of[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
