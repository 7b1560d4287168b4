package foreign_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/stanch-dev/stanch/internal/telemetry/foreign"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// write puts files into a directory; a name that ends in .gz or .zst is packed.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		var packed bytes.Buffer
		switch filepath.Ext(name) {
		case ".gz":
			w := gzip.NewWriter(&packed)
			w.Write([]byte(text))
			w.Close()
		case ".zst":
			w, _ := zstd.NewWriter(&packed)
			w.Write([]byte(text))
			w.Close()
		default:
			packed.WriteString(text)
		}
		if err := os.WriteFile(filepath.Join(dir, name), packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func open(t *testing.T, paths ...string) *foreign.Source {
	t.Helper()
	s, err := foreign.Open(paths...)
	if err != nil {
		t.Fatalf("Open(%s): %v", paths, err)
	}
	return s
}

// rows are a table's rows as JSON, a line each; with columns, only those.
func rows(t *testing.T, s *foreign.Source, name string, columns ...string) string {
	t.Helper()
	text, err := scan(t.Context(), s, name, columns...)
	if err != nil {
		t.Fatalf("scan %s: %v", name, err)
	}
	return text
}

func scan(ctx context.Context, s *foreign.Source, name string, columns ...string) (string, error) {
	var of schema.Table
	for _, t := range s.Tables() {
		if t.Name == name {
			of = t
		}
	}
	var want []int
	for i, c := range of.Columns {
		if len(columns) == 0 {
			want = append(want, i)
		}
		for _, n := range columns {
			if n == c.Name {
				want = append(want, i)
			}
		}
	}
	splits, err := s.Scan(ctx, name, table.Request{Columns: want, To: value.MaxDatetime})
	var out []byte
	for _, split := range splits {
		if err := split.Rows(ctx, func(row []value.Value) error {
			if len(row) != len(of.Columns) {
				return fmt.Errorf("a row has %d values, its table %d columns", len(row), len(of.Columns))
			}
			for n, i := range want {
				if n > 0 {
					out = append(out, ' ')
				}
				out = row[i].AppendJSON(out)
			}
			out = append(out, '\n')
			return nil
		}); err != nil {
			return string(out), err
		}
	}
	return string(out), err
}

func columns(t *testing.T, s *foreign.Source, name string) string {
	t.Helper()
	for _, one := range s.Tables() {
		if one.Name == name {
			var all []string
			for _, c := range one.Columns {
				all = append(all, c.Name+":"+c.Type.String())
			}
			return strings.Join(all, " ")
		}
	}
	t.Fatalf("there is no table %s, but %v", name, s.Tables())
	return ""
}

func warnings(s *foreign.Source) string {
	var all []string
	for _, w := range s.Warnings() {
		all = append(all, w.Message)
	}
	return strings.Join(all, "\n")
}

const (
	csvText = "when,n,x,ok,took,tags,id,name\n" +
		"2026-04-05T01:30:00Z,1,1,true,00:00:01.5,\"{\"\"a\"\":1}\",007,a\n" +
		"2026-04-05 01:31:00,-2,1.5,False,1.00:00:00,[],010,\"b, \"\"c\"\"\nd\"\n" +
		",,,,,,,\n"
	jsonText = `{"when":"2026-04-05T01:30:00Z","n":1,"x":1,"ok":true,"tags":{"a":1},"id":"007","name":"a"}` + "\n" +
		`{"n":-2,"x":1.5,"ok":false,"tags":[],"id":"010","name":"b, \"c\"\nd","when":"2026-04-05T01:31:00Z"}` + "\n" +
		"{}\n"
)

func TestTypesAreFoundByLookingThroughAFile(t *testing.T) {
	for _, test := range []struct{ file, text, columns, rows string }{
		{
			"t.csv", csvText, "when:datetime n:long x:real ok:bool took:timespan tags:dynamic id:string name:string",
			`"2026-04-05T01:30:00.0000000Z" 1 1.0 true "00:00:01.5000000" {"a":1} "007" "a"
"2026-04-05T01:31:00.0000000Z" -2 1.5 false "1.00:00:00" [] "010" "b, \"c\"\nd"
null null null null null null "" ""
`,
		},
		{
			"t.ndjson", jsonText, "when:datetime n:long x:real ok:bool tags:dynamic id:string name:string",
			`"2026-04-05T01:30:00.0000000Z" 1 1.0 true {"a":1} "007" "a"
"2026-04-05T01:31:00.0000000Z" -2 1.5 false [] "010" "b, \"c\"\nd"
null null null null null "" ""
`,
		},
	} {
		for _, variant := range []struct {
			name string
			text string
		}{
			{test.file, test.text},
			{test.file + ".gz", test.text},
			{test.file + ".zst", test.text},
			{test.file, "\xef\xbb\xbf" + test.text},
			{test.file, strings.ReplaceAll(test.text, "\n", "\r\n")},
			{test.file, strings.TrimSuffix(test.text, "\n")},
		} {
			s := open(t, write(t, map[string]string{variant.name: variant.text}))
			if got := columns(t, s, "t"); got != test.columns {
				t.Errorf("columns of %s (%.20q): %s, want %s", variant.name, variant.text, got, test.columns)
			}
			want := test.rows
			if strings.Contains(variant.text, "\"b, \"\"c\"\"\r\n") {
				want = strings.ReplaceAll(want, `\nd`, `\r\nd`) // the field's own line end is the file's
			}
			if diff := cmp.Diff(want, rows(t, s, "t")); diff != "" {
				t.Errorf("rows of %s (%.20q): -want +got\n%s", variant.name, variant.text, diff)
			}
			if got := warnings(s); got != "" {
				t.Errorf("warnings of %s: %s", variant.name, got)
			}
		}
	}
}

func TestAKnownTableHasItsClassicColumnsAndWhatElseThereIs(t *testing.T) {
	s := open(t, write(t, map[string]string{
		"Requests (1).csv":                 "timestamp [UTC],name,success,resultCode,mine\n\"4/5/2026, 12:30:00.250 AM\",GET /,True,200,5\n\"4/5/2026, 1:30:00.000 PM\",GET /,False,500,6\n",
		"requests-20260405T013000Z.ndjson": `{"timestamp":"2026-04-05T02:00:00Z","name":"POST /","theirs":[1]}` + "\n",
		"notes.txt":                        "passed over",
		".hidden.csv":                      "a\n1\n",
		"requests-20260405T013000Z.ndjson.zst.part": "",
	}))
	classic, _ := schema.Find("requests")
	if got := s.Tables(); len(got) != 1 || got[0].Name != "requests" || got[0].Time != "timestamp" {
		t.Fatalf("Tables() = %v, want requests alone", got)
	}
	got := s.Tables()[0].Columns
	if diff := cmp.Diff(append(classic.Columns, schema.Column{Name: "mine", Type: schema.Long}, schema.Column{Name: "theirs", Type: schema.Dynamic}), got); diff != "" {
		t.Errorf("columns of requests: -want +got\n%s", diff)
	}
	want := `"2026-04-05T00:30:00.2500000Z" "True" "200" "GET /" 5 null
"2026-04-05T13:30:00.0000000Z" "False" "500" "GET /" 6 null
"2026-04-05T02:00:00.0000000Z" "" "" "POST /" null [1]
`
	if diff := cmp.Diff(want, rows(t, s, "requests", "timestamp", "name", "success", "resultCode", "mine", "theirs")); diff != "" {
		t.Errorf("rows of requests: -want +got\n%s", diff)
	}
}

func TestWhatAzPrintsIsRead(t *testing.T) {
	s := open(t, write(t, map[string]string{
		"requests.json": `{
  "tables": [
    {
      "columns": [
        {"name": "timestamp", "type": "datetime"}, {"name": "duration", "type": "real"}, {"name": "customDimensions", "type": "dynamic"}
      ],
      "name": "PrimaryResult",
      "rows": [
        ["2026-04-05T01:30:00.1234567Z", 12.5, "{\"a\":\"x\"}"],
        ["2026-04-05T01:31:00Z", null, null]
      ]
    }
  ]
}`,
		"counted.json": `[{"TableName": "PrimaryResult", "n": "12", "when": "2026-04-05T01:30:00Z", "name": "a"}, {"TableName": "PrimaryResult", "n": null, "when": "2026-04-06T01:30:00Z", "name": "5b"}]`,
		"kusto.json":   `{"Tables":[{"TableName":"Table_0","Columns":[{"ColumnName":"n","DataType":"Int64","ColumnType":"long"}],"Rows":[[9007199254740993]]},{"TableName":"Other","Columns":[{"ColumnName":"s","ColumnType":"string"}],"Rows":[["a"],["b"]]}]}`,
		"untyped.json": `{"tables":[{"name":"x","columns":["a",{"name":"b"}],"rows":[[1,"2026-04-05T01:30:00Z"],[2.5,""]]}]}`,
		"lines.json":   `{"a":1}` + "\n" + `{"a":2}`,
	}))
	for _, test := range []struct{ table, columns, rows string }{
		{"counted", "n:long when:datetime name:string", "12 \"2026-04-05T01:30:00.0000000Z\" \"a\"\nnull \"2026-04-06T01:30:00.0000000Z\" \"5b\"\n"},
		{"kusto", "n:long", "9007199254740993\n"},
		{"Other", "s:string", "\"a\"\n\"b\"\n"},
		{"untyped", "a:real b:datetime", "1.0 \"2026-04-05T01:30:00.0000000Z\"\n2.5 null\n"},
		{"lines", "a:long", "1\n2\n"},
	} {
		if got := columns(t, s, test.table); got != test.columns {
			t.Errorf("columns of %s: %s, want %s", test.table, got, test.columns)
		}
		if got := rows(t, s, test.table); got != test.rows {
			t.Errorf("rows of %s: %s, want %s", test.table, got, test.rows)
		}
	}
	want := "\"2026-04-05T01:30:00.1234567Z\" 12.5 {\"a\":\"x\"}\n\"2026-04-05T01:31:00.0000000Z\" null null\n"
	if got := rows(t, s, "requests", "timestamp", "duration", "customDimensions"); got != want {
		t.Errorf("rows of requests: %s, want %s", got, want)
	}
	if got := warnings(s); got != "" {
		t.Errorf("warnings: %s", got)
	}
}

func TestWhatCanNotBeReadIsCountedAndTold(t *testing.T) {
	long := strings.Repeat("x", 9<<20)
	for _, test := range []struct{ reason, file, text, rows, warnings string }{
		{
			"rows of the wrong width", "t.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n", "1 2\n7 8\n",
			"t.csv:3: the row has 1 fields, not 2; 2 rows left out",
		},
		{
			"a quote that is never closed costs its line", "t.csv", "a,b\n1,2\n3,\"torn\n5,6\n7,8\n", "1 2\n5 6\n7 8\n",
			"t.csv:3: a quote is not closed; 1 row left out",
		},
		{
			"a torn line and a whole one whose quotes pair by chance", "t.csv", "a,b\n1,\"x\n2,\"y\"\"z\"\n3,w\n", "2 \"y\\\"z\"\n3 \"w\"\n",
			"t.csv:2: a quote is not closed; 1 row left out",
		},
		{
			"NUL bytes, as after a crash", "t.csv", "a,b\n1,2\n\x00\x00\x00\x00\n", "1 2\n",
			"t.csv:3: it holds NUL bytes; 1 row left out",
		},
		{
			"a line that is too long, among others", "t.csv", "a,b\n1,2\n" + long + ",3\n4,5\n", "1 2\n4 5\n",
			"t.csv:3: the row is longer than 8 MiB; 1 row left out",
		},
		{
			"lines that are no objects", "t.ndjson", "{\"a\":1}\nnot json\n[1]\n\n\x00\x00\n{\"a\":2}\n{\"a\":3", "1\n2\n",
			"t.ndjson:2: the line is no object of JSON; 4 rows left out",
		},
		{
			"a line that is too long, of JSON", "t.ndjson", "{\"a\":1}\n{\"b\":\"" + long + "\"}\n{\"a\":2}\n", "1\n2\n",
			"t.ndjson:2: the row is longer than 8 MiB; 1 row left out",
		},
		{
			"a document that was cut", "t.json", `{"tables":[{"name":"x","columns":[{"name":"a","type":"long"}],"rows":[[1],[2],[`, "1\n2\n",
			"t.json:1: the document ends in the middle; 1 row left out",
		},
		{
			"rows of a document that are none", "t.json", `{"tables":[{"columns":[{"name":"a","type":"long"}],"rows":[[1],5,[2,3],["x"]]}]}`, "1\nnull\n",
			"t.json:1: 5 is no row of 1 columns; 2 rows left out\nt.json:1: \"x\" is no long; 1 value of a left out",
		},
	} {
		s := open(t, write(t, map[string]string{test.file: test.text}))
		for range 2 { // asked twice, told once
			if got := rows(t, s, "t"); got != test.rows {
				t.Errorf("%s: rows are %.200s, want %s", test.reason, got, test.rows)
			}
		}
		if got := warnings(s); got != test.warnings {
			t.Errorf("%s: warnings are\n%s\nwant\n%s", test.reason, got, test.warnings)
		}
		s.Forget()
		if got := warnings(s); got != "" {
			t.Errorf("%s: after Forget, warnings are %s", test.reason, got)
		}
	}
}

func TestAValueOfTheWrongTypeIsNullAndCounted(t *testing.T) {
	for name, text := range map[string]string{
		"traces.csv":    "timestamp,severityLevel,message\n2026-04-05,high,a\nyesterday,3,b\n2026-04-05,low,c\n",
		"traces.ndjson": `{"timestamp":"2026-04-05","severityLevel":"high","message":"a"}` + "\n" + `{"timestamp":"yesterday","severityLevel":3,"message":"b"}` + "\n" + `{"timestamp":"2026-04-05","severityLevel":{},"message":"c"}` + "\n",
	} {
		s := open(t, write(t, map[string]string{name: text}))
		want := "\"2026-04-05T00:00:00.0000000Z\" \"a\" null\nnull \"b\" 3\n\"2026-04-05T00:00:00.0000000Z\" \"c\" null\n"
		if got := rows(t, s, "traces", "timestamp", "message", "severityLevel"); got != want {
			t.Errorf("rows of %s: %s, want %s", name, got, want)
		}
		for _, part := range []string{"no int; 2 values of severityLevel left out", "no datetime; 1 value of timestamp left out"} {
			if got := warnings(s); !strings.Contains(got, part) {
				t.Errorf("warnings of %s: %s, want %q in them", name, got, part)
			}
		}
	}
}

func TestALargeFileIsReadInPartsThatTogetherAreTheFile(t *testing.T) {
	var csv, lines strings.Builder
	csv.WriteString("n,text\n")
	const most = 60_000
	for i := range most {
		fmt.Fprintf(&csv, "%d,\"%s\n\"\"%d\"\"\"\n", i, strings.Repeat("x", 600), i)
		fmt.Fprintf(&lines, "{\"n\":%d,\"text\":%q}\n", i, strings.Repeat("y", 600))
	}
	s := open(t, write(t, map[string]string{"c.csv": csv.String(), "l.ndjson": lines.String()}))
	for _, name := range []string{"c", "l"} {
		splits, err := s.Scan(t.Context(), name, table.Request{Columns: []int{0}})
		if err != nil || len(splits) < 3 {
			t.Fatalf("Scan(%s) gives %d splits, %v; want at least 3", name, len(splits), err)
		}
		n := int64(0)
		for _, split := range splits {
			if err := split.Rows(t.Context(), func(row []value.Value) error {
				if row[0].Long() != n {
					return fmt.Errorf("row %d holds %d", n, row[0].Long())
				}
				n++
				return nil
			}); err != nil {
				t.Fatalf("Rows of %s: %v", name, err)
			}
		}
		if n != most {
			t.Errorf("%s has %d rows, want %d", name, n, most)
		}
	}
	if got := warnings(s); got != "" {
		t.Errorf("warnings: %s", got)
	}
}

func TestAScanEndsWithItsCallersError(t *testing.T) {
	stop := errors.New("stop")
	for _, name := range []string{"t.csv", "t.ndjson", "t.json"} {
		text := map[string]string{"t.csv": "a\n1\n2\n", "t.ndjson": "{\"a\":1}\n{\"a\":2}\n", "t.json": `[{"a":1},{"a":2}]`}[name]
		s := open(t, write(t, map[string]string{name: text}))
		splits, _ := s.Scan(t.Context(), "t", table.Request{Columns: []int{0}})
		calls := 0
		if err := splits[0].Rows(t.Context(), func([]value.Value) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
			t.Errorf("Rows of %s whose yield fails: %v after %d calls, want %v after 1", name, err, calls, stop)
		}
	}
}

func TestOpenSaysWhichFileCanNotBeRead(t *testing.T) {
	dir := write(t, map[string]string{"utf16.csv": "\xff\xfea\x00", "picture.png": "", "torn.ndjson.gz": "x"})
	if err := os.WriteFile(filepath.Join(dir, "bad.csv.zst"), []byte("not zstd"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"utf16.csv":   "it is UTF-16\nhint: iconv",
		"picture.png": "is no table that can be read\nhint: files end in .csv",
		"none.csv":    "no such file",
	} {
		if _, err := foreign.Open(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s): %v, want %q in it", name, err, want)
		}
	}
	// What is packed wrong holds no rows, and that is told.
	s := open(t, filepath.Join(dir, "bad.csv.zst"))
	if got := rows(t, s, "bad"); got != "" || !strings.Contains(warnings(s), "can't be read any further") {
		t.Errorf("rows of bad.csv.zst: %q, warnings %q; want none and one", got, warnings(s))
	}
}

// Whatever the bytes, Open and Scan end, every row has its table's width, and
// what is read again is the same.
func FuzzAHostileFileIsReadToItsEnd(f *testing.F) {
	f.Add([]byte(csvText), uint8(0))
	f.Add([]byte(jsonText), uint8(1))
	f.Add([]byte(`{"tables":[{"name":"x","columns":[{"name":"a","type":"long"}],"rows":[[1],[2]]},{"rows":[{}]}]}`), uint8(2))
	f.Add([]byte("a;b\n\"1\"\"\n2\";x\n"), uint8(0))
	f.Add([]byte(`[{"TableName":"PrimaryResult"},[[[`), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		name := []string{"t.csv", "t.ndjson", "t.json", "t.tsv"}[kind%4]
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := foreign.Open(path)
		if err != nil {
			return
		}
		for _, one := range s.Tables() {
			first, err := scan(t.Context(), s, one.Name)
			if err != nil {
				t.Fatalf("scan %s of %q: %v", one.Name, data, err)
			}
			told := warnings(s)
			again, _ := scan(t.Context(), s, one.Name)
			if first != again || told != warnings(s) {
				t.Errorf("%q is read as %q, then as %q; warnings %q, then %q", data, first, again, told, warnings(s))
			}
		}
	})
}
