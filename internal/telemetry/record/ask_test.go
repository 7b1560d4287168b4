package record_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/logline"
	"github.com/stanch-dev/stanch/internal/telemetry/record"
	"github.com/stanch-dev/stanch/internal/telemetry/recorded"
	disk "github.com/stanch-dev/stanch/internal/telemetry/store"
)

// hour records an hour of two functions: resize runs four times a minute, and from
// the middle on one of them fails; import answers an HTTP request a minute.
func hour(t *testing.T, end time.Time) *recorded.Source {
	t.Helper()
	dir := t.TempDir()
	w, err := disk.Open(dir, disk.Options{Writer: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r := record.New(record.Config{Append: w.Append, Role: "shop", Host: "web-1", Look: func() record.Look {
		return record.Look{
			At:        end,
			Queues:    []record.Queue{{Store: "Azure", Name: "pictures", Total: 12, Leased: 3, Oldest: 90 * time.Second, Poison: 1}},
			Functions: []record.Function{{Name: "resize", InFlight: 3, Waiting: 2}},
		}
	}})
	for minute := range 60 {
		at := end.Add(time.Duration(minute-60) * time.Minute)
		for n := range 4 {
			trace := fmt.Sprintf("00-%032x-%016x-01", minute*4+n+1, 1)
			i := record.Invocation{
				At: at.Add(time.Duration(n) * time.Second), Duration: time.Duration(100+n) * time.Millisecond, ID: fmt.Sprint("i-", minute, "-", n),
				Function: "resize", Trigger: "queueTrigger", Source: "pictures", Success: minute < 30 || n > 0, Trace: trace,
				In: 1000, Waited: time.Duration(minute) * time.Millisecond, Cost: 2 << 20,
			}
			if !i.Success {
				i.Reason = "function failed: ValueError: no picture"
				i.Exception = &record.Exception{Type: "ValueError", Message: "no picture", Stack: "in resize"}
				r.FunctionLine(record.FunctionLine{At: i.At, Level: logline.Warning, Function: "resize", Invocation: i.ID, Text: "this is odd", Trace: trace})
			}
			r.Invocation(i)
			r.Call(record.Call{
				At: i.At, Kind: "Azure blob", Method: "Open", Target: "shop.blob", Path: "images/" + i.ID, URL: "images/" + i.ID, Status: 200, Success: true,
				Duration: 5 * time.Millisecond, In: 1 << 20, Trace: trace,
			})
		}
		r.Invocation(record.Invocation{At: at, Duration: time.Millisecond, ID: fmt.Sprint("h-", minute), Function: "import", Trigger: "httpTrigger", Success: true, ResultCode: "201"})
		r.Call(record.Call{At: at, Kind: "Azure queue", Method: "Lease", Target: "shop.queue", Path: "pictures", URL: "pictures", Status: 503, Success: minute%10 != 0, Duration: time.Millisecond})
		r.Request(&record.Request{Method: []byte("GET"), Target: []byte("/"), Status: 200, Duration: time.Millisecond})
		r.Drain()
	}
	r.Stop()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := recorded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask gives the rows of a query, each as JSON, and refuses one that Azure would.
func ask(t *testing.T, source *recorded.Source, now time.Time, text string, strict bool) (rows []string) {
	t.Helper()
	compiled, warnings, err := kql.Compile(text, kql.Options{Source: source, Now: value.Ticks(now), Strict: strict})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	if strict && len(warnings) > 0 {
		t.Errorf("%s\nwarns: %v", text, warnings)
	}
	result, err := compiled[len(compiled)-1].Run(t.Context())
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	for _, row := range result.Rows {
		rows = append(rows, string(value.Array(row).AppendJSON(nil)))
	}
	return rows
}

func TestTheQueriesOfTheReferenceAnswer(t *testing.T) {
	page, err := os.ReadFile("../../../docs/reference/tables.md")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().UTC().Truncate(5 * time.Minute)
	source := hour(t, end)
	blocks := strings.Split(string(page), "```kql\n")[1:]
	query := func(word string) string {
		for _, block := range blocks {
			if text, _, _ := strings.Cut(block, "```"); strings.Contains(text, word) {
				return text
			}
		}
		t.Fatalf("no query of the page has %q", word)
		return ""
	}
	// Each query of the page is asked as it stands, and what it brings is summed up.
	tests := []struct {
		why, query, then string
		want             []string
	}{
		{
			"every invocation is counted by function, requests of the proxy are not", query("percentiles(duration, 50, 99)"),
			"| summarize sum(invocations), sum(failures), max(percentile_duration_99), dcount(timestamp) by name | order by name asc",
			[]string{`["import",60,0,1.0,12]`, `["resize",240,30,103.0,12]`},
		},
		{"failures by what they were", query("problemId"), "| project failures, problemId, message", []string{`[30,"ValueError at resize","no picture"]`}},
		{"the last twenty lines", query("FunctionAppLogs"), "| summarize count(), max(FunctionInvocationId), dcount(Message)", []string{`[20,"i-59-0",1]`}},
		{
			"all that belongs to one invocation", query("toscalar"), "| project itemType, what",
			[]string{`["dependency","Open images"]`, `["request","resize"]`, `["trace","this is odd"]`, `["exception","no picture"]`},
		},
		{
			"calls to stores", query(`type startswith "Azure"`), "| project type, name, target, calls, failures, p95, mib",
			[]string{`["Azure queue","Lease pictures","shop.queue",60,6,1.0,0.0]`, `["Azure blob","Open images","shop.blob",240,0,5.0,240.0]`},
		},
		{"what waits for memory", query("costBytes"), "| where name == 'resize'", []string{`["resize",2.0,59.0]`}},
		{
			"how full the queues are", query(`category == "Queue"`), "| project instance, counter, highest",
			[]string{`["pictures","Messages",12.0]`, `["pictures","Messages Leased",3.0]`, `["pictures","Oldest Message Age",90.0]`, `["pictures","Poison Messages",1.0]`},
		},
	}
	if len(tests) != len(blocks) {
		t.Errorf("%d queries are asked, the page has %d", len(tests), len(blocks))
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, ask(t, source, end, test.query+test.then, true)); diff != "" {
			t.Errorf("%s:\n%s(-want +got)\n%s", test.why, test.query, diff)
		}
	}
	if w := source.Warnings(); len(w) > 0 {
		t.Errorf("left out: %v, want nothing", w)
	}
}

// As people type them, with what Azure would refuse.
func TestTheHabitsOfRunbooksAreUnderstoodOfFunctionsToo(t *testing.T) {
	end := time.Now().UTC().Truncate(5 * time.Minute)
	source := hour(t, end)
	for _, test := range []struct {
		query string
		want  []string
	}{
		{
			"requests | where cloud_RoleName == 'shop' | summarize count(), avg(duration), percentiles(duration,50,99), countif(success==false) by name, bin(timestamp,1m) | summarize sum(count_), sum(countif_) by name | order by name asc",
			[]string{`["GET /",60,0]`, `["import",60,0]`, `["resize",240,30]`},
		},
		{"FunctionAppLogs | where FunctionName == 'resize' | count", []string{`[30]`}},
		{"dependencies | where type startswith 'Azure' | summarize sum(itemCount) by type | order by type asc", []string{`["Azure blob",240]`, `["Azure queue",60]`}},
		{"traces | where customDimensions.Category == 'Function.resize.User' and message has 'odd' | summarize dcount(tostring(customDimensions.InvocationId))", []string{`[30]`}},
		{"customMetrics | where name == 'queue_messages' | project tostring(customDimensions.queue), value", []string{`["pictures",12.0]`}},
		{"performanceCounters | where counter == 'Invocations In Flight' | project instance, value", []string{`["resize",3.0]`}},
	} {
		if diff := cmp.Diff(test.want, ask(t, source, end, test.query, false)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.query, diff)
		}
	}
}
