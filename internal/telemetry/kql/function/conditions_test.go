package function_test

import (
	"math"
	"testing"
)

func TestConditions(t *testing.T) {
	check(t, []row{
		{"both ends are in", "around", []any{15, 10, 5}, "true"},
		{"beyond the end", "around", []any{16, 10, 5}, "false"},
		{"no overflow", "around", []any{math.MaxInt64, math.MinInt64, 5}, "false"},
		{"a moment", "around", []any{at("2026-04-05T01:00:00Z"), at("2026-04-05T01:01:00Z"), span("1m")}, "true"},
		{"reals", "around", []any{1.5, 1, 0.25}, "false"},
		{"a distance below zero", "around", []any{10, 10, -1}, "false"},
		{"an assertion that holds", "assert", []any{true, "never said"}, "true"},
	})
	checkRefused(t, []row{
		{"an assertion that does not hold", "assert", []any{false, "too few"}, "it has failed with message: 'too few'"},
		{"one that depends on a row", "assert", []any{column{true}, "x"}, "the condition and the message are to be constants"},
	})
}
