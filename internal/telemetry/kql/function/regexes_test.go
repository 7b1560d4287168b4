package function_test

import "testing"

func TestPlacesOfMatches(t *testing.T) {
	check(t, []row{
		{"by expression", "indexof_regex", []any{"a1b22", `\d+`, 2}, "3"},
		{"a second match", "indexof_regex", []any{"éa1b22", `\d+`, 0, -1, 2}, "4"},
		{"matches do not overlap", "indexof_regex", []any{"aaa", "aa", 0, -1, 2}, "-1"},
		{"a window", "indexof_regex", []any{"abc", "c", 0, 2}, "-1"},
		{"a start below nothing", "indexof_regex", []any{"abc", "c", -1}, "null"},
	})
}
