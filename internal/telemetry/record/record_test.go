package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/members"
	"github.com/stanch-dev/stanch/internal/telemetry/record"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// store keeps rows as they come, and checks each against its table.
type store struct {
	t    *testing.T
	mu   sync.Mutex
	rows map[string][]map[string]any
	full bool
}

func (s *store) append(table string, _ int64, row []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return errors.New("no room")
	}
	var r map[string]any
	if err := json.Unmarshal(row, &r); err != nil {
		s.t.Errorf("a row of %s is no JSON: %v\n%s", table, err, row)
	}
	known, ok := schema.Find(table)
	if !ok {
		s.t.Errorf("a row of a table %q", table)
	}
	last := -1
	_ = members.Each(row, func(name, _ []byte) bool {
		at := slices.IndexFunc(known.Columns, func(c schema.Column) bool { return c.Name == string(name) })
		if at <= last { // readers are fast because they may trust it
			s.t.Errorf("a row of %s has %s behind the columns that follow it", table, name)
		}
		last = at
		return true
	})
	for name, v := range r {
		c, ok := known.Column(name)
		fits := true
		switch v.(type) {
		case string:
			fits = c.Type == schema.String || c.Type == schema.Datetime || c.Type == schema.Dynamic
		case float64:
			fits = c.Type == schema.Int || c.Type == schema.Long || c.Type == schema.Real
		case map[string]any, []any:
			fits = c.Type == schema.Dynamic
		}
		if !ok || !fits {
			s.t.Errorf("a row of %s has %s of %v", table, name, v)
		}
	}
	if s.rows == nil {
		s.rows = map[string][]map[string]any{}
	}
	s.rows[table] = append(s.rows[table], r)
	return nil
}

// only is the one row of a table.
func (s *store) only(table string) map[string]any {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rows[table]) != 1 {
		s.t.Fatalf("%d rows of %s, want 1: %v", len(s.rows[table]), table, s.rows[table])
	}
	return s.rows[table][0]
}

func (s *store) sum(table, column string) (n int) {
	for _, r := range s.rows[table] {
		n += int(r[column].(float64))
	}
	return n
}

// pick is those columns of a row that a test is about.
func pick(row map[string]any, columns ...string) map[string]any {
	picked := map[string]any{}
	for _, c := range columns {
		if bag, name, ok := strings.Cut(c, "."); ok {
			inside, _ := row[bag].(map[string]any)
			picked[c] = inside[name]
		} else {
			picked[c] = row[c]
		}
	}
	return picked
}

func begin(t *testing.T, rate int, look func() record.Look) (*record.Recorder, *store) {
	s := &store{t: t}
	r := record.New(record.Config{Append: s.append, Role: "shop", Host: "web-1", Version: "1.2", Rate: rate, Look: look})
	r.Start()
	t.Cleanup(r.Stop)
	r.Event(telemetry.Event{At: time.Now(), Kind: telemetry.WorkerStarted, Worker: "w3", Text: "Worker process started", Facts: []telemetry.Fact{
		telemetry.Amount("pid", 4711), telemetry.Said("address", "127.0.0.1:9"),
	}})
	return r, s
}

func TestARequestHasTheColumnsOfApplicationInsights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		time.Sleep(time.Hour) // of the bubble's own time
		r.Request(&record.Request{
			Method: []byte("GET"), Target: []byte("/orders/42?code=hush&n=1"), Host: []byte("shop.example"),
			Trace:  []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
			Status: 503, Duration: 1500 * time.Microsecond, In: 3, Out: 20, Reason: "the queue is full", Worker: "127.0.0.1:9", Retries: 2,
		})
		r.Stop()
		want := map[string]any{
			"timestamp": "2000-01-01T00:59:59.9985000Z", "name": "GET /orders/{id}", "url": "http://shop.example/orders/42?code=***&n=1",
			"success": "False", "resultCode": "503", "duration": 1.5, "performanceBucket": "<250ms", "itemCount": 1.0,
			"operation_Id": "4bf92f3577b34da6a3ce929d0e0e4736", "operation_ParentId": "00f067aa0ba902b7", "operation_Name": "GET /orders/{id}",
			"cloud_RoleName": "shop", "cloud_RoleInstance": "web-1/w3", "itemType": "request",
			"customDimensions": map[string]any{
				"worker": "w3", "band": "healthy", "retries": "2", "reason": "the queue is full", "bytesIn": "3", "bytesOut": "20",
			},
		}
		row := s.only("requests")
		got := map[string]any{}
		for name := range want {
			got[name] = row[name]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the row of a request (-want +got)\n%s", diff)
		}
	})
}

