// Package ledger is the seam to what hosts remember together: which blobs were seen, which tick of a timer was taken, why a message is poison.
//
// It holds small values by key, each with a version. Whoever writes names the
// version that was read, so that of two hosts one wins and the other knows: that
// is all that a singleton needs. Every store passes the conformance suite in
// work/store/storetest.
package ledger

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Entry is one value.
type Entry struct {
	Key     string
	Value   []byte
	Version string    // changes with every Put
	At      time.Time // of the last Put, by the store's clock
}

// MaxValue is the largest value, in bytes.
const MaxValue = 32 << 10

// Store keeps entries. All of it is safe for concurrent use, and by several
// processes on the same store.
//
// Errors are work.ErrAbsent where a key is not there, work.ErrChanged where it
// has another version, work.ErrExists from Put without one,
// *work.Unavailable where the store can't answer.
type Store interface {
	Get(ctx context.Context, key string) (Entry, error)
	// Put writes the value if the key has this version; the empty version stands
	// for a key that is not there. It returns the new version.
	Put(ctx context.Context, key string, value []byte, version string) (string, error)
	// Delete takes the key away if it has this version.
	Delete(ctx context.Context, key, version string) error
	// Each are the entries whose key begins with prefix, in the store's order.
	// After an error there is nothing more.
	Each(ctx context.Context, prefix string) iter.Seq2[Entry, error]
}

// CheckKey reports what is wrong with a key: 1 to 900 bytes of letters, digits
// and -_.=/ in parts between slashes, none of them empty, . or ... Whoever makes
// keys of foreign text encodes it first.
func CheckKey(key string) error {
	if len(key) == 0 || len(key) > 900 {
		return fmt.Errorf("ledger key of %d bytes: 1 to 900 are allowed", len(key))
	}
	from := 0
	for i := 0; i <= len(key); i++ {
		if i < len(key) && key[i] != '/' {
			c := key[i]
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '=' {
				continue
			}
			return fmt.Errorf("ledger key %q has %q at %d", key, c, i+1)
		}
		if part := key[from:i]; part == "" || part == "." || part == ".." {
			return fmt.Errorf("ledger key %q has a part %q", key, part)
		}
		from = i + 1
	}
	return nil
}
