package corpus_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/bench/traces/corpus"
	"github.com/stanch-dev/stanch/bench/traces/synth"
)

func labels(t *testing.T) []synth.Label {
	t.Helper()
	all, err := corpus.Labels()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEveryFileIsTheOneThatWasLabelled(t *testing.T) {
	size := 0
	want := map[string]bool{}
	for _, l := range labels(t) {
		packed, err := corpus.Packed(l.ID)
		if err != nil {
			t.Error(err)
			continue
		}
		size += len(packed)
		want[l.ID+".csv.gz"] = true
		sum := sha256.Sum256(packed)
		if got := hex.EncodeToString(sum[:]); got != l.SHA256 {
			t.Errorf("%s: its digest is %s, and labels.json says %s", l.ID, got, l.SHA256)
		}
	}
	if size > 8<<20 {
		t.Errorf("the corpus takes %d bytes, want at most 8 MiB", size)
	}
	got := map[string]bool{}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".gz") {
			got[e.Name()] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files beside labels.json (-labelled +there):\n%s", diff)
	}
}

func TestEveryLabelSaysWhatIsTrue(t *testing.T) {
	langs := map[string][2]int{}
	seen := map[string]bool{}
	for _, l := range labels(t) {
		if seen[l.ID] {
			t.Errorf("two traces are called %s", l.ID)
		}
		seen[l.ID] = true
		n := langs[l.Lang]
		if l.Clean {
			n[0]++
		} else {
			n[1]++
		}
		langs[l.Lang] = n
		if l.Source != "recorded" || l.License == "" || l.Mechanism == "" || l.Limit <= 0 || l.End <= 0 {
			t.Errorf("%s: its label lacks something: %+v", l.ID, l)
		}
		if leaks := l.Rate.PerSecond > 0; leaks == l.Clean || leaks != (l.Driver != "") {
			t.Errorf("%s: clean %t, driver %q and %g bytes a second do not go together", l.ID, l.Clean, l.Driver, l.Rate.PerSecond)
		}
	}
	for _, lang := range []string{"python", "node", "go", "java", "c"} {
		if n := langs[lang]; n[0] == 0 || n[1] == 0 {
			t.Errorf("in %s there are %d clean traces and %d that leak, want some of both", lang, n[0], n[1])
		}
	}
}

func TestEveryTraceLoadsAndFitsItsLabel(t *testing.T) {
	for _, l := range labels(t) {
		samples, err := corpus.Read(l.ID, 1)
		if err != nil {
			t.Error(err)
			continue
		}
		first, last := samples[0], samples[len(samples)-1]
		if math.Abs(last.At.Seconds()-l.End) > 0.01 || first.Limit != l.Limit {
			t.Errorf("%s: ends at %g s with a limit of %d, and its label says %g s and %d", l.ID, last.At.Seconds(), first.Limit, l.End, l.Limit)
		}
		if last.Requests == 0 {
			t.Errorf("%s: nothing was asked of the worker", l.ID)
		}
		restarts := 0
		for i, s := range samples {
			if s.Bytes <= 0 || s.Bytes > s.Limit {
				t.Fatalf("%s: sample %d has %d bytes of %d", l.ID, i, s.Bytes, s.Limit)
			}
			if i > 0 && s.Generation != samples[i-1].Generation {
				restarts++
			}
		}
		told := 0
		for _, e := range l.Events {
			if e.Kind == "restart" {
				told++
			}
		}
		if restarts != told {
			t.Errorf("%s: has %d restarts, and its label tells %d", l.ID, restarts, told)
		}
		// Memory has to have grown by what leaked, give or take what else a process does.
		if l.Clean || told > 0 {
			continue
		}
		leaked, grew := l.Rate.PerSecond*l.End, float64(last.Bytes-first.Bytes)
		if grew < 0.5*leaked || grew > 4*leaked+64<<20 {
			t.Errorf("%s: grew by %.0f bytes, and says that it leaked %.0f", l.ID, grew, leaked)
		}
	}
}

func TestStretchingATraceChangesTimeAlone(t *testing.T) {
	l := labels(t)[0]
	plain, err := corpus.Read(l.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	long, err := corpus.Read(l.ID, 6)
	if err != nil {
		t.Fatal(err)
	}
	for i := range long {
		if long[i].At != 6*plain[i].At || long[i].Bytes != plain[i].Bytes {
			t.Fatalf("sample %d: stretched 6 times it is %+v, of %+v", i, long[i], plain[i])
		}
	}
	if got, want := corpus.Stretched(l, 6), l.Rate.PerSecond*l.End; math.Abs(got.Rate.PerSecond*got.End-want) > 1e-6*want {
		t.Errorf("Stretched: leaks %g bytes in all, want %g", got.Rate.PerSecond*got.End, want)
	}
}
