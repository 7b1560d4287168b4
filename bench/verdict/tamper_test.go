package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
)

// aBundle is a sealed one of two runs, with all files that a real one has.
func aBundle(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	began := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	w, err := bundle.Create(dir, []byte("version: 1\nname: tried\nseed: 42\n"), lab.Manifest{Name: "tried", Stanch: "<test>", Started: began})
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= 2; number++ {
		r, err := w.Run(number)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			s := lab.Sample{At: float64(i) / 20, Generation: 1, Limit: 1 << 28, Stolen: math.NaN()}
			for v := range s.Values {
				s.Values[v] = float64(number*1000 + 37*i + v)
			}
			r.Sample(s)
			r.Sent(lab.Sent{Due: s.At, At: s.At, Done: s.At + 0.01, Stream: "work", Number: int64(i + 1), Status: 200, Request: true})
		}
		r.Event(lab.Event{At: 0, Kind: lab.EventPhase, Text: "load"})
		for name, text := range map[string]string{r.Log(): "a line\nanother\n", filepath.Join(r.Telemetry(), "requests"): "rows 1 2 3\n"} {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Close(lab.Record{Number: number, Role: "trial", Variant: "a", Round: number, Order: 1, Began: began, Spans: []lab.Span{{Name: "load", To: 1}}, Finished: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range derived() {
		if err := w.Put(name, []byte("{\n \"outcome\": \"supported\",\n \"n\": 17\n}\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Seal(lab.Complete, "", began.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// looked is what is wrong with a bundle by its sums.
func looked(dir string) string {
	b, err := bundle.Open(dir)
	if err != nil {
		return err.Error()
	}
	wrong, err := b.Check()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(wrong)
}

const fine = "[]"

func TestABundleThatIsSealedAnewIsAsItWas(t *testing.T) {
	dir := aBundle(t)
	if err := forgeable(dir); err != nil {
		t.Error(err)
	}
	if got := looked(dir); got != fine {
		t.Errorf("Check of a bundle that was sealed anew finds %s, want nothing", got)
	}
}

// What a trick does is seen by sums, unless all of them are made anew; then none is wrong.
func TestEachTrickDoesWhatItSays(t *testing.T) {
	for _, one := range append(tricks(), forgeries()...) {
		for seed := range uint64(3) {
			dir := aBundle(t)
			what, err := one.do(dir, rand.New(rand.NewPCG(seed, 1)))
			if err != nil {
				t.Fatalf("%s: %v", one.kind, err)
			}
			if got := looked(dir); got == fine {
				t.Errorf("%s, seed %d: Check finds nothing after %s was changed", one.kind, seed, what)
			}
			if !one.seal {
				continue
			}
			if err := reseal(dir); err != nil {
				t.Fatalf("%s: %v", one.kind, err)
			}
			if got := looked(dir); got != fine {
				t.Errorf("%s, seed %d: all sums are new, and Check finds %s", one.kind, seed, got)
			}
		}
	}
}
