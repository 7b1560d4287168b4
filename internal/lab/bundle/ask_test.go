package bundle_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
)

// tables are 50 requests, a tenth of a second apart, the first in the tick that holds
// the moment began.
func tables(t *testing.T) table.Source {
	t.Helper()
	dir := t.TempDir()
	sealed(t, dir)
	tables, err := open(t, dir).Tables(1)
	if err != nil {
		t.Fatalf("Tables(1): %v", err)
	}
	return tables
}

func question(kql string) lab.Question {
	return lab.Question{ID: "it", Part: "criterion", Run: 1, Window: []string{"load"}, From: began.Add(-time.Hour), To: began.Add(time.Hour), KQL: kql}
}

func TestAQuestionSeesTheRowsOfItsWindowAlone(t *testing.T) {
	tables := tables(t)
	tick := began.Truncate(100 * time.Nanosecond) // of the first request
	for _, tc := range []struct {
		reason   string
		from, to time.Time
		kql      string
		want     int64
	}{
		{"all", tick, began.Add(time.Hour), "requests | count", 50},
		{"from is in the window", tick, tick.Add(time.Second), "requests | count", 10},
		{"and to is not", tick.Add(-time.Second), tick, "requests | count", 0},
		{"a nanosecond behind a row is behind it", tick.Add(1), tick.Add(time.Second), "requests | count", 9},
		{"and before the next one", tick, tick.Add(time.Second + 1), "requests | count", 11},
		{"whatever the query asks for", tick, tick.Add(time.Second), "requests | where timestamp between (datetime(2000-01-01) .. datetime(2100-01-01)) | count", 10},
		{"it may ask for less", tick, tick.Add(time.Second), "requests | where timestamp > ago(500ms) | count", 4},
		{"in each table of a union", tick, tick.Add(time.Second), "union requests, dependencies, (requests | where true) | count", 20},
		{"in a subquery", tick, tick.Add(time.Second), "print toscalar(requests | count)", 10},
		{"in a let", tick, tick.Add(time.Second), "let r = requests; r | join kind=inner (r) on timestamp | count", 10},
		{"without a look at the time", tick, tick.Add(time.Second), "requests | project duration | count", 10},
		{"a window that is none", tick.Add(time.Second), tick, "requests | count", 0},
		{"a table of another time's name", tick, tick.Add(time.Second), "FunctionAppLogs | count", 0},
	} {
		q := question(tc.kql)
		q.From, q.To = tc.from, tc.to
		got := bundle.Ask(t.Context(), tables, q)
		if diff := cmp.Diff([][]any{{tc.want}}, got.Rows); diff != "" || got.Problem != "" {
			t.Errorf("%s: Ask(%s): problem %q, rows -want +got\n%s", tc.reason, tc.kql, got.Problem, diff)
		}
	}
}

func TestAnAnswerSaysWhatWasAsked(t *testing.T) {
	q := question("requests | summarize n = count(), last = max(timestamp), mean = avg(duration), at = now() by name")
	q.From, q.To = q.From.In(time.FixedZone("east", 3600)), q.To.In(time.FixedZone("west", -3600))
	want := lab.Answer{
		ID: "it", Part: "criterion", Run: 1, Window: []string{"load"}, From: q.From.UTC(), To: q.To.UTC(), KQL: q.KQL,
		Columns: []string{"name", "n", "last", "mean", "at"},
		Rows:    [][]any{{"GET /orders", int64(50), "2026-11-21T18:00:05.0234567Z", 6.125, "2026-11-21T19:00:00.1234567Z"}},
	}
	if diff := cmp.Diff(want, bundle.Ask(t.Context(), tables(t), q)); diff != "" {
		t.Errorf("Ask(%s), -want +got\n%s", q.KQL, diff)
	}
}

func TestCellsAreWordsOfJSON(t *testing.T) {
	for kql, want := range map[string]any{
		"long(9223372036854775807)":        int64(math.MaxInt64),
		"toint(7)":                         int64(7),
		"5.0":                              5.0,
		"0.1 + 0.2":                        0.30000000000000004,
		"real(nan)":                        "NaN",
		"real(+inf)":                       "Infinity",
		"real(-inf)":                       "-Infinity",
		"decimal(1.5)":                     1.5,
		"true":                             true,
		"int(null)":                        nil,
		`""`:                               "",
		`"é\n\"<&>"`:                       "é\n\"<&>",
		"datetime(2026-04-05T01:30:00.12)": "2026-04-05T01:30:00.12Z",
		"1d + 2h + 3ms":                    "1.02:00:00.0030000",
		`dynamic({"a":[1,2.5,null]})`:      `{"a":[1,2.5,null]}`,
		`dynamic({"a":7}).a`:               int64(7),
		"guid(74be27de-1e4e-49d9-b579-fe0b331d3642)": "74be27de-1e4e-49d9-b579-fe0b331d3642",
		"datetime(null)": nil,
		`"a" == "b"`:     false,
	} {
		q := question("print x = " + kql)
		got := bundle.Ask(t.Context(), nil, q)
		if !cmp.Equal(got.Rows, [][]any{{want}}) {
			t.Errorf("Ask(%s) = %#v, problem %q; want %#v", q.KQL, got.Rows, got.Problem, want)
			continue
		}
		text, err := bundle.EncodeAnswers([]lab.Answer{got})
		if err != nil {
			t.Errorf("EncodeAnswers of %#v: %v", got.Rows, err)
			continue
		}
		back, err := bundle.DecodeAnswers(text)
		if diff := cmp.Diff([]lab.Answer{got}, back); diff != "" || err != nil {
			t.Errorf("%s is read back otherwise than it was written: %v\n%s", kql, err, diff)
		}
	}
}

