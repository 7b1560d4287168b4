package function_test

import "testing"

func TestTexts(t *testing.T) {
	check(t, []row{
		{"null is nothing", "strcat", []any{"a", null(3), 1}, `"a1"`},
		{"empty parts keep their delimiters", "strcat_delim", []any{"-", "", "b"}, `"-b"`},
		{"a negative start counts from the end", "substring", []any{"abcdef", -2}, `"ef"`},
		{"in characters", "substring", []any{"aé☃b", 1, 2}, `"é☃"`},
		{"beyond the end", "substring", []any{"abc", 5}, `""`},
		{"from a start", "indexof", []any{"abcabc", "a", 1}, "3"},
		{"within a length", "indexof", []any{"abcabc", "c", 3, 2}, "-1"},
		{"a second one", "indexof", []any{"abcabc", "a", 0, -1, 2}, "3"},
		{"a length that is none", "indexof", []any{"abc", "a", 0, -2}, "null"},
		{"an index", "split", []any{"a_b_c", "_", 1}, `["b"]`},
		{"an index beyond", "split", []any{"a_b", "_", 5}, `[]`},
		{"one for all that are missing", "translate", []any{"abc", "x", "cab"}, `"xxx"`},
		{"none for all", "translate", []any{"abc", "", "cabd"}, `"d"`},
		{"what was put in is not replaced", "replace_strings", []any{"cat dog", dynamic(`["cat","dog"]`), dynamic(`["dog","cat"]`)}, `"dog cat"`},
		{"the first lookup takes precedence", "replace_strings", []any{"abc", dynamic(`["b","abc"]`), dynamic(`["-","x"]`)}, `"a-c"`},
		{"a rewrite that is no text keeps the place", "replace_strings", []any{"this is", dynamic(`["this","is"]`), dynamic(`[1,"was"]`)}, `"this was"`},
		{"no more than 1024 times", "strlen", []any{call(t, "strrep", []any{"a", 5000})}, "1024"},
		{"characters, not bytes", "strlen", []any{"é☃"}, "2"},
		{"bytes", "string_size", []any{"é☃"}, "5"},
		{"the match at the end alone", "trim_end", []any{"/+", "//a//"}, `"//a"`},
		{"a group", "extract", []any{`x=(\d+)`, 1, "x=12"}, `"12"`},
		{"as a type", "extract", []any{`x=(\d+)`, 1, "x=12", "long"}, "12"},
		{"groups side by side", "extract_all", []any{`(\w)(\d)`, "a1b2"}, `[["a","1"],["b","2"]]`},
		{"some of the groups", "extract_all", []any{`(\w)(\d)`, dynamic("[2]"), "a1b2"}, `["1","2"]`},
		{"counted one over the other", "countof", []any{"aaaa", "aa"}, "3"},
		{"a dollar is a character", "replace_regex", []any{"a1", `(\d)`, `$\1`}, `"a$1"`},
	})
	checkRefused(t, []row{
		{"a bad expression", "extract", []any{"(", 1, "x"}, "the regular expression \"(\": missing closing ): `(`"},
		{"nothing to extract", "extract_all", []any{"a", "x"}, `the regular expression "a" has no group to extract`},
	})
}
