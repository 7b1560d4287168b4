package function_test

import (
	"math"
	"testing"
)

func TestSizes(t *testing.T) {
	check(t, []row{
		{"below 1024", "format_bytes", []any{1023}, `"1023 Bytes"`},
		{"at 1024", "format_bytes", []any{1024}, `"1 KB"`},
		{"rounded", "format_bytes", []any{1536}, `"2 KB"`},
		{"to digits", "format_bytes", []any{1610612736, 2}, `"1.5 GB"`},
		{"more digits", "format_bytes", []any{20000000, 2}, `"19.07 MB"`},
		{"in a unit", "format_bytes", []any{1610612736, 0, "MB"}, `"1536 MB"`},
		{"an empty unit is none", "format_bytes", []any{2048, 0, ""}, `"2 KB"`},
		{"below zero", "format_bytes", []any{-2048}, `"-2 KB"`},
		{"the most", "format_bytes", []any{1e21}, `"867 EB"`},
		{"no number", "format_bytes", []any{math.NaN()}, "null"},
	})
	checkRefused(t, []row{
		{"another unit", "format_bytes", []any{1, 0, "MiB"}, `there is no unit "MiB"; Bytes, KB, MB, GB, TB, PB, EB are`},
	})
}
