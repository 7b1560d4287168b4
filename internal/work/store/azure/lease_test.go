package azure_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azqueue"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// other is another program's client of the same queues, without stanch.
func other(t testing.TB, rig *azurite.Rig, name string) *azqueue.QueueClient {
	t.Helper()
	c, err := azqueue.NewQueueClientFromConnectionString(rig.Connection(), name, nil)
	must(t, "client", err)
	return c
}

func receiptsAreFollowedThroughRenewals(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	_, err := s.Put(within(t), "jobs", []byte("x"))
	must(t, "Put", err)
	l := one(t, s, "jobs")
	seen := map[string]bool{l.Message().Receipt: true}
	first, visible := l.Message().Receipt, l.Message().Visible
	for range 3 {
		must(t, "Renew", l.Renew(within(t), 2*time.Minute))
		if seen[l.Message().Receipt] {
			t.Errorf("Renew left the receipt %q, want a new one", l.Message().Receipt)
		}
		seen[l.Message().Receipt] = true
	}
	if !l.Message().Visible.After(visible.Add(30 * time.Second)) {
		t.Errorf("after renewals for 2m it lapses at %v, before them at %v", l.Message().Visible, visible)
	}
	if _, err := other(t, rig, "jobs").DeleteMessage(within(t), l.Message().ID, first, nil); err == nil {
		t.Fatal("the first receipt still deletes the message: the test shows nothing")
	}
	must(t, "Done by the last receipt", l.Done(within(t)))
}

func aRenewalLeavesTheBodyAlone(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{Encoding: azure.Plain})
	body := " <a>&amp;\n\t\"é🙂\" ]]> " + strings.Repeat("y", 60<<10)
	_, err := s.Put(within(t), "jobs", []byte(body))
	must(t, "Put", err)
	l := one(t, s, "jobs")
	must(t, "Renew", l.Renew(within(t), time.Minute))
	must(t, "Return", l.Return(within(t), 0))
	if got := string(one(t, s, "jobs").Message().Body); got != body {
		t.Errorf("after a renewal and a return it is %.40q of %d bytes, want %.40q of %d", got, len(got), body, len(body))
	}
}

func aTextThatIsNotBase64ComesWithItsFault(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	q := other(t, rig, "jobs")
	_, err := q.Create(within(t), nil)
	must(t, "Create", err)
	for _, text := range []string{`{"a":1}`, "abc", "YWJj!", "====", "héllo"} {
		_, err := q.EnqueueMessage(within(t), text, nil)
		must(t, "put "+text, err)
		l := one(t, s, "jobs")
		if m := l.Message(); string(m.Body) != text || !strings.HasPrefix(m.Fault, "not base64: ") {
			t.Errorf("%q came as %q with fault %q, want itself and why", text, m.Body, m.Fault)
		}
		_, err = l.Move(within(t), "jobs-poison")
		must(t, "Move", err)
		moved := one(t, s, "jobs-poison")
		if m := moved.Message(); string(m.Body) != text || m.Fault == "" {
			t.Errorf("%q is in poison as %q with fault %q, want it as it was", text, m.Body, m.Fault)
		}
		must(t, "Done", moved.Done(within(t)))
	}
	_, err = q.EnqueueMessage(within(t), " "+base64.StdEncoding.EncodeToString([]byte("sound"))+"\n", nil)
	must(t, "put", err)
	if m := one(t, s, "jobs").Message(); string(m.Body) != "sound" || m.Fault != "" {
		t.Errorf("base64 between spaces came as %q with fault %q, want sound", m.Body, m.Fault)
	}
}

func anEmptyMessageIsOne(t *testing.T, rig *azurite.Rig) {
	for _, e := range []azure.Encoding{azure.Base64, azure.Plain} {
		s := open(t, rig.Connection(), azure.Options{Encoding: e})
		_, err := s.Put(within(t), "empty", nil)
		must(t, "Put", err)
		l := one(t, s, "empty")
		if m := l.Message(); len(m.Body) != 0 || m.Fault != "" || !m.Expires.IsZero() {
			t.Errorf("%s: nothing came as %q, fault %q, expires %v", e, m.Body, m.Fault, m.Expires)
		}
		must(t, "Done", l.Done(within(t)))
	}
}

func whatXMLCantHoldIsRefusedAtPut(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{Encoding: azure.Plain})
	for _, row := range []struct{ body, at string }{
		{"ab\x00", "byte 3"}, {"\x1b[0m", "byte 1"}, {"é\xff", "byte 3"}, {"a\r\n", "byte 2"}, {"\ufffe", "byte 1"},
	} {
		_, err := s.Put(within(t), "jobs", []byte(row.body))
		if err == nil || !strings.Contains(err.Error(), row.at) || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("Put(%q): %v, want a refusal that names %s", row.body, err, row.at)
		}
	}
	if all, err := s.Queues(within(t)); err != nil || len(all) != 0 {
		t.Errorf("Queues = %v, %v after refusals, want none", all, err)
	}
}