func TestWhatCannotBeAnsweredIsAProblem(t *testing.T) {
	tables := tables(t)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		reason string
		ctx    context.Context
		tables table.Source
		kql    string
		want   string
	}{
		{"no query", t.Context(), tables, " ", "no query"},
		{"two queries", t.Context(), tables, "print 1; print 2", "2 queries"},
		{"no such table", t.Context(), tables, "nothing | count", "nothing"},
		{"nothing was recorded", t.Context(), nil, "requests | count", "requests"},
		{"no KQL", t.Context(), tables, "requests | frobnicate", "frobnicate"},
		{"another answer each time", t.Context(), tables, "requests | extend x = rand ( 5)", "rand()"},
		{"too many rows", t.Context(), tables, "range x from 1 to 10001 step 1", "10001 rows"},
		{"too many bytes", t.Context(), tables, "range x from 1 to 2000 step 1 | extend y = strrep(strrep('a', 1000), 10)", "more than 16MiB"},
		{"too much memory", t.Context(), tables, "range x from 1 to 1000000 step 1 | extend y = strrep('a', 1000) | sort by x desc", "memory"},
		{"nobody waits for it", done, tables, "range x from 1 to 100000 step 1 | count", "canceled"},
	} {
		got := bundle.Ask(tc.ctx, tc.tables, question(tc.kql))
		if !strings.Contains(got.Problem, tc.want) || got.Rows != nil || got.Columns != nil {
			t.Errorf("%s: Ask(%s): problem %q, columns %v, %d rows; want a problem with %q and nothing else", tc.reason, tc.kql, got.Problem, got.Columns, len(got.Rows), tc.want)
		}
	}
	if got := bundle.Ask(t.Context(), tables, question("range x from 1 to 10000 step 1")); got.Problem != "" || len(got.Rows) != 10_000 {
		t.Errorf("10,000 rows are %d, problem %q; want all of them", len(got.Rows), got.Problem)
	}
}

func TestTheSameTablesGiveTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	sealed(t, dir)
	questions := []lab.Question{
		question("requests"),
		question("requests | summarize count(), percentile(duration, 95), make_set(resultCode) by bin(timestamp, 1s)"),
		question("requests | summarize dcount(duration), take_any(id), arg_max(timestamp, *) by resultCode"),
		question("requests | sample 7"),
		question("requests | join kind=leftouter (requests) on resultCode | take 100"),
		question("nothing"),
	}
	texts := map[string]bool{}
	for i := range 5 {
		b := open(t, dir)
		var answers []lab.Answer
		for j := range questions {
			q := questions[(i+j)%len(questions)] // in whatever order they are asked
			q.ID = q.KQL
			tables, err := b.Tables(2)
			if err != nil {
				t.Fatal(err)
			}
			answers = append(answers, bundle.Ask(t.Context(), tables, q))
		}
		text, err := bundle.EncodeAnswers(answers)
		if err != nil {
			t.Fatal(err)
		}
		texts[string(text)] = true
	}
	if len(texts) != 1 {
		t.Errorf("5 times the same questions gave %d texts, want 1", len(texts))
	}
}

