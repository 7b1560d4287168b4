package record

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatAWorkerSaysIsTwoToFiveNumbers(t *testing.T) {
	for _, row := range []struct {
		line string
		want words
		ok   bool
	}{
		{"10 4096", words{requests: 10, leaked: 4096}, true},
		{"10 4096 3 100 200", words{10, 4096, 3, 100, 200}, true},
		{"10", words{}, false},
		{"10 4096 3 100 200 7", words{}, false},
		{"Traceback (most recent call last):", words{}, false},
	} {
		got, err := parse(row.line)
		if (err == nil) != row.ok || row.ok && got != row.want {
			t.Errorf("parse(%q) = %+v, %v; want %+v, ok %t", row.line, got, err, row.want, row.ok)
		}
	}
}

func TestAProcessIsLookedAt(t *testing.T) {
	s, ok := look(os.Getpid())
	if !ok || s.Bytes < 1<<20 || s.Threads < 1 || s.FDs < 3 {
		t.Errorf("look(own pid) = %+v, %t; want a process with memory, threads and descriptors", s, ok)
	}
	if _, ok := look(1 << 30); ok {
		t.Error("look found a process that there is not")
	}
}

func TestEverySubjectHasANameOfItsOwn(t *testing.T) {
	seen := map[string]int{}
	for _, s := range Subjects() {
		seen[s.Lang+"-"+s.Mechanism]++
	}
	for name, n := range seen {
		if n > 1 {
			t.Errorf("%d subjects are called %s", n, name)
		}
	}
	langs := map[string]bool{}
	for _, s := range Subjects() {
		langs[s.Lang] = true
	}
	if diff := cmp.Diff(map[string]bool{"python": true, "node": true, "c": true, "go": true}, langs); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
}
