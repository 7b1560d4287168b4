package main

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
)

const lintLike = `version: 1
name: leak
hypothesis: {claim: It leaks., smallest-effect: 16KiB}
subject: {variants: {worker: {command: [cat]}}, memory: 1GiB}
load: {streams: {tick: {arrivals: even, http: [{get: /}]}}}
phases:
  - {name: before, for: 2m, load: {tick: 1/s}}
  - {name: load, for: 8m, load: {tick: 20/s}}
proof: [{id: grows, test: slope, window: load, series: used, per: request, above: 16KiB}]
disproof: [{id: flat, test: equivalence, window: load, series: used, per: request, within: 16KiB}]
`

// wobbling writes a bundle of one run whose memory moves by so much, around a leak.
func wobbling(t *testing.T, moves float64) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	began := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	w, err := bundle.Create(dir, []byte(lintLike), lab.Manifest{Name: "leak", Started: began})
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.Run(1)
	if err != nil {
		t.Fatal(err)
	}
	record := lab.Record{
		Number: 1, Role: "trial", Variant: "worker", Round: 1, Order: 1, Began: began, Finished: true,
		Spans: []lab.Span{{Name: "before", From: 0, To: 120}, {Name: "load", From: 120, To: 600}},
	}
	if err := r.Begin(record); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for at := 0.0; at < 600; at += 0.5 {
		s := lab.Sample{At: at, Generation: 1, Limit: 1 << 30}
		for i := range s.Values {
			s.Values[i] = math.Round(1e8 + 100*at + moves*rng.NormFloat64())
		}
		r.Sample(s)
	}
	if err := r.Close(record); err != nil {
		t.Fatal(err)
	}
	if err := w.Seal(lab.Complete, "", began.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What lint tells from an earlier run follows its noise, and not its leak.
func TestLintTakesNoiseFromAnEarlierRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "experiment.yaml")
	if err := os.WriteFile(file, []byte(lintLike), 0o644); err != nil {
		t.Fatal(err)
	}
	tells := func(moves float64) float64 {
		like := wobbling(t, moves)
		var out, errs bytes.Buffer
		if code := run(t.Context(), world{[]string{"lab", "lint", file, "--json", "--like", like}, nil, os.Stdin, &out, &errs}); code != exitOK {
			t.Fatalf("lab lint --like gives %d: %s", code, &errs)
		}
		var told struct {
			Supposed string
			Sights   []labSight `json:"could_tell"`
		}
		if err := json.Unmarshal(out.Bytes(), &told); err != nil {
			t.Fatal(err)
		}
		if told.Supposed != "memory moves as it did in "+like {
			t.Errorf("lint supposes that %s, want the bundle in it", told.Supposed)
		}
		grows := told.Sights[0]
		if grows.ID != "grows" || grows.NoiseFrom != "load" {
			t.Fatalf("the first criterion is %+v, want grows with the noise of load", grows)
		}
		return float64(grows.Tells)
	}
	quiet, loud := tells(10_000), tells(1_000_000)
	if ratio := loud / quiet; math.Abs(ratio-100) > 1 {
		t.Errorf("in noise 100 times as loud growth of %v B can be told, and of %v before: want 100 times as much", loud, quiet)
	}
}
