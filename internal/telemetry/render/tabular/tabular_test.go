package tabular_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// all has a column of every type, a row of values that are easily spoilt and a
// row of nulls.
func all() *table.Result {
	decimal, _ := value.ParseDecimal("12345678901234567890.123456789")
	guid, _ := value.ParseGUID("74be27de-1e4e-49d9-b579-fe0b331d3642")
	dynamic, _ := value.ParseJSON(`{"route":"/a","sizes":[1,2.5,null]}`)
	return &table.Result{
		Columns: []schema.Column{
			{Name: "s", Type: schema.String},
			{Name: "l", Type: schema.Long},
			{Name: "i", Type: schema.Int},
			{Name: "r", Type: schema.Real},
			{Name: "d", Type: schema.Decimal},
			{Name: "b", Type: schema.Bool},
			{Name: "t", Type: schema.Datetime},
			{Name: "span", Type: schema.Timespan},
			{Name: "dyn", Type: schema.Dynamic},
			{Name: "g", Type: schema.Guid},
		},
		Rows: [][]value.Value{
			{
				value.String("a \"b\"\n|c"), value.Long(math.MinInt64), value.Int(-5),
				value.Real(0.1), value.Dec(decimal), value.Bool(true),
				value.Datetime(value.Epoch + 5), value.Timespan(-(value.Day + 90*value.Minute + 1)), dynamic, value.GUID(guid),
			},
			make([]value.Value, 10),
		},
		Warnings: []table.Warning{{Code: "KS142", Message: "an alias", Line: 2, Column: 7, Instead: "| extend"}},
	}
}

func TestJSONIsExact(t *testing.T) {
	var out strings.Builder
	if err := tabular.JSON(&out, []*table.Result{all()}, []table.Warning{{Message: "3 rows left out"}}); err != nil {
		t.Fatal(err)
	}
	want := `{"tables":[{"columns":[{"name":"s","type":"string"},{"name":"l","type":"long"},{"name":"i","type":"int"},{"name":"r","type":"real"},{"name":"d","type":"decimal"},{"name":"b","type":"bool"},{"name":"t","type":"datetime"},{"name":"span","type":"timespan"},{"name":"dyn","type":"dynamic"},{"name":"g","type":"guid"}],"rows":[
["a \"b\"\n|c",-9223372036854775808,-5,0.1,12345678901234567890.123456789,true,"1970-01-01T00:00:00.0000005Z","-1.01:30:00.0000001",{"route":"/a","sizes":[1,2.5,null]},"74be27de-1e4e-49d9-b579-fe0b331d3642"],
["",null,null,null,null,null,null,null,null,null]]}],"warnings":[
{"message":"3 rows left out"},
{"code":"KS142","message":"an alias","line":2,"column":7,"instead":"| extend"}]}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("JSON: -want +got\n%s", diff)
	}
}

func TestJSONIsJSONWhateverTheValue(t *testing.T) {
	odd := &table.Result{
		Columns: []schema.Column{{Name: "a\"\x00", Type: schema.Real}, {Name: "b", Type: schema.String}},
		Rows: [][]value.Value{
			{value.Real(math.NaN()), value.String("\xff\x00\u2028")},
			{value.Real(math.Inf(-1))}, // a short row
			{value.Real(1e300), value.String("💥")},
		},
	}
	for _, results := range [][]*table.Result{nil, {odd}, {odd, all(), {}}} {
		var out strings.Builder
		if err := tabular.JSON(&out, results, nil); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Tables   []struct{ Rows [][]any }
			Warnings []table.Warning
		}
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil {
			t.Errorf("JSON of %d results is read back with %v:\n%s", len(results), err, out.String())
		}
		if len(back.Tables) != len(results) {
			t.Errorf("JSON of %d results has %d tables", len(results), len(back.Tables))
		}
		if len(results) > 0 {
			if diff := cmp.Diff([]any{"-Infinity", ""}, back.Tables[0].Rows[1]); diff != "" {
				t.Errorf("JSON, row 1: -want +got\n%s", diff)
			}
		}
	}
}

func TestNDJSONIsARowALine(t *testing.T) {
	var out strings.Builder
	r := all()
	r.Columns = r.Columns[:2]
	if err := tabular.NDJSON(&out, []*table.Result{r}); err != nil {
		t.Fatal(err)
	}
	want := `{"s":"a \"b\"\n|c","l":-9223372036854775808}
{"s":"","l":null}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("NDJSON: -want +got\n%s", diff)
	}
}

func TestCSVIsReadBack(t *testing.T) {
	texts := []string{"", "a,b", `"`, "a\r\nb", " x ", "plain", "é💥"}
	r := &table.Result{Columns: []schema.Column{{Name: "only", Type: schema.String}}}
	want := [][]string{{"only"}}
	for _, s := range texts {
		r.Rows = append(r.Rows, []value.Value{value.String(s)})
		// encoding/csv gives every line end as \n.
		want = append(want, []string{strings.ReplaceAll(s, "\r\n", "\n")})
	}
	var out strings.Builder
	if err := tabular.CSV(&out, []*table.Result{r}); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CSV: -want +got\n%s", diff)
	}
}

