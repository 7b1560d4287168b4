package record

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAWorkerAnswersThreeNumbers(t *testing.T) {
	for _, row := range []struct {
		text string
		want [3]int64
		ok   bool
	}{
		{"10 4096 3", [3]int64{10, 4096, 3}, true},
		{"10 4096", [3]int64{}, false},
		{"10 4096 3 4", [3]int64{}, false},
		{"unknown mechanism at all", [3]int64{}, false},
		{"a b c", [3]int64{}, false},
	} {
		got, err := parse(row.text)
		if (err == nil) != row.ok || row.ok && got != row.want {
			t.Errorf("parse(%q) = %v, %v; want %v, ok %t", row.text, got, err, row.want, row.ok)
		}
	}
}

func TestEverySubjectHasANameOfItsOwn(t *testing.T) {
	seen, langs := map[string]int{}, map[string]bool{}
	for _, s := range Subjects() {
		seen[s.ID()]++
		langs[s.Lang] = true
		if s.Clean == (s.Driver != "") {
			t.Errorf("%s: clean %t and driver %q do not go together", s.ID(), s.Clean, s.Driver)
		}
	}
	for name, n := range seen {
		if n > 1 {
			t.Errorf("%d subjects are called %s", n, name)
		}
	}
	if diff := cmp.Diff(map[string]bool{"python": true, "node": true, "c": true, "go": true, "java": true}, langs); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
}

func TestAShapeComesAroundToItsRate(t *testing.T) {
	for _, row := range []struct {
		shape Shape
		least float64
		most  float64
		mean  float64 // over 40 minutes, which all periods divide
	}{
		{Flat, 1, 1, 1},
		{Wave, 0.25, 1.75, 1},
		{Bursts, 1, 5, 1.4},
		{Idle, 0, 1, 0.625},
	} {
		sum, least, most := 0.0, 9.0, 0.0
		const seconds = 2400
		for s := range seconds {
			factor := row.shape.factor(time.Duration(s) * time.Second)
			sum, least, most = sum+factor, min(least, factor), max(most, factor)
		}
		if diff := cmp.Diff([]float64{row.least, row.most, row.mean}, []float64{least, most, sum / seconds}, roughly()); diff != "" {
			t.Errorf("shape %q: least, most and mean (-want +got):\n%s", row.shape, diff)
		}
	}
}

func roughly() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a-b < 0.01 && b-a < 0.01 })
}

func FuzzAnAnswerThatIsTakenSaysTheSameAgain(f *testing.F) {
	for _, text := range []string{"1 2 3", " 10\t4096 0\n", "-1 0 9223372036854775807", "1 2", "a b c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		said, err := parse(text)
		if err != nil {
			return
		}
		again, err := parse(fmt.Sprint(said[0], said[1], said[2]))
		if err != nil || again != said {
			t.Errorf("parse(%q) = %v, and read from its own numbers %v, %v", text, said, again, err)
		}
	})
}
