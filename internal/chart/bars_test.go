package chart_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/chart"
)

func TestBarsLookAsTheyDidWhenTheyWereLookedAt(t *testing.T) {
	codes := []chart.Bar{{"GET /orders/{id}", []float64{1200, 40, 3}}, {"POST /orders", []float64{310, 90, 220}}, {"GET /health", []float64{12, 0, 0}}}
	for _, test := range []struct {
		name    string
		opt     chart.Options
		names   []string
		stacked bool
		bars    []chart.Bar
	}{
		{"bars", chart.Options{Width: 60, Title: "p95 by operation"}, nil, false, []chart.Bar{{"GET /", []float64{12.5}}, {"GET /orders/{id}", []float64{536}}, {"POST /reports", []float64{1191}}, {"none", []float64{math.NaN()}}}},
		{"bars_grouped", chart.Options{Width: 60}, []string{"200", "404", "500"}, false, codes},
		{"bars_stacked", chart.Options{Width: 60}, []string{"200", "404", "500"}, true, codes},
		{"bars_color", chart.Options{Width: 60, Color: true}, []string{"200", "404", "500"}, true, codes},
		{"bars_ascii", chart.Options{Width: 60, ASCII: true}, []string{"200", "404", "500"}, false, codes},
		{"bars_negative", chart.Options{Width: 60}, nil, false, []chart.Bar{{"grew", []float64{30}}, {"shrank", []float64{-12}}, {"same", []float64{0}}}},
		{"bars_empty", chart.Options{Title: "Nothing"}, nil, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got bytes.Buffer
			if err := chart.Bars(&got, test.opt, test.names, test.stacked, test.bars...); err != nil {
				t.Fatalf("Bars: %v", err)
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
				t.Errorf("Bars(%s): -want +got\n%s", test.name, diff)
			}
		})
	}
}

func FuzzBarsStayWithinTheirWidth(f *testing.F) {
	f.Add(1.0, -2.0, 3.0, 60, "label", true)
	f.Add(math.MaxFloat64, -math.MaxFloat64, math.Inf(1), 0, "a very long label that is longer than the chart", false)
	f.Add(5e-324, math.NaN(), 0.0, 31, "", true)
	f.Fuzz(func(t *testing.T, a, b, c float64, columns int, label string, stacked bool) {
		if !utf8.ValidString(label) || strings.ContainsAny(label, "\r\n\v\f\u0085\u2028\u2029") {
			t.Skip("a label is one line of text")
		}
		columns %= 300
		var out bytes.Buffer
		opt := chart.Options{Width: columns, Unit: func(v float64) string { return fmt.Sprintf("%.3g", v) }}
		if err := chart.Bars(&out, opt, []string{label, label, "x"}, stacked, chart.Bar{label, []float64{a, b}}, chart.Bar{"x", []float64{c}}); err != nil {
			t.Fatalf("Bars: %v", err)
		}
		most := max(columns, 30)
		if columns == 0 {
			most = 80
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > most {
				t.Errorf("Bars of width %d: a line has %d columns: %q", columns, n, line)
			}
		}
	})
}
