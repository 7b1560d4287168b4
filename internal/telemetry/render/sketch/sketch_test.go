package sketch_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
	"github.com/stanch-dev/stanch/internal/telemetry/render/sketch"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAFigureLooksAsItDidWhenItWasLookedAt(t *testing.T) {
	start := float64(value.Ticks(value.Time(value.Epoch))-value.Epoch) + 1775352600 // 2026-04-05T01:30:00Z
	var memory, codes figure.Series
	memory.Name, codes.Name = "w1", "503"
	for i := range 120 {
		memory.X = append(memory.X, start+float64(i*60))
		memory.Y = append(memory.Y, float64(180<<20)+float64(i%45)*float64(9<<20)+3e6*math.Sin(float64(i)))
	}
	for i := range 6 {
		codes.X = append(codes.X, start+float64(i*3600))
		codes.Y = append(codes.Y, float64(40*i*i+3))
	}
	ok := figure.Series{Name: "200", X: codes.X, Y: []float64{900, 880, 700, 500, 200, 20}}
	names := []string{"GET /", "GET /orders/{id}", "POST /orders\x1b[31m"}
	values := figure.Series{Name: "p95", X: []float64{0, 1, 2}, Y: []float64{12.5, 318, 1200}}
	for name, f := range map[string]*figure.Figure{
		"lines":   {Kind: figure.Lines, Title: "Memory", X: figure.Axis{Scale: figure.Moments}, Y: figure.Axis{Unit: figure.Bytes}, Series: []figure.Series{memory}, Legend: true},
		"columns": {Kind: figure.Columns, Stack: figure.Stacked, X: figure.Axis{Scale: figure.Moments}, Series: []figure.Series{ok, codes}, Legend: true},
		"bars":    {Kind: figure.Bars, X: figure.Axis{Scale: figure.Names}, Y: figure.Axis{Title: "p95", Unit: figure.Milliseconds}, Categories: names, Series: []figure.Series{values}, Notes: []string{"the first 3 of 9 are drawn"}},
		"pie":     {Kind: figure.Pie, Title: "Shares", X: figure.Axis{Scale: figure.Names}, Categories: names, Series: []figure.Series{values}},
		"cards":   {Kind: figure.Cards, Series: []figure.Series{{Name: "requests", Y: []float64{1284001}}, {Name: "p95_duration", Y: []float64{318}}, {Name: "none"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			if err := sketch.Draw(&got, tabular.Terminal{Width: 80}, f); err != nil {
				t.Fatalf("Draw: %v", err)
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("Draw(%s): -want +got\n%s", name, diff)
			}
		})
	}
}
