package report_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/report"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// rows are tables of telemetry, by name: each row has values by column.
type rows map[string][]map[string]value.Value

func (rows) Tables() []schema.Table { return schema.Tables() }

func (r rows) Scan(_ context.Context, name string, _ table.Request) ([]table.Split, error) {
	all := schema.Tables()
	i := slices.IndexFunc(all, func(t schema.Table) bool { return t.Name == name })
	return []table.Split{split{all[i], r[name]}}, nil
}

type split struct {
	table schema.Table
	rows  []map[string]value.Value
}

func (s split) Rows(_ context.Context, yield func([]value.Value) error) error {
	for _, r := range s.rows {
		row := make([]value.Value, len(s.table.Columns))
		for i, c := range s.table.Columns {
			row[i] = r[c.Name]
		}
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

func TestTheReportsOwnQuestionsAreAnsweredInSecondsOfTheRun(t *testing.T) {
	at := func(seconds float64) value.Value {
		return value.Datetime(value.Ticks(began.Add(time.Duration(seconds * float64(time.Second)))))
	}
	request := func(seconds, ms float64, ok bool) map[string]value.Value {
		return map[string]value.Value{"timestamp": at(seconds), "duration": value.Real(ms), "success": value.String(map[bool]string{true: "True", false: "False"}[ok])}
	}
	text := func(seconds float64, message string) map[string]value.Value {
		return map[string]value.Value{"timestamp": at(seconds), "message": value.String(message)}
	}
	source := rows{
		"requests":     {request(0, 100, true), request(0.4999, 300, false), request(0.5, 50, true), request(7.25, 10, true)},
		"dependencies": {request(1.75, 5, false), request(1.9, 5, true), request(2, 5, false)},
		"traces":       {text(3.2505, "MemoryError"), text(-1.5, "Worker process exited with code 1"), text(4, "Worker process exited with code 137"), text(5, "all is well")},
		"exceptions": {
			{"timestamp": at(3.3), "type": value.String("MemoryError"), "outerMessage": value.String("could not allocate")},
			{"timestamp": at(3.4), "type": value.String("ValueError"), "message": value.String("no such blob")},
		},
	}
	record := lab.Record{
		Number: 3, Began: began, Spans: []lab.Span{{Name: "load", To: 10}},
		Events: []lab.Event{{At: -2, Kind: lab.EventStarted, Generation: 1}},
	}
	want := map[string][][]string{
		"requests by bin":     {{"0", "2", "1", "100", "300"}, {"0.5", "1", "0", "50", "50"}, {"7", "1", "0", "10", "10"}},
		"dependencies by bin": {{"1.5", "2", "1"}, {"2", "1", "1"}},
		"failed allocations":  {{"3.251", "MemoryError"}, {"3.3", "MemoryError: could not allocate"}},
		"exceptions by type":  {{"MemoryError", "could not allocate", "1", "3.3"}, {"ValueError", "no such blob", "1", "3.4"}},
		"worker exits":        {{"-1.5", "Worker process exited with code 1"}, {"4", "Worker process exited with code 137"}},
	}
	questions := report.Questions(blobs(), []lab.Record{record})
	if len(questions) != len(want) {
		t.Errorf("Questions: %d, want %d", len(questions), len(want))
	}
	for _, q := range questions {
		if q.Part != "report" || q.Run != 3 || len(q.Window) > 0 {
			t.Errorf("Questions: %s is of part %q, run %d, window %v; want report, 3, none", q.ID, q.Part, q.Run, q.Window)
		}
		compiled, warnings, err := kql.Compile(q.KQL, kql.Options{Source: source, Workers: 1, Strict: true})
		if err != nil || len(warnings) > 0 || len(compiled) != 1 {
			t.Fatalf("Compile of %s: %v, %d queries, warnings %v\n%s", q.ID, err, len(compiled), warnings, q.KQL)
		}
		result, err := compiled[0].Run(t.Context())
		if err != nil {
			t.Fatalf("Run of %s: %v", q.ID, err)
		}
		var got [][]string
		for _, row := range result.Rows {
			var cells []string
			for _, v := range row {
				cells = append(cells, strings.TrimSuffix(v.Text(), ".0"))
			}
			got = append(got, cells)
		}
		if diff := cmp.Diff(want[q.ID], got); diff != "" {
			t.Errorf("%s: -want +got\n%s\n%s", q.ID, diff, q.KQL)
		}
	}
}

// A run of which nothing was seen has no timeline to ask about.
func TestARunOfWhichNothingWasSeenIsAskedNothing(t *testing.T) {
	if got := report.Questions(blobs(), []lab.Record{{Number: 1, Began: began}}); len(got) > 0 {
		t.Errorf("Questions of an empty run: %d, want none", len(got))
	}
}
