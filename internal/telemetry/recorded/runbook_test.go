package recorded_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/recorded"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// now is when the runbook's queries are asked: a full hour, three hours after the
// first row.
const now = value.Epoch + 493_055*value.Hour

// afternoon records three hours of a worker that leaks 100 MiB an hour, fails
// more and more, and is killed once.
func afternoon(t *testing.T) *recorded.Source {
	t.Helper()
	dir := t.TempDir()
	w, err := store.Open(dir, store.Options{Writer: "test"})
	if err != nil {
		t.Fatal(err)
	}
	add := func(table string, at int64, format string, args ...any) {
		column := "timestamp"
		if table == "FunctionAppLogs" {
			column = "TimeGenerated"
		}
		row := fmt.Appendf(nil, `{"%s":"%s",`, column, value.AppendDatetime(nil, at))
		if err := w.Append(table, at, append(fmt.Appendf(row, format, args...), '}')); err != nil {
			t.Fatal(err)
		}
	}
	for minute := range 180 {
		at := now - 3*value.Hour + int64(minute)*value.Minute
		add("performanceCounters", at, `"itemCount":1,"category":"Process","counter":"Private Bytes","value":%d,"cloud_RoleInstance":"web/w1"`, (200<<20)+minute*(100<<20)/60)
		for i := range 10 {
			success := "True"
			if minute > 90 && i == 0 {
				success = "False"
			}
			add("requests", at+int64(i)*value.Second, `"duration":%d,"success":"%s","resultCode":"200","itemCount":3,"name":"GET /work"`, 10+i+minute, success)
		}
		add("dependencies", at, `"duration":5,"success":"%s","resultCode":"503","itemCount":1,"name":"GET /","target":"store:443"`, map[bool]string{true: "False", false: "True"}[minute%10 == 0])
	}
	killed := now - 30*value.Minute
	add("traces", killed, `"itemCount":1,"message":"Worker process w1 exited with code 137: the kernel killed it","severityLevel":3,"cloud_RoleInstance":"web/w1"`)
	add("FunctionAppLogs", killed-value.Minute, `"Level":"Error","Message":"Traceback (most recent call last):\n  MemoryError"`)
	add("FunctionAppLogs", killed-value.Hour, `"Level":"Error","Message":"an hour before"`)
	add("customEvents", killed, `"itemCount":1,"name":"replace_done"`)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := recorded.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// queries are the blocks of the runbook.
func queries(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../../docs/guide/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "```kql\n")[1:] {
		query, _, ok := strings.Cut(part, "```")
		if !ok {
			t.Fatal("a block of the runbook does not end")
		}
		all = append(all, query)
	}
	return all
}

func TestTheRunbooksQueriesAnswer(t *testing.T) {
	source := afternoon(t)
	all := queries(t)
	if len(all) < 9 {
		t.Fatalf("the runbook has %d queries, want them all", len(all))
	}
	for _, text := range all {
		compiled, warnings, err := kql.Compile(text, kql.Options{Source: source, Now: now, Strict: true})
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		if len(warnings) > 0 {
			t.Errorf("%s\nwarns: %v", text, warnings)
		}
		for _, q := range compiled {
			r, err := q.Run(t.Context())
			if err != nil {
				t.Errorf("%s\n%v", text, err)
				continue
			}
			if len(r.Rows) == 0 {
				t.Errorf("%s\nfinds nothing", text)
			}
		}
	}
	if w := source.Warnings(); len(w) > 0 {
		t.Errorf("left out: %v, want nothing", w)
	}
}

// ask gives the rows of a query, each as JSON.
func ask(t *testing.T, source *recorded.Source, text string) (rows []string) {
	t.Helper()
	compiled, _, err := kql.Compile(text, kql.Options{Source: source, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	r, err := compiled[len(compiled)-1].Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		rows = append(rows, string(value.Array(row).AppendJSON(nil)))
	}
	return rows
}

func TestTheRunbooksAnswersAreRight(t *testing.T) {
	source := afternoon(t)
	all := queries(t)
	find := func(word string) string {
		for _, q := range all {
			if strings.Contains(q, word) {
				return q
			}
		}
		t.Fatalf("no query of the runbook has %q", word)
		return ""
	}
	for _, c := range []struct{ why, query, want string }{
		{"a worker that leaks 100 MiB an hour grows by 100 MiB an hour", find("growth_mib") + "| summarize max(growth_mib), min(growth_mib)", `[100.0,100.0]`},
		{"the line's slope is a twelfth of that", find("slope_mib") + "| project round(slope_mib, 0)", `[8.0]`},
		{"every request counts for three, and one in ten fails in the second half", find("top 10 by failures desc") + "| project name, total, failures", `["GET /work",5400,267]`},
		{"the exit's code is read out of the message", find("code:int") + "| project code, exits", `[137,1]`},
		{"what the log said just before, and not an hour before", find("MemoryError") + "| project Level, Message", `["Error","Traceback (most recent call last):\n  MemoryError"]`},
		{"one call in ten fails", find("dependencies\n") + "| project target, failures", `["store:443",18]`},
	} {
		if got := ask(t, source, c.query); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s:\n%s\ngot %v, want %s", c.why, c.query, got, c.want)
		}
	}
}

func TestAWindowLeavesOutWhatIsOutside(t *testing.T) {
	source := afternoon(t)
	if got := ask(t, source, "requests | where timestamp >= ago(10m) | summarize count(), min(timestamp)"); len(got) != 1 || !strings.HasPrefix(got[0], "[100,") {
		t.Errorf("got %v, want the 100 requests of ten minutes", got)
	}
	if got := ask(t, source, "requests | where timestamp > now() | count"); got[0] != "[0]" {
		t.Errorf("got %v requests of the future, want none", got)
	}
	if got := ask(t, source, "union requests, dependencies | summarize count() by success | order by success asc"); len(got) != 2 {
		t.Errorf("got %v, want rows of both tables", got)
	}
	if got := ask(t, source, "exceptions | count"); got[0] != "[0]" {
		t.Errorf("got %v exceptions, want none of a table that nobody wrote", got)
	}
}