func TestMarkdownKeepsItsColumns(t *testing.T) {
	var out strings.Builder
	r := all()
	r.Columns = []schema.Column{r.Columns[0], r.Columns[1], {Name: "a|b", Type: schema.Real}}
	r.Rows = [][]value.Value{{value.String("a|b\n<i>"), value.Long(3), value.Real(100.0 / 3)}}
	if err := tabular.Markdown(&out, []*table.Result{r}); err != nil {
		t.Fatal(err)
	}
	want := `| s | l | a\|b |
|---|---:|---:|
| a\|b<br>&lt;i> | 3 | 33.3333333333 |
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("Markdown: -want +got\n%s", diff)
	}
}

func wideTable() *table.Result {
	at := func(s string) value.Value { ticks, _ := value.ParseDatetime(s); return value.Datetime(ticks) }
	return &table.Result{
		Columns: []schema.Column{{Name: "timestamp", Type: schema.Datetime}, {Name: "message", Type: schema.String}, {Name: "host", Type: schema.String}, {Name: "n", Type: schema.Long}},
		Rows: [][]value.Value{
			{at("2026-04-05T01:30:00"), value.String("Worker process exited with code 137 after 12 minutes and some more"), value.String("web-7d9f"), value.Long(1)},
			{at("2026-04-05T01:35:00.25"), value.String("日本語\x1b[2Jtext"), value.String(""), value.Long(12345)},
		},
	}
}

func TestTablesFitTheirTerminal(t *testing.T) {
	for _, test := range []struct {
		reason   string
		terminal tabular.Terminal
		want     string
	}{
		{"no terminal: nothing is cut, controls are shown", tabular.Terminal{}, `timestamp                message                                                             host          n
───────────────────────  ──────────────────────────────────────────────────────────────────  ────────  ─────
2026-04-05T01:30:00.00Z  Worker process exited with code 137 after 12 minutes and some more  web-7d9f      1
2026-04-05T01:35:00.25Z  日本語\x1b[2Jtext                                                             12345
`},
		{"the widest column of text is cut", tabular.Terminal{Width: 70}, `timestamp                message                       host          n
───────────────────────  ────────────────────────────  ────────  ─────
2026-04-05T01:30:00.00Z  Worker process exited with …  web-7d9f      1
2026-04-05T01:35:00.25Z  日本語\x1b[2Jtext                       12345
`},
		{"too narrow even so: records", tabular.Terminal{Width: 40}, `timestamp  2026-04-05T01:30:00.00Z
message    Worker process exited with c…
host       web-7d9f
n          1

timestamp  2026-04-05T01:35:00.25Z
message    日本語\x1b[2Jtext
n          12345
empty: host
`},
	} {
		var out strings.Builder
		if err := tabular.Table(&out, test.terminal, []*table.Result{wideTable()}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, out.String()); diff != "" {
			t.Errorf("%s: Table(%+v): -want +got\n%s", test.reason, test.terminal, diff)
		}
	}
}

func TestRealsAreShortForReading(t *testing.T) {
	for _, test := range []struct {
		f    float64
		want string
	}{
		{0, "0"},
		{5, "5"},
		{0.1 + 0.2, "0.3"},
		{100.0 / 3, "33.3333333333"},
		{1234567.891, "1234567.891"},
		{1e15, "1e+15"},
		{123456789012345, "123456789012345"},
		{-1.5e-7, "-1.5e-07"},
		{math.NaN(), "NaN"},
		{math.Inf(1), "Infinity"},
		{1024, "1024"},
	} {
		if got := tabular.Real(test.f); got != test.want {
			t.Errorf("Real(%v) = %q, want %q", test.f, got, test.want)
		}
	}
}

type brokenPipe struct{}

var errBroken = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errBroken }

func TestAWritersErrorIsReturned(t *testing.T) {
	results := []*table.Result{all()}
	for name, err := range map[string]error{
		"JSON":     tabular.JSON(brokenPipe{}, results, nil),
		"NDJSON":   tabular.NDJSON(brokenPipe{}, results),
		"CSV":      tabular.CSV(brokenPipe{}, results),
		"Markdown": tabular.Markdown(brokenPipe{}, results),
		"Table":    tabular.Table(brokenPipe{}, tabular.Terminal{}, results),
	} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s to a broken pipe: %v, want %v", name, err, errBroken)
		}
	}
}

// Whatever the text, a line of a table has no control character and is no wider
// than the terminal.
func FuzzATableStaysWithinItsTerminal(f *testing.F) {
	f.Add("a\x1b[31m", "日本\u0301語", 30)
	f.Add("\xff\xfe\x9b", strings.Repeat("x", 5000), 41)
	f.Add("\u202eabc", "\u2066", 77)
	f.Fuzz(func(t *testing.T, a, b string, width int) {
		width = 40 + max(width, 0)%200
		r := &table.Result{
			Columns: []schema.Column{{Name: a, Type: schema.String}, {Name: "n", Type: schema.Long}, {Name: b, Type: schema.Dynamic}},
			Rows:    [][]value.Value{{value.String(b), value.Long(1), value.String(a)}, {value.String(a), value.Null, value.Null}},
		}
		var out strings.Builder
		if err := tabular.Table(&out, tabular.Terminal{Width: width}, []*table.Result{r}); err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(out.String()) {
			t.Fatalf("Table(%q, %q) is not UTF-8", a, b)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if i := strings.IndexFunc(line, func(r rune) bool { return r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 }); i >= 0 {
				t.Errorf("Table(%q, %q): a line has a control character: %q", a, b, line)
			}
			if w := tabular.Width(line); w > width {
				t.Errorf("Table(%q, %q) in %d columns: a line has %d: %q", a, b, width, w, line)
			}
		}
	})
}
