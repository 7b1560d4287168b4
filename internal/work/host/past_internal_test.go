package host

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/settle"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// Deaths of whole hosts can't be seen from outside in one process.
func TestThePastOfAMessageTellsDeliveriesApart(t *testing.T) {
	failed := outcome{ending: settle.Failed, failure: &contract.Failed{}}
	stopped := outcome{ending: settle.Interrupted}
	died := outcome{ending: settle.WorkerGone, fate: Fate{Died: true, Report: "pm"}}
	const (
		ends  = iota // a worker gets it, and how it ends is noted
		dies         // a worker gets it, and the host dies
		never        // the host dies before a worker gets it
		waits        // the host ends it before a worker gets it
	)
	type delivery struct {
		how int
		o   outcome
	}
	for _, row := range []struct {
		why    string
		before []delivery
		kills  int
		held   int64 // of the deliveries before and the next
		orphan bool
	}{
		{"the first", nil, 0, 1, false},
		{"failures count", []delivery{{ends, failed}, {ends, failed}, {ends, failed}}, 0, 4, false},
		{"stops don't", []delivery{{ends, stopped}, {ends, stopped}, {ends, stopped}}, 0, 1, false},
		{"nor where it had not begun", []delivery{{waits, stopped}, {waits, stopped}, {waits, stopped}}, 0, 1, false},
		{"of a first delivery without a trace nobody knows", []delivery{{dies, failed}}, 0, 2, false},
		{"the second is known to have been lost with its host", []delivery{{dies, failed}, {dies, failed}}, 0, 3, true},
		{"and all of them count", []delivery{{dies, failed}, {dies, failed}, {dies, failed}, {dies, failed}}, 0, 5, true},
		{"those that no worker got don't, from the second", []delivery{{never, failed}, {never, failed}, {never, failed}}, 0, 2, false},
		{"a neighbour of one that kills hosts waits its turn", []delivery{{dies, failed}, {dies, failed}, {never, failed}, {never, failed}}, 0, 3, true},
		{"and is let off when it had its turn", []delivery{{dies, failed}, {dies, failed}, {never, failed}, {ends, failed}}, 0, 4, false},
		{"deaths of workers are deliveries too", []delivery{{ends, died}, {ends, stopped}, {ends, died}}, 2, 3, false},
	} {
		store, err := file.Open(t.TempDir(), file.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		k := pasts{ledger: store.Ledger(), app: "app", queue: "jobs"}
		recall := func(n int) *past {
			p, err := k.recall(t.Context(), &queue.Message{ID: "m", Deliveries: int64(n)})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		for i, d := range row.before {
			p := recall(i + 1)
			if d.how == ends || d.how == dies {
				err = p.begin()
			}
			if d.how == ends || d.how == waits {
				_, ended := p.end(d.o, p.suspect())
				err = errors.Join(err, ended)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		next := int64(len(row.before) + 1)
		p := recall(int(next))
		asked, err := k.excused(t.Context(), &queue.Message{ID: "m", Deliveries: next})
		again := recall(int(next))
		if held := next - p.was.Excused; held != row.held || p.orphan != row.orphan || p.was.Kills != row.kills || asked != p.was.Excused || err != nil {
			t.Errorf("%s: %d of %d deliveries are held against it (asked: %d excused, %v), orphan %v, kills %d; want %d, %v, %d",
				row.why, held, next, asked, err, p.orphan, p.was.Kills, row.held, row.orphan, row.kills)
		}
		if diff := cmp.Diff(p.was, again.was); diff != "" {
			t.Errorf("%s: to be asked has changed its past (-before +after):\n%s", row.why, diff)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A host that was frozen must not write over what the next has noted.
func TestAHostThatLostItsLeaseNotesOnlyDeaths(t *testing.T) {
	store, err := file.Open(t.TempDir(), file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	k := pasts{ledger: store.Ledger(), app: "app", queue: "jobs"}
	message := func(n int64) *queue.Message { return &queue.Message{ID: "m", Deliveries: n} }
	frozen, err := k.recall(t.Context(), message(2))
	if err == nil {
		err = frozen.begin()
	}
	if err != nil {
		t.Fatal(err)
	}
	next, err := k.recall(t.Context(), message(3))
	if err == nil {
		err = next.begin()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := frozen.end(outcome{ending: settle.WorkerGone, fate: Fate{Died: true, Report: "pm"}}, false); err != nil {
		t.Fatal(err)
	}
	got, _, err := k.get(t.Context(), "m")
	if want := (record{Kills: 1, Postmortems: []string{"pm"}, Begun: 3}); err != nil || !cmp.Equal(got, want) {
		t.Errorf("the record is %+v, %v; want %+v", got, err, want)
	}
	k.forget("m")
	if _, err := next.end(outcome{ending: settle.Failed}, true); err != nil {
		t.Fatal(err)
	}
	if got, version, err := k.get(t.Context(), "m"); version != "" || err != nil {
		t.Errorf("the record of a message that somebody else has settled is there again: %+v, %v", got, err)
	}
}

// absent is a ledger that does not answer to who reads.
type absent struct{ ledger.Store }

func (absent) Get(context.Context, string) (ledger.Entry, error) {
	return ledger.Entry{}, &work.Unavailable{Err: errors.New("away")}
}

// Who runs beside others when a worker dies is no more than a suspect, as often as
// that may happen; and while the ledger is away, nobody knows who is one.
func TestOnlyADeathAloneIsASecondOne(t *testing.T) {
	store, err := file.Open(t.TempDir(), file.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	k := pasts{ledger: store.Ledger(), app: "app", queue: "jobs"}
	death := outcome{ending: settle.WorkerGone, fate: Fate{Died: true, Report: "pm"}}
	for i, row := range []struct {
		alone bool
		kills int
	}{{false, 1}, {false, 1}, {true, 2}} {
		p, err := k.recall(t.Context(), &queue.Message{ID: "m", Deliveries: int64(i + 1)})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.end(death, row.alone); err != nil || v.Kills != row.kills || len(v.Postmortems) != i+1 {
			t.Errorf("death %d, alone: %v: verdict %+v, %v; want %d kills", i+1, row.alone, v, err, row.kills)
		}
	}
	away := pasts{ledger: absent{store.Ledger()}, app: "app", queue: "jobs"}
	p, err := away.recall(t.Context(), &queue.Message{ID: "other", Deliveries: 2})
	if err == nil || !p.suspect() {
		t.Errorf("recall without a ledger = %v, suspect %v; want an error and a suspect", err, p.suspect())
	}
}
