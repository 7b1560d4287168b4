package stats_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stanch-dev/stanch/internal/stats"
)

func TestStudentsQuantilesAreThoseOfTheTables(t *testing.T) {
	for _, row := range []struct {
		p, df, want float64
		why         string
	}{
		{0.975, 1, 12.7062, "the widest"},
		{0.975, 5, 2.5706, "six rounds"},
		{0.999, 7, 4.7853, "far out"},
		{0.95, 40, 1.6839, "many degrees"},
		{0.975, 120, 1.97993, "the last row of most tables"},
		{0.975, 1000, 1.96234, "beyond the sum"},
		{0.975, math.Inf(1), 1.95996, "the normal distribution"},
		{0.025, 5, -2.5706, "the other side"},
		{0.5, 3, 0, "the middle"},
		{0.975, 0.3, 12.7062, "less than one degree counts as one"},
	} {
		if got := stats.Student(row.p, row.df); math.Abs(got-row.want) > 1e-4*max(1, math.Abs(row.want)) {
			t.Errorf("Student(%v, %v) = %.5f, want %.5f: %s", row.p, row.df, got, row.want, row.why)
		}
	}
	if got := stats.Student(0.975, 4.5); got <= stats.Student(0.975, 5) || got >= stats.Student(0.975, 4) {
		t.Errorf("Student(0.975, 4.5) = %v, want it between those of 4 and 5", got)
	}
	for _, p := range []float64{0, 1, -1, math.NaN()} {
		if got := stats.Student(p, 5); !math.IsNaN(got) {
			t.Errorf("Student(%v, 5) = %v, want NaN: there is no such probability", p, got)
		}
	}
}

func TestAQuantileIsWhereItsProbabilityLies(t *testing.T) {
	for _, df := range []int{1, 2, 3, 8, 39, 200, 201, 5000} {
		for _, p := range []float64{0.001, 0.3, 0.5, 0.9, 0.975, 0.9999} {
			if got := stats.StudentBelow(stats.Student(p, float64(df)), df); math.Abs(got-p) > 2e-5 {
				t.Errorf("StudentBelow(Student(%v, %d)) = %v, want %v", p, df, got, p)
			}
		}
	}
}

func TestAnIntervalPrintsWhatIsUnknownAsNull(t *testing.T) {
	got, err := json.Marshal(stats.Interval{Lo: -1, Mid: math.NaN(), Hi: math.Inf(1)})
	if want := `{"lo":-1,"mid":null,"hi":null}`; err != nil || string(got) != want {
		t.Errorf("Marshal = %s, %v, want %s", got, err, want)
	}
}
