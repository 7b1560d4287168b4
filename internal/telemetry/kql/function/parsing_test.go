package function_test

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

func TestTextsAreTakenApart(t *testing.T) {
	check(t, []row{
		{"fields", "parse_csv", []any{"a,b,,c"}, `["a","b","","c"]`},
		{"quotes keep a comma, and a quote is written twice", "parse_csv", []any{`"a,b","c ""d"""`}, `["a,b","c \"d\""]`},
		{"quotes keep a line's end", "parse_csv", []any{"\"a\nb\",c\nd"}, `["a\nb","c"]`},
		{"the first record only", "parse_csv", []any{"a,b\r\nc"}, `["a","b"]`},
		{"an open quote ends with the text", "parse_csv", []any{`"a,b`}, `["a,b"]`},
		{"a comma at the end has a field behind it", "parse_csv", []any{"a,"}, `["a",""]`},
		{"missing parts are zero", "parse_version", []any{"1.2"}, "1000000020000000000000000"},
		{"four parts", "parse_version", []any{"1.2.3.4"}, "1000000020000000300000004"},
		{"five parts", "parse_version", []any{"1.2.3.4.5"}, "null"},
		{"nine digits", "parse_version", []any{"123456789"}, "null"},
		{"no number", "parse_version", []any{"1.x"}, "null"},
		{"an empty part", "parse_version", []any{"1..2"}, "null"},
		{"nothing", "parse_version", []any{""}, "null"},
		{
			"a drive", "parse_path",
			[]any{`D:\logs\app.log`},
			`{"Scheme":"","RootPath":"D:","DirectoryPath":"D:\\logs","DirectoryName":"logs","Filename":"app.log","Extension":"log","AlternateDataStreamName":""}`,
		},
		{
			"a scheme, and a stream behind the name", "parse_path",
			[]any{"file://C:/a/b.tar.gz:s"},
			`{"Scheme":"file","RootPath":"C:","DirectoryPath":"C:/a","DirectoryName":"a","Filename":"b.tar.gz","Extension":"gz","AlternateDataStreamName":"s"}`,
		},
		{
			"a name alone", "parse_path",
			[]any{"Makefile"},
			`{"Scheme":"","RootPath":"","DirectoryPath":"","DirectoryName":"","Filename":"Makefile","Extension":"","AlternateDataStreamName":""}`,
		},
	})
}

func TestCommandLinesAreSplitAsWindowsDoes(t *testing.T) {
	check(t, []row{
		{"words", "parse_command_line", []any{"app -a  -b", "windows"}, `["app","-a","-b"]`},
		{"a program in quotes", "parse_command_line", []any{`"C:\Program Files\app.exe" x`, "windows"}, `["C:\\Program Files\\app.exe","x"]`},
		{"a quote within a word", "parse_command_line", []any{`app a"b c"d`, "windows"}, `["app","ab cd"]`},
		{"a backslash before a quote", "parse_command_line", []any{`app \"a b`, "windows"}, `["app","\"a","b"]`},
		{"two before a quote", "parse_command_line", []any{`app "a\\" b`, "windows"}, `["app","a\\","b"]`},
		{"backslashes elsewhere", "parse_command_line", []any{`app \\host\share`, "windows"}, `["app","\\\\host\\share"]`},
		{"an empty word", "parse_command_line", []any{`app "" x`, "windows"}, `["app","","x"]`},
		{"nothing", "parse_command_line", []any{"", "windows"}, "null"},
	})
	checkRefused(t, []row{
		{"another parser", "parse_command_line", []any{"app", "posix"}, `there is no parser "posix"; windows is the one`},
	})
}

func TestPathsLeadIntoDynamics(t *testing.T) {
	const doc = `{"a":{"b c":[10,{"d":"x"}]},"n":null}`
	check(t, []row{
		{"into a property in quotes, and an element", "extract_json", []any{"$.a['b c'][0]", doc}, `"10"`},
		{"to a type", "extract_json", []any{"$.a['b c'][0]", doc, "long"}, "10"},
		{"double quotes", "extract_json", []any{`$["a"]["b c"][1].d`, doc}, `"x"`},
		{"the root", "extract_json", []any{"$", `[1]`}, `"[1]"`},
		{"nowhere", "extract_json", []any{"$.a.x", doc, "long"}, "null"},
		{"an element of a bag", "extract_json", []any{"$.a[0]", doc, "long"}, "null"},
		{"what is no JSON", "extract_json", []any{"$.a", "{", "long"}, "null"},
		{"the other spelling", "extractjson", []any{"$.n", doc, "long"}, "null"},
		{"a new key", "bag_set_key", []any{dynamic(`{"a":1}`), "b", 2}, `{"a":1,"b":2}`},
		{"a key that is there keeps its place", "bag_set_key", []any{dynamic(`{"a":1,"b":2}`), "a", "x"}, `{"a":"x","b":2}`},
		{"a path", "bag_set_key", []any{dynamic(`{"a":{"b":1}}`), "$.a.c", 2}, `{"a":{"b":1,"c":2}}`},
		{"a path through what is not there", "bag_set_key", []any{dynamic(`{}`), "$.a['b.c']", 2}, `{"a":{"b.c":2}}`},
		{"null", "bag_set_key", []any{dynamic(`{}`), "a", null(4)}, `{"a":null}`},
		{"of no bag", "bag_set_key", []any{dynamic(`[1]`), "a", 1}, "null"},
		{"a dot in a name that is no path", "bag_has_key", []any{dynamic(`{"a.b":1}`), "a.b"}, "true"},
		{"a name in quotes", "bag_has_key", []any{dynamic(`{"a":{"b.c":1}}`), "$.a['b.c']"}, "true"},
		{"removed along a path", "bag_remove_keys", []any{dynamic(`{"a":{"b":1,"c":2}}`), dynamic(`["$.a.b"]`)}, `{"a":{"c":2}}`},
		{"all paths, elements as one", "treepath", []any{dynamic(`{"a":[1,{"b":2},{"b":3}],"c":{}}`)}, `["['a']","['a'][0]","['a'][0]['b']","['c']"]`},
	})
	checkRefused(t, []row{
		{"no $", "extract_json", []any{"a.b", doc}, `the path "a.b" does not begin with $`},
		{"all elements", "extract_json", []any{"$.a[*]", doc}, `the path "$.a[*]" goes on with "[*]"; .name, ['name'] and [0] can follow`},
		{"into an array", "bag_set_key", []any{dynamic(`{}`), "$.a[0]", 1}, `the path "$.a[0]" goes into an array, which Kusto does not do here`},
		{"the root", "bag_set_key", []any{dynamic(`{}`), "$", 1}, "the path $ is the whole bag, which has no key"},
	})
}

// A value that is set is found, along any path that is taken.
func FuzzPaths(f *testing.F) {
	for _, s := range []string{"$.a.b", "$['a b'].c", "a", "$", "$.a[0]", `$["x"]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		given := []any{dynamic(`{"a":{"b":1}}`), path, 7}
		if _, _, _, err := prepared(t, "bag_set_key", given); err != nil {
			return
		}
		bag := call(t, "bag_set_key", given)
		f, eval, _, err := prepared(t, "bag_has_key", []any{dynamic(`{}`), path})
		if err != nil {
			t.Fatalf("%s(%q): %v", f.Name, path, err)
		}
		if found := eval([]value.Value{bag, value.String(path)}); !found.Bool() {
			t.Errorf("bag_set_key(…, %q) gives %s, in which it is not found", path, bag.AppendJSON(nil))
		}
	})
}