func TestTheSumOfItemCountIsTheNumberOfRequests(t *testing.T) {
	for _, rate := range []int{0, 1, 50} {
		r, s := begin(t, rate, nil)
		const clients, each = 8, 3000
		var wg sync.WaitGroup
		for i := range clients {
			wg.Go(func() {
				for n := range each {
					status := 200
					if n%97 == 0 {
						status = 500
					}
					r.Request(&record.Request{Method: []byte("GET"), Target: []byte("/work"), Status: status, Duration: time.Duration(n*i) * time.Microsecond})
				}
			})
		}
		wg.Wait()
		r.Stop()
		if got := s.sum("requests", "itemCount"); got != clients*each {
			t.Errorf("at a rate of %d: sum(itemCount) is %d, want %d", rate, got, clients*each)
		}
		said := false
		for _, row := range s.rows["traces"] {
			said = said || strings.HasPrefix(row["message"].(string), "Requests are sampled")
		}
		if sampled := len(s.rows["requests"]) < clients*each; sampled != said {
			t.Errorf("at a rate of %d: %d rows for %d requests, and traces say so: %v", rate, len(s.rows["requests"]), clients*each, said)
		}
	}
}

func TestARequestThatGetsNoRowCostsNoAllocation(t *testing.T) {
	s := record.New(record.Config{Append: func(string, int64, []byte) error { return nil }, Rate: 100})
	q := request()
	if n := testing.AllocsPerRun(10_000, func() { s.Request(q) }); n != 0 {
		t.Errorf("Request: %v allocations, want none", n)
	}
}

func request() *record.Request {
	return &record.Request{
		Method: []byte("GET"), Target: []byte("/api/v1/orders/42?n=1"), Host: []byte("shop.example"), Status: 200,
		Duration: time.Millisecond, Worker: "127.0.0.1:9", Out: 1000,
		Trace: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
	}
}

func TestAWorkersEndIsToldInTheWordsThatOperatorsSearchFor(t *testing.T) {
	r, s := begin(t, 100, nil)
	s.rows = nil
	r.Event(telemetry.Event{At: time.Now(), Kind: telemetry.WorkerDied, Worker: "w3", Text: "Worker process exited with code 137 (killed): out of memory", Facts: []telemetry.Fact{
		telemetry.Said("cause", "kernel-oom"), telemetry.Said("evidence", "the counter says so"), telemetry.Amount("usedBytes", 1<<30),
	}})
	r.Stop()
	for _, test := range []struct {
		table string
		want  map[string]any
	}{
		{"traces", map[string]any{
			"message": "Worker process exited with code 137 (killed): out of memory", "severityLevel": 3.0, "cloud_RoleInstance": "web-1/w3",
			"customDimensions.kind": "worker_died", "customDimensions.pid": "4711", "customDimensions.cause": "kernel-oom", "customDimensions.usedBytes": "1073741824",
		}},
		{"customEvents", map[string]any{"name": "worker_died", "customMeasurements.usedBytes": float64(1 << 30), "customDimensions.cause": "kernel-oom"}},
		{"exceptions", map[string]any{"type": "WorkerProcessDied", "problemId": "WorkerProcessDied at kernel-oom", "innermostType": "kernel-oom", "severityLevel": 4.0}},
	} {
		var columns []string
		for c := range test.want {
			columns = append(columns, c)
		}
		if diff := cmp.Diff(test.want, pick(s.only(test.table), columns...)); diff != "" {
			t.Errorf("the row of a death in %s (-want +got)\n%s", test.table, diff)
		}
	}
}