func aDoneWhoseAnswerGetsLostIsDoneAtTheSecondTry(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	_, err := s.Put(within(t), "jobs", []byte("x"))
	must(t, "Put", err)
	l := one(t, s, "jobs")
	p.dropNext()
	must(t, "Done", l.Done(within(t)))
	if d, err := s.Depth(within(t), "jobs"); err != nil || d.Total != 0 {
		t.Errorf("Depth = %+v, %v; want nothing", d, err)
	}
}

func aMessagePutOnceIsPutOnce(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	_, err := s.Put(within(t), "jobs", []byte("first"))
	must(t, "Put", err)
	p.dropNext()
	_, err = s.Put(within(t), "jobs", []byte("x"))
	down(t, "Put whose answer gets lost", err, 0)
	if d, err := s.Depth(within(t), "jobs"); err != nil || d.Total != 2 {
		t.Errorf("Depth = %+v, %v; want 2: the caller decides about a second try", d, err)
	}
}

func aMoveThatIsInterruptedIsInBothAndNeverInNone(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	count := func(name string) int64 {
		d, err := s.Depth(within(t), name)
		must(t, "Depth of "+name, err)
		return d.Total
	}
	put := func() queue.Lease {
		_, err := s.Put(within(t), "jobs", []byte("bad"))
		must(t, "Put", err)
		return one(t, s, "jobs")
	}

	l := put()
	p.set(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodDelete && status(503, "ServerBusy", "")(w, r)
	})
	_, err := l.Move(within(t), "poison")
	down(t, "Move whose delete fails", err, 0)
	p.set(nil)
	if a, b := count("jobs"), count("poison"); a != 1 || b != 1 {
		t.Errorf("it is %d times in jobs and %d times in poison, want both once", a, b)
	}
	id, err := l.Move(within(t), "poison")
	must(t, "Move again", err)
	if a, b := count("jobs"), count("poison"); a != 0 || b != 1 {
		t.Errorf("after a second try it is %d times in jobs and %d times in poison, want 0 and 1", a, b)
	}
	if m := one(t, s, "poison").Message(); m.ID != id {
		t.Errorf("Move returned %q, and in poison is %q", id, m.ID)
	}

	l = put()
	c := other(t, rig, "jobs")
	_, err = c.UpdateMessage(within(t), l.Message().ID, l.Message().Receipt, "eA==", nil) // somebody else has it now
	must(t, "Update", err)
	id, err = l.Move(within(t), "poison")
	is(t, "Move of a message that somebody else has", err, work.ErrLost)
	if a, b := count("jobs"), count("poison"); a != 1 || b != 2 || id == "" {
		t.Errorf("it is %d times in jobs and %d times in poison as %q, want 1 and 2", a, b, id)
	}
}

func aLeaseOfAQueueThatIsGoneIsLost(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	_, err := s.Put(within(t), "jobs", []byte("x"))
	must(t, "Put", err)
	l := one(t, s, "jobs")
	_, err = other(t, rig, "jobs").Delete(within(t), nil)
	must(t, "Delete", err)
	is(t, "Renew", l.Renew(within(t), time.Minute), work.ErrLost)
	is(t, "Return", l.Return(within(t), 0), work.ErrLost)
	is(t, "Done", l.Done(within(t)), work.ErrLost)
}

func depthTellsWhatItCan(t *testing.T, rig *azurite.Rig) {
	s := open(t, rig.Connection(), azure.Options{})
	for range 40 {
		_, err := s.Put(within(t), "jobs", []byte("x"))
		must(t, "Put", err)
	}
	if d, err := s.Depth(within(t), "jobs"); err != nil || d.Total != 40 || d.Leased != -1 {
		t.Errorf("Depth = %+v, %v; want 40 and, as 32 can be seen at most, -1 leased", d, err)
	}
	all, err := s.Lease(within(t), "jobs", queue.Ask{Max: 9, Hold: time.Minute})
	must(t, "Lease", err)
	if d, err := s.Depth(within(t), "jobs"); err != nil || d.Total != 40 || d.Leased != int64(len(all)) {
		t.Errorf("Depth = %+v, %v; want 40, %d leased", d, err, len(all))
	}
	if _, err := s.Lease(within(t), "jobs", queue.Ask{Max: 1, Hold: 8 * 24 * time.Hour}); err == nil || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("Lease for eight days: %v, want a refusal", err)
	}
}
