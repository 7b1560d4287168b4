package requests_test

import (
	"encoding/json"
	"testing"

	"github.com/stanch-dev/stanch/bench/telemetry/requests"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/ndjson"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func TestAPlanGivesTheSameRowsAgain(t *testing.T) {
	a, b := requests.New(requests.DefaultPlan(1000)), requests.New(requests.DefaultPlan(1000))
	for i := range 1000 {
		_, _, x := a.Next()
		if _, _, y := b.Next(); string(x) != string(y) {
			t.Fatalf("row %d of two streams of one plan:\n%s\n%s", i, x, y)
		}
	}
}

func TestRowsAreAsTheStoreWantsThem(t *testing.T) {
	table, _ := schema.Find("requests")
	plan := requests.DefaultPlan(20_000)
	order, stream := ndjson.NewOrder(table), requests.New(plan)
	bytes, failures, last := 0, 0, value.Ticks(plan.From)
	for range plan.Rows {
		at, ended, row := stream.Next()
		bytes += len(row) + 1
		if !order.Holds(append(row, '\n')) {
			t.Fatalf("a row whose members are not in the table's order: %s", row)
		}
		var read struct {
			Timestamp, Success string
			Duration           float64
		}
		if err := json.Unmarshal(row, &read); err != nil {
			t.Fatalf("%s: %v", row, err)
		}
		if want := string(value.AppendDatetime(nil, at)); read.Timestamp != want || ended < last || at > ended {
			t.Fatalf("Next() = %d, %d, %s: want the timestamp %s, and an end not before %d", at, ended, row, want, last)
		}
		last = ended
		if read.Success == "False" {
			failures++
		}
	}
	mean := float64(bytes) / float64(plan.Rows)
	if mean < 409 || mean > 419 {
		t.Errorf("a row has %.1f bytes on average, want about 414, as in the figures that others are compared with", mean)
	}
	if percent := 100 * float64(failures) / float64(plan.Rows); percent < 1 || percent > 3 {
		t.Errorf("%.2f %% of the requests fail, want 1 to 3", percent)
	}
	if from, to := plan.Trouble(); to-from != 40*value.Minute {
		t.Errorf("Trouble() = %d, %d; want forty minutes", from, to)
	}
}