func TestTelemetryThatCannotBeReadWholeHasNoTables(t *testing.T) {
	segment := func(t *testing.T, dir string) string {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(dir, "runs", "01", "telemetry", "requests-*.zst"))
		if err != nil || len(all) != 1 {
			t.Fatalf("segments of requests: %v, %v", all, err)
		}
		return all[0]
	}
	for _, tc := range []struct {
		reason string
		spoil  func(t *testing.T, dir string) error
		want   string
	}{
		{"a bit is flipped", func(t *testing.T, dir string) error {
			return change(segment(t, dir), func(text []byte) []byte { text[len(text)/2] ^= 1; return text })
		}, "can't be read"},
		{"a segment is a link", func(t *testing.T, dir string) error { return link(segment(t, dir)) }, "symbolic link"},
		{"its folder is a link", func(_ *testing.T, dir string) error { return link(filepath.Join(dir, "runs", "01", "telemetry")) }, "symbolic link"},
		{"it is not there", func(_ *testing.T, dir string) error {
			return os.RemoveAll(filepath.Join(dir, "runs", "01", "telemetry"))
		}, "nothing was recorded"},
		{"nothing is in it", func(_ *testing.T, dir string) error {
			folder := filepath.Join(dir, "runs", "01", "telemetry")
			return errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o755))
		}, "nothing was recorded"},
		{"it is something else", func(_ *testing.T, dir string) error {
			return os.Remove(filepath.Join(dir, "runs", "01", "telemetry", "stanch-telemetry"))
		}, "telemetry"},
	} {
		dir := t.TempDir()
		sealed(t, dir)
		if err := tc.spoil(t, dir); err != nil {
			t.Fatal(err)
		}
		b := open(t, dir)
		if _, err := b.Tables(1); err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: Tables(1): %v, want an error with %q, and not where the bundle lies", tc.reason, err, tc.want)
		}
		if _, err := b.Tables(2); err != nil {
			t.Errorf("%s: Tables(2): %v, want those of the run that nobody touched", tc.reason, err)
		}
	}
}

func TestAnswersAreWrittenByRunPartAndIDARowALine(t *testing.T) {
	answer := func(run int, part, id string) lab.Answer {
		return lab.Answer{ID: id, Part: part, Run: run, Window: []string{"load", "rest"}, From: began, To: began.Add(1500 * time.Millisecond), KQL: "print \"<x>\""}
	}
	first, second := answer(1, "criterion", "b"), answer(2, "criterion", "a")
	first.Columns, first.Rows = []string{"n", "x"}, [][]any{{int64(1), 2.0}, {nil, "NaN"}}
	second.Problem, second.Window = "there is no table x", nil
	want := `[
 {
  "id": "b",
  "part": "criterion",
  "run": 1,
  "window": ["load","rest"],
  "from": "2026-11-21T18:00:00.123456789Z",
  "to": "2026-11-21T18:00:01.623456789Z",
  "kql": "print \"<x>\"",
  "columns": ["n","x"],
  "rows": [
   [1,2.0],
   [null,"NaN"]
  ]
 },
 {
  "id": "a",
  "part": "criterion",
  "run": 2,
  "window": [],
  "from": "2026-11-21T18:00:00.123456789Z",
  "to": "2026-11-21T18:00:01.623456789Z",
  "kql": "print \"<x>\"",
  "columns": [],
  "rows": [],
  "problem": "there is no table x"
 }
]
`
	for _, order := range [][]lab.Answer{{first, second}, {second, first}} {
		got, err := bundle.EncodeAnswers(order)
		if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
			t.Errorf("EncodeAnswers: %v, -want +got\n%s", err, diff)
		}
	}
	if back, err := bundle.DecodeAnswers([]byte(want)); err != nil || !cmp.Equal(back, []lab.Answer{first, second}) {
		t.Errorf("DecodeAnswers: %v\n%s", err, cmp.Diff([]lab.Answer{first, second}, back))
	}
	for reason, rows := range map[string][][]any{
		"NaN is no word of JSON": {{math.NaN(), nil}}, "an int is no cell": {{1, nil}}, "a cell is missing": {{nil}},
	} {
		first.Rows = rows
		if _, err := bundle.EncodeAnswers([]lab.Answer{first}); err == nil {
			t.Errorf("%s: EncodeAnswers of %v gives no error", reason, rows)
		}
	}
}

func FuzzAnswersThatReadPrintAndReadTheSame(f *testing.F) {
	f.Add([]byte(`[{"id":"a","part":"b","run":1,"window":["x"],"from":"2026-11-21T18:00:00.5Z","to":"2026-11-21T19:00:00+01:00","kql":"q","columns":["n","m"],"rows":[[1,2.5],["x",null],[true,-0.0]],"problem":""}]`))
	f.Add([]byte(`[{"columns":["a"],"rows":[[1e400]]}]`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		answers, err := bundle.DecodeAnswers(text)
		if err != nil {
			return
		}
		printed, err := bundle.EncodeAnswers(answers)
		if err != nil {
			t.Fatalf("DecodeAnswers(%q) gives what can't be written: %v", text, err)
		}
		again, err := bundle.DecodeAnswers(printed)
		if err != nil || len(again) != len(answers) {
			t.Fatalf("what was written of %q does not read: %v\n%s", text, err, printed)
		}
		if twice, err := bundle.EncodeAnswers(again); err != nil || string(twice) != string(printed) {
			t.Errorf("written again: %v\n%s", err, cmp.Diff(string(printed), string(twice)))
		}
	})
}
