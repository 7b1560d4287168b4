package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/ledger"
)

// maxKills is how many workers a message may take with it.
const maxKills = 2

// kills remembers, for the hosts of all replicas, which messages of a queue
// workers died with.
type kills struct {
	ledger     ledger.Store
	app, queue string
}

// record is what is remembered of one message.
type record struct {
	Kills       int      `json:"kills"`
	Postmortems []string `json:"postmortems,omitempty"`
}

// ledgerTime bounds a look into the ledger.
const ledgerTime = 10 * time.Second

func (k kills) key(id string) string {
	sum := sha256.Sum256([]byte(id)) // ids are the stores', and may hold anything
	return "kills/" + k.app + "/" + k.queue + "/" + hex.EncodeToString(sum[:12])
}

// read is the record of a message. Where the ledger does not answer, it is empty:
// the deliveries that the queue counts bound what may come of it.
func (k kills) read(ctx context.Context, id string) (r record) {
	ctx, cancel := context.WithTimeout(ctx, ledgerTime)
	defer cancel()
	if e, err := k.ledger.Get(ctx, k.key(id)); err == nil {
		_ = json.Unmarshal(e.Value, &r)
	}
	return r
}

// write puts the record of a message, whoever wrote one before: only who has the
// message on lease does.
func (k kills) write(id string, r record) error {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTime)
	defer cancel()
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	for {
		e, err := k.ledger.Get(ctx, k.key(id))
		if err != nil && !errors.Is(err, work.ErrAbsent) {
			return err
		}
		_, err = k.ledger.Put(ctx, k.key(id), text, e.Version)
		if !errors.Is(err, work.ErrChanged) && !errors.Is(err, work.ErrExists) {
			return err
		}
	}
}

// forget takes the record of a message away that is settled.
func (k kills) forget(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTime)
	defer cancel()
	if e, err := k.ledger.Get(ctx, k.key(id)); err == nil {
		_ = k.ledger.Delete(ctx, e.Key, e.Version) // one that stays takes a few bytes
	}
}
