package function_test

import (
	"math"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func TestNumbers(t *testing.T) {
	check(t, []row{
		{"the root of a negative number is null, not NaN", "sqrt", []any{-1}, "null"},
		{"nor has it a logarithm", "log", []any{-1.0}, "null"},
		{"of any base", "log10", []any{-1.0}, "null"},
		{"nor a number beyond 1 an arc sine", "asin", []any{1.5}, "null"},
		{"NaN stays NaN", "sqrt", []any{math.NaN()}, `"NaN"`},
		{"an int is widened", "abs", []any{short(-3)}, "3"},
		{"a real stays real", "abs", []any{-3.0}, "3.0"},
		{"a timespan", "abs", []any{span("-1h")}, `"01:00:00"`},
		{"a decimal", "abs", []any{dec("-0.1")}, "0.1"},
		{"a shift of 64 is none", "binary_shift_left", []any{3, 64}, "3"},
		{"a shift the other way is null", "binary_shift_left", []any{1, -1}, "null"},
		{"the sign goes with it", "binary_shift_right", []any{-8, 1}, "-4"},
		{"bits of a negative number", "bitset_count_ones", []any{-1}, "64"},
		{"nulls give way", "max_of", []any{null(schema.Long), 3}, "3"},
		{"the widest type", "min_of", []any{1, 2.5}, "1.0"},
		{"hexadecimal digits of 32 bits", "tohex", []any{short(-1)}, `"ffffffff"`},
		{"at least so many", "tohex", []any{255, 4}, `"00ff"`},
		{"never more than 16", "tohex", []any{255, 40}, `"00000000000000ff"`},
	})
}

func TestRounding(t *testing.T) {
	check(t, []row{
		{"halves go away from zero", "round", []any{-2.5}, "-3.0"},
		{"as they are written", "round", []any{1.005, 2}, "1.01"},
		{"before the point", "round", []any{1250, -2}, "1300"},
		{"an int stays one", "round", []any{short(7)}, "7"},
		{"bins go down below zero", "bin", []any{-1, 4}, "-4"},
		{"real bins", "bin", []any{4.7, 0.5}, "4.5"},
		{"a bin of nothing", "bin", []any{4, 0}, "null"},
		{"a bin below nothing", "bin", []any{4, -1}, "null"},
		{"a datetime", "bin", []any{at("2026-04-05T01:37:12Z"), span("5m")}, `"2026-04-05T01:35:00.0000000Z"`},
		{"days align to midnight", "bin", []any{at("2026-04-05T23:59:59Z"), span("1d")}, `"2026-04-05T00:00:00.0000000Z"`},
		{"a timespan below zero", "floor", []any{span("-1m"), span("1h")}, `"-01:00:00"`},
		{"from a fixed point", "bin_at", []any{10, 4, 1}, "9"},
		{"from one behind the value", "bin_at", []any{at("2026-04-05T01:00:00Z"), span("1d"), at("2026-04-09T12:00:00Z")}, `"2026-04-04T12:00:00.0000000Z"`},
		{"up", "ceiling", []any{-1.5}, "-1.0"},
	})
}
