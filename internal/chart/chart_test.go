package chart_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/chart"
)

var update = flag.Bool("update", false, "write the golden files anew")

func size(v float64) string { return bytesize.Size(v).String() }

func ago(v float64) string {
	if v == 0 {
		return "now"
	}
	return strings.Replace((time.Duration(v) * time.Second).String(), "m0s", "m", 1)
}

// sawtooth is a leaking worker that is replaced twice.
func sawtooth() (s chart.Series) {
	s.Name = "used"
	for i := range 300 {
		s.X = append(s.X, float64(i-300))
		s.Y = append(s.Y, float64(60<<20)+float64(i%110)*float64(1600<<10)+3e6*math.Sin(float64(i)/3))
	}
	return s
}

func TestAChartLooksAsItDidWhenItWasLookedAt(t *testing.T) {
	limits := []chart.HLine{{Y: 256 << 20, Label: "limit"}, {Y: 230 << 20, Label: "critical"}}
	self := chart.Series{Name: "stanch", X: []float64{-300, -200, 0}, Y: []float64{12 << 20, 18 << 20, 18 << 20}}
	gap := sawtooth()
	for i := range 60 {
		gap.Y[120+i] = math.NaN()
	}
	var fine chart.Series
	for i := range 100_000 {
		fine.X, fine.Y = append(fine.X, float64(i)), append(fine.Y, 1+math.Mod(float64(i)*0.37, 1))
	}
	fine.Y[77_777] = 40
	marks := []chart.Mark{{X: -190, Label: "replaced"}, {X: -80, Label: "replaced"}, {X: -78, Label: "gate shut"}, {X: -2, Label: "frozen"}, {X: 999, Label: "outside"}}
	for _, test := range []struct {
		name   string
		opt    chart.Options
		series []chart.Series
	}{
		{"memory", chart.Options{Title: "Memory of worker w1", Unit: size, XUnit: ago, Lines: limits, Marks: marks}, []chart.Series{sawtooth(), self}},
		{"color", chart.Options{Title: "Memory of worker w1", Unit: size, XUnit: ago, Lines: limits, Marks: marks, Color: true}, []chart.Series{sawtooth(), self}},
		{"ascii", chart.Options{Title: "Memory of worker w1", Unit: size, XUnit: ago, Lines: limits, Marks: marks, ASCII: true}, []chart.Series{sawtooth(), self}},
		{"narrow", chart.Options{Width: 40, Height: 6, Unit: size, XUnit: ago, Lines: limits}, []chart.Series{sawtooth()}},
		{"gap", chart.Options{Height: 8, Unit: size, XUnit: ago}, []chart.Series{gap}},
		{"spike", chart.Options{Height: 8}, []chart.Series{fine}},
		{"constant", chart.Options{Height: 5}, []chart.Series{{X: []float64{0, 1, 2}, Y: []float64{7, 7, 7}}}},
		{"zero", chart.Options{Height: 5}, []chart.Series{{X: []float64{0, 1, 2}, Y: []float64{0, 0, 0}}}},
		{"negative", chart.Options{Height: 8}, []chart.Series{{X: []float64{0, 1, 2, 3}, Y: []float64{-5, 5, -3, 2}}}},
		{"point", chart.Options{Height: 5}, []chart.Series{{X: []float64{3}, Y: []float64{4}}}},
		{"empty", chart.Options{Title: "Memory"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := chart.Line(&got, test.opt, test.series...); err != nil {
				t.Fatalf("Line: %v", err)
			}
			golden := filepath.Join("testdata", test.name+".txt")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("Line(%s): -want +got\n%s", test.name, diff)
			}
		})
	}
}

func TestOneHighPointAmongManyReachesTheTop(t *testing.T) {
	for _, n := range []int{1000, 100_000} {
		for _, at := range []int{1, n / 3, n - 2} {
			s := chart.Series{X: make([]float64, n), Y: make([]float64, n)}
			for i := range n {
				s.X[i] = float64(i)
			}
			s.Y[at] = 100
			var out bytes.Buffer
			if err := chart.Line(&out, chart.Options{Width: 60, Height: 4}, s); err != nil {
				t.Fatal(err)
			}
			top, _, _ := strings.Cut(out.String(), "\n")
			if plot := top[strings.IndexAny(top, "┤│"):]; strings.Trim(plot, "┤│ ") == "" {
				t.Errorf("Line of %d points, with 100 at %d and else 0: the top row is empty:\n%s", n, at, out.String())
			}
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("broken pipe")

func TestAWritersErrorIsReturned(t *testing.T) {
	if err := chart.Line(brokenPipe{}, chart.Options{}, sawtooth()); !errors.Is(err, errBroken) {
		t.Errorf("Line to a broken pipe: %v, want %v", err, errBroken)
	}
}

// Whatever the input, a chart stays within its width and ends.
func FuzzLineStaysWithinItsWidth(f *testing.F) {
	f.Add(0.0, 1.0, 2.0, 3.0, 60, 8, "limit", true)
	f.Add(math.NaN(), math.Inf(1), -1e308, 1e308, 1, 0, "", false)
	f.Add(1e-320, 2e-320, 5e-324, 0.0, 3000, 200, "very long label indeed, longer than a third", true)
	f.Add(1e15, 1e15+0.5, 1e15, 1e15+1, 80, 12, "a", false)
	f.Fuzz(func(t *testing.T, a, b, c, d float64, columns, rows int, label string, ascii bool) {
		if !utf8.ValidString(label) || strings.ContainsAny(label, "\r\n\v\f\u0085\u2028\u2029") {
			t.Skip("a label is one line of text")
		}
		columns, rows = columns%500, rows%100
		var out bytes.Buffer
		err := chart.Line(&out, chart.Options{
			Width: columns, Height: rows, ASCII: ascii,
			Unit:  func(v float64) string { return fmt.Sprintf("%.3g", v) },
			XUnit: func(v float64) string { return fmt.Sprintf("%.3g", v) },
			Lines: []chart.HLine{{Y: b, Label: label}}, Marks: []chart.Mark{{X: c, Label: label}},
		}, chart.Series{X: []float64{a, b, c}, Y: []float64{b, c, d}}, chart.Series{X: []float64{d}, Y: []float64{a, b}})
		if err != nil {
			t.Fatalf("Line: %v", err)
		}
		most := max(columns, 30)
		if columns == 0 {
			most = 80
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > most {
				t.Errorf("Line of width %d: a line has %d columns: %q", columns, n, line)
			}
		}
	})
}
