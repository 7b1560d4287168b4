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
	"github.com/stanch-dev/stanch/internal/work/listen"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
)

// maxKills is how many workers a message may take with it.
const maxKills = 2

// pasts remembers, for the hosts of all replicas, what the deliveries of a queue's
// messages came to, where the count that the queue itself keeps does not tell.
//
// A delivery that was interrupted is excused. Every delivery but the first is
// noted when a worker is about to get it, and when it has ended. So the next one
// knows three kinds apart: an end that was noted; a begin without an end, whose
// host died with it, perhaps of it; and neither, which means that no worker ever
// had it, and is excused. The first delivery, by far the commonest, costs nothing.
type pasts struct {
	ledger     ledger.Store
	app, queue string
}

// record is what is remembered of one message.
type record struct {
	Kills       int      `json:"kills,omitempty"`
	Postmortems []string `json:"postmortems,omitempty"`
	Excused     int64    `json:"excused,omitempty"` // deliveries that are not held against it
	Begun       int64    `json:"begun,omitempty"`   // the last that a worker was about to get
	Ended       int64    `json:"ended,omitempty"`   // the last whose end is known
}

// ledgerTime bounds a look into the ledger.
const ledgerTime = 5 * time.Second

func (k pasts) key(id string) string {
	sum := sha256.Sum256([]byte(id)) // ids are the stores', and may hold anything
	return "kills/" + k.app + "/" + k.queue + "/" + hex.EncodeToString(sum[:12])
}

// get is the record of a message, and its version; an empty one if there is none.
func (k pasts) get(ctx context.Context, id string) (r record, version string, err error) {
	e, err := k.ledger.Get(ctx, k.key(id))
	if errors.Is(err, work.ErrAbsent) {
		return r, "", nil
	}
	if err == nil {
		err = json.Unmarshal(e.Value, &r)
	}
	return r, e.Version, err
}

// forget takes the record of a message away that is settled.
func (k pasts) forget(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTime)
	defer cancel()
	if e, err := k.ledger.Get(ctx, k.key(id)); err == nil {
		_ = k.ledger.Delete(ctx, e.Key, e.Version) // one that stays takes a few bytes
	}
}

// past is what is known of a message at one of its deliveries. It is for one
// goroutine.
type past struct {
	pasts
	id       string
	delivery int64
	was      record // before this delivery
	orphan   bool   // the last delivery that a worker had never ended, or nobody knows
	noted    bool   // that this one begins
}

// recall reads the past of a message. Where the ledger does not answer it is
// empty: then the deliveries that the queue counts are all held against it.
func (k pasts) recall(ctx context.Context, m *queue.Message) (*past, error) {
	p := &past{pasts: k, id: m.ID, delivery: m.Deliveries}
	if m.Deliveries <= 1 {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ledgerTime)
	defer cancel()
	was, _, err := k.get(ctx, m.ID)
	if err != nil {
		p.orphan = true // it may be one, and what runs alone blames nobody else
		return p, err
	}
	p.was = was
	p.orphan = was.Begun > was.Ended
	p.was.Excused += max(m.Deliveries-1-max(was.Begun, was.Ended, 1), 0)
	return p, nil
}

// suspect says whether it may be what a worker died of.
func (p *past) suspect() bool { return p.was.Kills > 0 || p.orphan }

// write changes the record, if it still is of this delivery's time: of a host
// whose lease was lost meanwhile only the deaths that it saw are taken.
func (p *past) write(change func(*record)) error {
	ctx, cancel := context.WithTimeout(context.Background(), ledgerTime)
	defer cancel()
	for {
		now, version, err := p.get(ctx, p.id)
		if err != nil {
			return err
		}
		if version == "" && p.noted {
			return nil // somebody else has settled the message
		}
		next := now
		change(&next)
		if max(now.Begun, now.Ended) > p.delivery {
			now.Kills, now.Postmortems = next.Kills, next.Postmortems
			next = now
		}
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		_, err = p.ledger.Put(ctx, p.key(p.id), text, version)
		if !errors.Is(err, work.ErrChanged) && !errors.Is(err, work.ErrExists) && !errors.Is(err, work.ErrAbsent) {
			return err
		}
	}
}

// begin notes that a worker is about to get the message; a first delivery, and one
// that is noted already, needs no note.
func (p *past) begin() error {
	if p.delivery <= 1 || p.noted {
		return nil
	}
	err := p.write(func(r *record) { r.Begun, r.Excused = p.delivery, p.was.Excused })
	p.noted = err == nil
	return err
}

// end notes how the delivery ended, if it has to be remembered, and says what
// there is to say of the message. alone says that nobody was beside it.
func (p *past) end(o outcome, alone bool) (v listen.Verdict, err error) {
	v = listen.Verdict{Ending: o.ending, Reason: o.reason, Kills: p.was.Kills, Postmortems: p.was.Postmortems, Excused: p.was.Excused}
	died, excused := o.fate.Died, o.ending == settle.Interrupted
	if o.ending == settle.Succeeded || !died && !excused && !p.noted || excused && !p.noted && p.delivery > 1 {
		return v, nil
	}
	err = p.write(func(r *record) { // perhaps more than once
		r.Ended, r.Excused = p.delivery, p.was.Excused
		if died {
			// Among others it is a suspect, however often; alone it is the one to blame.
			if alone || r.Kills == 0 {
				r.Kills++
			}
			if o.fate.Report != "" {
				r.Postmortems = append(r.Postmortems, o.fate.Report)
			}
			v.Kills, v.Postmortems = r.Kills, r.Postmortems
		}
		if excused {
			r.Excused++
		}
	})
	if died {
		v.Kills = max(v.Kills, 1) // even if the ledger could not be read
	}
	return v, err
}

// excused is listen.Policy's: it makes sure that the ledger can be written, too,
// since where it can't, nothing bounds what is excused.
func (k pasts) excused(ctx context.Context, m *queue.Message) (int64, error) {
	p, err := k.recall(ctx, m)
	if err == nil {
		err = p.write(func(*record) {})
	}
	if away := (*work.Unavailable)(nil); err != nil && !errors.As(err, &away) && ctx.Err() == nil {
		return 0, nil
	}
	return p.was.Excused, err
}
