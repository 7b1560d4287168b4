package function_test

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func TestArrays(t *testing.T) {
	check(t, []row{
		{"of no array", "array_length", []any{dynamic("{}")}, "null"},
		{"both ends", "array_slice", []any{dynamic("[1,2,3,4]"), 1, 2}, "[2,3]"},
		{"from the end", "array_slice", []any{dynamic("[1,2,3,4]"), -2, -1}, "[3,4]"},
		{"at two places", "array_split", []any{dynamic("[1,2,3,4]"), dynamic("[1,3]")}, "[[1],[2,3],[4]]"},
		{"past the end and round", "array_rotate_left", []any{dynamic("[1,2,3]"), 4}, "[2,3,1]"},
		{"nulls come in", "array_shift_left", []any{dynamic("[1,2,3]"), 2}, "[3,null,null]"},
		{"texts are followed by empty ones", "array_shift_left", []any{dynamic(`["a","b"]`), 1}, `["b",""]`},
		{"from a negative start", "array_index_of", []any{dynamic("[1,2,1]"), 1, -2}, "2"},
		{"the second", "array_index_of", []any{dynamic("[1,2,1]"), 1, 0, -1, 2}, "2"},
		{"a length that is none", "array_index_of", []any{dynamic("[1]"), 1, 0, -2}, "null"},
		{"not before the first", "array_index_of", []any{dynamic("[1]"), 1, 0, 1, -1}, "null"},
		{"numbers are conditions", "array_iff", []any{dynamic("[1,0,2]"), "y", "n"}, `["y","n","y"]`},
		{"texts are none", "array_iff", []any{dynamic(`["true",null]`), "y", "n"}, "[null,null]"},
		{"arrays are gone through, and may be short", "array_iff", []any{dynamic("[true,true]"), dynamic("[1]"), 0}, "[1,null]"},
		{"nulls stand last", "array_sort_desc", []any{dynamic("[1,null,2]")}, "[2,1,null]"},
		{"or first", "array_sort_asc", []any{dynamic("[1,null,2]"), false}, "[null,1,2]"},
		{"others go along, and are null if of another length", "array_sort_asc", []any{dynamic("[2,1]"), dynamic(`["b","a"]`), dynamic("[1]")}, `[[1,2],["a","b"],null]`},
		{"what is no number", "array_sum", []any{dynamic(`[1,"x"]`)}, "null"},
		{"to the stop", "range", []any{1, 10, 4}, "[1,5,9]"},
		{"down", "range", []any{3, 1, -1}, "[3,2,1]"},
		{"hours", "range", []any{at("2026-04-05"), at("2026-04-05T01:30:00Z")}, `["2026-04-05T00:00:00.0000000Z","2026-04-05T01:00:00.0000000Z"]`},
		{"no more than 2^20", "array_length", []any{call(t, "range", []any{1, 3_000_000})}, "1048576"},
		{"none", "repeat", []any{1, 0}, "[]"},
		{"less than none", "repeat", []any{1, -1}, "null"},
	})
}

func TestBagsAndSets(t *testing.T) {
	check(t, []row{
		{"the first of a key wins", "bag_merge", []any{dynamic(`{"a":1}`), dynamic(`{"a":2,"b":3}`)}, `{"a":1,"b":3}`},
		{"keys that are no texts are left out", "bag_zip", []any{dynamic(`["a",1,"b"]`), dynamic("[1,2]")}, `{"a":1,"b":null}`},
		{"each once, in order", "set_union", []any{dynamic("[2,1,2]"), dynamic("[3,1]")}, "[2,1,3]"},
		{"in all", "set_intersect", []any{dynamic("[1,2,2]"), dynamic("[2,3]"), dynamic("[2]")}, "[2]"},
		{"in none but the first", "set_difference", []any{dynamic("[1,2,3]"), dynamic("[2]"), dynamic("[3]")}, "[1]"},
		{"numbers of another kind", "set_has_element", []any{dynamic("[1.0]"), 1}, "true"},
		{"names in order", "dynamic_to_json", []any{dynamic(`{"b":{"z":1,"y":2},"a":[3]}`)}, `"{\"a\":[3],\"b\":{\"y\":2,\"z\":1}}"`},
		{"a text stays one", "dynamic_to_json", []any{"x"}, `"x"`},
		{"a type", "gettype", []any{dynamic("[1]")}, `"array"`},
		{"of null", "gettype", []any{null(schema.Dynamic)}, `"null"`},
		{"what is no JSON stays a text", "parse_json", []any{"{x"}, `"{x"`},
		{"parts of an address", "parse_urlquery", []any{"a=1&b=%20"}, `{"Query Parameters":{"a":"1","b":" "}}`},
	})
}
