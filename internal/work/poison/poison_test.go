package poison_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

func open(t *testing.T) ledger.Store {
	t.Helper()
	s, err := file.Open(t.TempDir(), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Ledger()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func notes(t *testing.T, l ledger.Store, queue string) (all []poison.Note) {
	t.Helper()
	for n, err := range poison.Each(t.Context(), l, queue) {
		must(t, err)
		all = append(all, n)
	}
	return all
}

func TestANoteIsKeptUntilItIsDeleted(t *testing.T) {
	l, ctx := open(t), t.Context()
	at := time.Date(2026, 11, 21, 2, 33, 0, 0, time.UTC)
	first := poison.Note{Queue: "orders-poison", ID: "a/../b=", Why: "tried five times", At: at}
	second := poison.Note{Queue: "orders-poison", ID: "a/../b=", Why: "killed its worker twice", At: at, Postmortem: "20261121T0233", Function: "Resize", Deliveries: 2}
	other := poison.Note{Queue: "orders-poison-2", ID: "1", Why: "no JSON", At: at}
	for _, n := range []poison.Note{first, second, other} {
		must(t, poison.Write(ctx, l, n))
	}
	if diff := cmp.Diff([]poison.Note{second}, notes(t, l, "orders-poison")); diff != "" {
		t.Errorf("Each (-want +got):\n%s", diff)
	}
	got, err := poison.Get(ctx, l, second.Queue, second.ID)
	if diff := cmp.Diff(second, got); diff != "" || err != nil {
		t.Errorf("Get: %v (-want +got):\n%s", err, diff)
	}
	for range 2 { // the second time there is none
		must(t, poison.Delete(ctx, l, second.Queue, second.ID))
	}
	if _, err := poison.Get(ctx, l, second.Queue, second.ID); !errors.Is(err, work.ErrAbsent) {
		t.Errorf("Get after Delete: error %v, want %v", err, work.ErrAbsent)
	}
	if got := notes(t, l, "orders-poison-2"); len(got) != 1 {
		t.Errorf("the other queue has %d notes, want 1", len(got))
	}
}

func TestALongReasonIsCut(t *testing.T) {
	l, ctx := open(t), t.Context()
	must(t, poison.Write(ctx, l, poison.Note{Queue: "orders", ID: "1", Why: strings.Repeat("\x01ü", 20000)}))
	got, err := poison.Get(ctx, l, "orders", "1")
	if err != nil || len(got.Why) > 5000 || !strings.HasSuffix(got.Why, "ü…") && !strings.HasSuffix(got.Why, "\x01…") {
		t.Errorf("Get = a reason of %d bytes, %v; want one of about 4096 that ends in …", len(got.Why), err)
	}
}

func TestASpoiltNoteHidesNoOther(t *testing.T) {
	l, ctx := open(t), t.Context()
	for key, value := range map[string]string{"poison/orders/1": "{", "poison/orders/x=zz": "{}"} {
		if _, err := l.Put(ctx, key, []byte(value), ""); err != nil {
			t.Fatal(err)
		}
	}
	must(t, poison.Write(ctx, l, poison.Note{Queue: "orders", ID: "2", Why: "good"}))
	var whys []string
	for _, n := range notes(t, l, "orders") {
		whys = append(whys, n.ID+" "+n.Why)
	}
	if diff := cmp.Diff([]string{"1 the note can't be read", "2 good"}, whys); diff != "" {
		t.Errorf("Each (-want +got):\n%s", diff)
	}
}