func TestATracebackIsOneRecordAndOneException(t *testing.T) {
	r, s := begin(t, 100, nil)
	for line := range strings.SplitSeq("Traceback (most recent call last):\n  File \"a.py\", line 1, in work\n    connect(password='hunter2')\nMemoryError: token=abc", "\n") {
		r.Line("w3", true, []byte(line))
	}
	r.Stop()
	log := pick(s.only("FunctionAppLogs"), "Level", "Message", "AppName", "ExceptionType", "RoleInstance", "ProcessId")
	want := map[string]any{
		"Level": "Error", "AppName": "shop", "ExceptionType": "MemoryError", "RoleInstance": "web-1/w3", "ProcessId": 4711.0,
		"Message": "Traceback (most recent call last):\n  File \"a.py\", line 1, in work\n    connect(password='***')\nMemoryError: token=***",
	}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("the log record (-want +got)\n%s", diff)
	}
	want = map[string]any{"type": "MemoryError", "problemId": "MemoryError at work", "handledAt": "Unhandled", "message": "token=***", "severityLevel": 3.0}
	if diff := cmp.Diff(want, pick(s.only("exceptions"), "type", "problemId", "handledAt", "message", "severityLevel")); diff != "" {
		t.Errorf("the exception (-want +got)\n%s", diff)
	}
}

func TestARecordThatWaitsGetsItsRowWithoutAnotherLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		r.Line("w3", false, []byte("hello"))
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.only("FunctionAppLogs")["Message"]; got != "hello" {
			t.Errorf("the record's message is %v, want hello", got)
		}
		r.Stop()
	})
}

func TestLinesWithoutEndAreLeftOutAndSaidSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		const lines = 5000
		for i := range lines {
			r.Line("w3", false, fmt.Appendf(nil, "line %d", i))
		}
		r.Line("w3", false, []byte("ERROR:root:and an error"))
		r.Stop()
		rows := len(s.rows["FunctionAppLogs"])
		last := s.rows["FunctionAppLogs"][rows-1]
		if rows != record.LogRate+1 || last["Level"] != "Error" {
			t.Errorf("%d rows, the last %v; want %d, the last the error", rows, last["Level"], record.LogRate+1)
		}
		leftOut := 0.0
		for _, row := range s.rows["traces"] {
			if strings.Contains(row["message"].(string), "not in FunctionAppLogs") {
				var n float64
				_, _ = fmt.Sscan(row["customDimensions"].(map[string]any)["records"].(string), &n)
				leftOut += n
			}
		}
		if int(leftOut)+rows != lines+1 {
			t.Errorf("%d rows and %v said to be left out, want %d together", rows, leftOut, lines+1)
		}
	})
}

func TestOnceASecondTheCountersAreWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r, s := begin(t, 100, func() record.Look {
			n++
			return record.Look{
				At: time.Now(), Used: int64(n) << 20, Limit: 1 << 30, Available: 1<<30 - 1<<20, Queued: 2, Finished: int64(10 * n), Self: 8 << 20,
				Workers: []record.Worker{{
					ID: "w3", Private: int64(n) << 20, Processor: time.Duration(n) * 250 * time.Millisecond,
					Tree: memory.Tree{RSS: 3 << 20, Processes: 1}, Heap: memory.Heap{Known: true, Live: 5, GCs: 1},
				}},
			}
		})
		time.Sleep(5*time.Second + 100*time.Millisecond)
		synctest.Wait()
		r.Stop()
		counters := map[string][]float64{}
		for _, row := range s.rows["performanceCounters"] {
			key := fmt.Sprint(row["category"], "/", row["counter"], "/", row["instance"])
			counters[key] = append(counters[key], row["value"].(float64))
		}
		for key, want := range map[string]float64{
			"Process/Private Bytes/w3": 2 << 20, "Process/% Processor Time/w3": 25, "Memory/Available Bytes/<nil>": 1<<30 - 1<<20,
			"ASP.NET Applications/Requests/Sec/<nil>": 10, "ASP.NET Applications/Requests In Application Queue/<nil>": 2,
		} {
			if got := counters[key]; len(got) < 4 || got[1] != want && got[0] != want {
				t.Errorf("%s: %v, want one a second for 5 s, the second one %v", key, got, want)
			}
		}
		metrics := map[string]int{}
		for _, row := range s.rows["customMetrics"] {
			metrics[row["name"].(string)]++
		}
		if metrics["memory_used_bytes"] < 5 || metrics["memory_limit_bytes"] != 1 || metrics["process_memory_mb"] != 1 {
			t.Errorf("rows by metric: %v, want 5 of what changes and 1 of what does not", metrics)
		}
	})
}

func TestWhatTheStoreLosesIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		s.mu.Lock()
		s.full = true
		s.mu.Unlock()
		r.Line("w3", false, []byte("hello"))
		time.Sleep(700 * time.Millisecond)
		synctest.Wait()
		s.mu.Lock()
		s.full = false
		s.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		r.Stop()
		for _, row := range s.rows["traces"] {
			if strings.Contains(row["message"].(string), "rows were lost") {
				return
			}
		}
		t.Errorf("traces: %v, want a row that says how many were lost", s.rows["traces"])
	})
}

func TestCallsAboveTheRateShareARow(t *testing.T) {
	r, s := begin(t, 10, nil)
	for range 1000 {
		r.Call(record.Call{At: time.Now(), Kind: "HTTP", Method: "GET", Target: "api.example", URL: "http://api.example/v1/items/7?sig=hush", Path: "/v1/items/7", Status: 200, Success: true})
	}
	r.Stop()
	if got := s.sum("dependencies", "itemCount"); got != 1000 {
		t.Errorf("sum(itemCount) of the calls is %d, want 1000", got)
	}
	want := map[string]any{
		"name": "GET /v1/items/{id}", "target": "api.example", "type": "HTTP", "data": "http://api.example/v1/items/7?sig=***",
		"resultCode": "200", "success": "True", "cloud_RoleInstance": "web-1/w3", "customDimensions.worker": "w3",
	}
	var columns []string
	for c := range want {
		columns = append(columns, c)
	}
	if diff := cmp.Diff(want, pick(s.rows["dependencies"][0], columns...)); diff != "" {
		t.Errorf("the row of a call (-want +got)\n%s", diff)
	}
}

func TestWorkersMayReportRowsThemselves(t *testing.T) {
	r, s := begin(t, 100, nil)
	s.rows = nil
	n, err := r.Take(strings.NewReader(`{"table":"dependencies","timestamp":"2026-04-05T01:30:00Z","name":"SELECT","target":"db","type":"SQL","duration":1.5,"success":"True","customDimensions":{"password":12,"a":[1]}}

{"table":"customMetrics","name":"cart_size","value":3}
`))
	if n != 2 || err != nil {
		t.Fatalf("Take: %d rows, %v; want 2", n, err)
	}
	want := map[string]any{"timestamp": "2026-04-05T01:30:00.0000000Z", "itemCount": 1.0, "cloud_RoleName": "shop", "cloud_RoleInstance": "web-1/w3", "duration": 1.5, "name": "SELECT"}
	got := pick(s.only("dependencies"), "timestamp", "itemCount", "cloud_RoleName", "cloud_RoleInstance", "duration", "name")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a reported call (-want +got)\n%s", diff)
	}
	s.only("customMetrics")
}

func TestRowsThatDoNotFitAreRefusedByLine(t *testing.T) {
	for _, test := range []struct{ line, says string }{
		{`{"table":"nope"}`, `no table "nope"`},
		{`{"name":"x"}`, `no table ""`},
		{`{"table":"traces","nope":1}`, `traces has no column "nope"`},
		{`{"table":"traces","message":"a","message":"b"}`, "twice"},
		{`{"table":"traces","severityLevel":1.5}`, "no int"},
		{`{"table":"traces","timestamp":"yesterday"}`, "no time"},
		{`{"table":"traces","timestamp":"9999-01-01T00:00:00Z"}`, "future"},
		{`{"table":"traces"`, "expected a comma"},
		{`[1]`, "expected an object"},
		{`{"table":"traces","message":"` + strings.Repeat("x", record.LongestRow) + `"}`, "longer than"},
	} {
		r, _ := begin(t, 100, nil)
		n, err := r.Take(strings.NewReader(`{"table":"traces","message":"fine"}` + "\n" + test.line))
		if n != 1 || err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), test.says) {
			t.Errorf("Take(%.60s): %d rows, %v; want 1, and line 2 refused with %q", test.line, n, err, test.says)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, rate := range []int{200, 1} {
		b.Run(fmt.Sprint("rate", rate), func(b *testing.B) {
			r := record.New(record.Config{Append: func(string, int64, []byte) error { return nil }, Rate: rate})
			r.Start()
			defer r.Stop()
			q := request()
			b.ReportAllocs()
			for b.Loop() {
				r.Request(q)
			}
		})
	}
}

func BenchmarkRow(b *testing.B) {
	r := record.New(record.Config{Append: func(string, int64, []byte) error { return nil }})
	q := request()
	b.ReportAllocs()
	for b.Loop() {
		r.Request(q)
		r.Drain()
	}
}
