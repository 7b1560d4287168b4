package record_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/logline"
	"github.com/stanch-dev/stanch/internal/telemetry/record"
)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// columns are the names of what a test wants of a row.
func columns(want map[string]any) (names []string) {
	for name := range want {
		names = append(names, name)
	}
	return names
}

func resize(success bool) record.Invocation {
	i := record.Invocation{
		At: time.Now(), Duration: 300 * time.Millisecond, ID: "0b7c3a52-6f0e-4a6e-9a38-0d8c2b9f7a11", Function: "resize", Trigger: "queueTrigger",
		Source: "pictures", Success: success, Worker: "w3", Trace: traceparent, In: 1000, Out: 20, Deliveries: 2,
		Waited: 1500 * time.Microsecond, Cost: 5 << 20,
	}
	if !success {
		i.Reason = "function failed: ValueError: password=hunter2 is no picture"
		i.Exception = &record.Exception{Type: "ValueError", Message: "password=hunter2 is no picture", Stack: "File \"a.py\", line 7, in resize\n  token=abc"}
	}
	return i
}

func TestAnInvocationHasTheColumnsOfAzureFunctions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		r.Invocation(resize(true))
		r.Stop()
		want := map[string]any{
			"timestamp": "2000-01-01T00:00:00.0000000Z", "name": "resize", "operation_Name": "resize", "source": "pictures", "url": nil,
			"success": "True", "resultCode": "0", "duration": 300.0, "performanceBucket": "250ms-500ms", "itemCount": 1.0,
			"operation_Id": "4bf92f3577b34da6a3ce929d0e0e4736", "operation_ParentId": "00f067aa0ba902b7",
			"cloud_RoleName": "shop", "cloud_RoleInstance": "web-1/w3", "itemType": "request",
			"customDimensions": map[string]any{
				"Category": "Host.Results", "FullName": "Functions.resize", "InvocationId": "0b7c3a52-6f0e-4a6e-9a38-0d8c2b9f7a11", "LogLevel": "Information",
				"trigger": "queueTrigger", "worker": "w3", "band": "healthy", "deliveries": "2", "bytesIn": "1000", "bytesOut": "20", "waitedMs": "1.5", "costBytes": "5242880",
			},
		}
		if diff := cmp.Diff(want, pick(s.only("requests"), columns(want)...)); diff != "" {
			t.Errorf("the row of an invocation (-want +got)\n%s", diff)
		}
		if rows := s.rows["exceptions"]; len(rows) != 0 {
			t.Errorf("an invocation that succeeded has exceptions: %v", rows)
		}
	})
}

func TestAFailedInvocationIsAnExceptionToo(t *testing.T) {
	r, s := begin(t, 100, nil)
	r.Invocation(resize(false))
	r.Stop()
	for table, want := range map[string]map[string]any{
		"requests": {
			"success": "False", "resultCode": "1", "customDimensions.LogLevel": "Error",
			"customDimensions.reason": "function failed: ValueError: password=*** is no picture",
		},
		"exceptions": {
			"type": "ValueError", "message": "password=*** is no picture", "problemId": "ValueError at resize", "severityLevel": 3.0, "itemCount": 1.0,
			"operation_Name": "resize", "operation_Id": "4bf92f3577b34da6a3ce929d0e0e4736", "cloud_RoleInstance": "web-1/w3",
			"customDimensions.InvocationId": "0b7c3a52-6f0e-4a6e-9a38-0d8c2b9f7a11", "customDimensions.category": "Host.Results",
			"details": []any{map[string]any{"type": "ValueError", "message": "password=*** is no picture", "rawStack": "File \"a.py\", line 7, in resize\n  token=***"}},
		},
	} {
		if diff := cmp.Diff(want, pick(s.only(table), columns(want)...)); diff != "" {
			t.Errorf("the row of a failed invocation in %s (-want +got)\n%s", table, diff)
		}
	}
}

func TestAnHTTPStatusIsTheResultCode(t *testing.T) {
	r, s := begin(t, 100, nil)
	i := resize(true)
	i.Trigger, i.ResultCode, i.Trace = "httpTrigger", "201", "garbage"
	r.Invocation(i)
	r.Stop()
	want := map[string]any{"resultCode": "201", "success": "True", "operation_Id": nil}
	if diff := cmp.Diff(want, pick(s.only("requests"), columns(want)...)); diff != "" {
		t.Errorf("the row of an HTTP invocation (-want +got)\n%s", diff)
	}
}

func TestWhatAFunctionTellsIsCutWhereItIsLong(t *testing.T) {
	r, s := begin(t, 100, nil)
	i := resize(false)
	i.Reason = strings.Repeat("ä", 1<<20)
	i.Exception.Message, i.Exception.Stack = i.Reason, i.Reason
	r.Invocation(i)
	r.FunctionLine(record.FunctionLine{At: i.At, Level: logline.Error, Function: "resize", Text: i.Reason})
	r.Stop()
	reason := s.only("requests")["customDimensions"].(map[string]any)["reason"].(string)
	stack := s.only("exceptions")["details"].([]any)[0].(map[string]any)["rawStack"].(string)
	line := s.only("FunctionAppLogs")["Message"].(string)
	for what, text := range map[string]string{"reason": reason, "stack": stack, "line": line} {
		if len(text) > 65<<10 || !strings.HasSuffix(text, "ä…") {
			t.Errorf("the %s has %d bytes and ends in %q, want at most 65 KiB, whole letters and an ellipsis", what, len(text), text[max(0, len(text)-8):])
		}
	}
}

func TestTheSumOfItemCountIsTheNumberOfInvocations(t *testing.T) {
	for _, rate := range []int{0, 1, 50} {
		r, s := begin(t, rate, nil)
		const loops, each = 8, 3000
		var wg sync.WaitGroup
		for n := range loops {
			wg.Go(func() {
				for k := range each {
					i := resize(k%97 != 0)
					i.Duration = time.Duration(k*n) * time.Microsecond
					r.Invocation(i)
					r.Request(request()) // must not take part
				}
			})
		}
		wg.Wait()
		r.Stop()
		invocations, rows := 0, 0
		for _, row := range s.rows["requests"] {
			if row["name"] == "resize" {
				invocations += int(row["itemCount"].(float64))
				rows++
			}
		}
		if invocations != loops*each {
			t.Errorf("at a rate of %d: sum(itemCount) is %d, want %d", rate, invocations, loops*each)
		}
		said := false
		for _, row := range s.rows["traces"] {
			said = said || strings.HasPrefix(row["message"].(string), "Requests are sampled")
		}
		if sampled := rows < loops*each; sampled && !said {
			t.Errorf("at a rate of %d: %d rows for %d invocations, and traces do not say so", rate, rows, loops*each)
		}
	}
}

func TestAnInvocationThatGetsNoRowCostsNoAllocation(t *testing.T) {
	r := record.New(record.Config{Append: func(string, int64, []byte) error { return nil }, Rate: 100})
	i := resize(true)
	if n := testing.AllocsPerRun(10_000, func() { r.Invocation(i) }); n != 0 {
		t.Errorf("Invocation: %v allocations, want none", n)
	}
}

func TestAFunctionsLogIsFoundByItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		delete(s.rows, "traces") // of the worker's start
		r.FunctionLine(record.FunctionLine{
			At: time.Now(), Level: logline.Warning, Function: "resize", Invocation: "i-1", Worker: "w3", Text: "token=abc is old", Trace: traceparent,
		})
		r.Stop()
		for table, want := range map[string]map[string]any{
			"FunctionAppLogs": {
				"TimeGenerated": "2000-01-01T00:00:00.0000000Z", "Level": "Warning", "LevelId": 3.0, "FunctionName": "resize", "FunctionInvocationId": "i-1",
				"Category": "Function.resize.User", "Message": "token=*** is old", "AppName": "shop", "RoleInstance": "web-1/w3", "ProcessId": 4711.0,
			},
			"traces": {
				"message": "token=*** is old", "severityLevel": 2.0, "operation_Name": "resize", "operation_Id": "4bf92f3577b34da6a3ce929d0e0e4736",
				"customDimensions.Category": "Function.resize.User", "customDimensions.InvocationId": "i-1", "customDimensions.LogLevel": "Warning",
			},
		} {
			if diff := cmp.Diff(want, pick(s.only(table), columns(want)...)); diff != "" {
				t.Errorf("the line in %s (-want +got)\n%s", table, diff)
			}
		}
	})
}

func TestLinesOfFunctionsWithoutEndAreLeftOutAndSaidSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := begin(t, 100, nil)
		const lines = 3 * record.LogRate
		for range lines {
			r.FunctionLine(record.FunctionLine{At: time.Now(), Level: logline.Information, Function: "resize", Text: "x"})
		}
		r.Stop()
		said := ""
		for _, row := range s.rows["traces"] {
			if strings.Contains(row["message"].(string), "not in FunctionAppLogs") {
				said = row["customDimensions"].(map[string]any)["records"].(string)
			}
		}
		if rows := len(s.rows["FunctionAppLogs"]); rows != record.LogRate || said != fmt.Sprint(lines-record.LogRate) {
			t.Errorf("%d lines: %d rows and %q said to be left out, want %d and %d", lines, rows, said, record.LogRate, lines-record.LogRate)
		}
	})
}

func TestACallToAStoreIsADependency(t *testing.T) {
	r, s := begin(t, 100, nil)
	r.Call(record.Call{
		At: time.Now(), Kind: "Azure blob", Method: "Open", Target: "shop.blob.core.windows.net", Path: "images/2026/cat.jpg", URL: "images/2026/cat.jpg?sig=hush", Status: 503,
		Duration: 20 * time.Millisecond, In: 100, Trace: traceparent, Reason: "store unavailable: AccountKey=abc",
	})
	r.Stop()
	want := map[string]any{
		"type": "Azure blob", "name": "Open images", "target": "shop.blob.core.windows.net", "data": "images/2026/cat.jpg?sig=***", "duration": 20.0,
		"success": "False", "resultCode": "503", "operation_Id": "4bf92f3577b34da6a3ce929d0e0e4736", "operation_ParentId": "00f067aa0ba902b7",
		"cloud_RoleInstance": "web-1", "customDimensions.worker": nil, "customDimensions.bytesIn": "100", "customDimensions.reason": "store unavailable: AccountKey=***",
	}
	if diff := cmp.Diff(want, pick(s.only("dependencies"), columns(want)...)); diff != "" {
		t.Errorf("the row of a call to a store (-want +got)\n%s", diff)
	}
}

func TestCallsToStoresAreCountedByWhatTheyWere(t *testing.T) {
	r, s := begin(t, 10, nil)
	for n := range 1000 {
		for _, method := range []string{"Lease", "Put", "Done"} {
			r.Call(record.Call{At: time.Now(), Kind: "file queue", Method: method, Path: "pictures", Success: method != "Put" || n > 0, Status: 200})
		}
	}
	for n := range 1000 { // more kinds than rows for them, and never lost
		r.Call(record.Call{At: time.Now(), Kind: "file queue", Method: "Depth", Path: fmt.Sprint("queue-", n), Success: true, Status: 200})
	}
	r.Call(record.Call{At: time.Now(), Kind: "HTTP", Method: "GET", Target: "api.example", URL: "http://api.example/", Path: "/", Status: 200, Success: true})
	r.Stop()
	byName := map[string]int{}
	for _, row := range s.rows["dependencies"] {
		byName[strings.TrimRight(row["name"].(string), "0123456789")] += int(row["itemCount"].(float64))
	}
	want := map[string]int{"Lease pictures": 1000, "Put pictures": 1000, "Done pictures": 1000, "Depth queue-": 1000, "GET /": 1}
	if diff := cmp.Diff(want, byName); diff != "" {
		t.Errorf("sum(itemCount) by name (-want +got)\n%s", diff)
	}
	if rows := len(s.rows["dependencies"]); rows > 300 {
		t.Errorf("%d rows in a second, want at most 300", rows)
	}
}

func TestQueuesAndFunctionsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r, s := begin(t, 100, func() record.Look {
			n++
			l := record.Look{At: time.Now()}
			if n <= 3 {
				l.Queues = []record.Queue{
					{Store: "file", Name: "pictures", Total: int64(10 * n), Leased: 4, Oldest: 2 * time.Second, Poison: 1},
					{Store: "nats", Name: "pictures", Total: 7, Leased: -1},
				}
				l.Functions = []record.Function{{Name: "resize", InFlight: 3, Waiting: 2}}
			}
			return l
		})
		time.Sleep(5*time.Second + 100*time.Millisecond)
		synctest.Wait()
		r.Stop()
		got := map[string][]float64{}
		for _, row := range s.rows["performanceCounters"] {
			if category := row["category"]; category == "Queue" || category == "Function" {
				store := pick(row, "customDimensions.store")["customDimensions.store"]
				key := fmt.Sprint(row["counter"], "/", row["instance"], "/", store)
				got[key] = append(got[key], row["value"].(float64))
			}
		}
		want := map[string][]float64{
			"Messages/pictures/file": {10, 20, 30}, "Messages Leased/pictures/file": {4, 4, 4}, "Poison Messages/pictures/file": {1, 1, 1}, "Oldest Message Age/pictures/file": {2, 2, 2},
			"Messages/pictures/nats": {7, 7, 7}, "Poison Messages/pictures/nats": {0, 0, 0}, "Oldest Message Age/pictures/nats": {0, 0, 0},
			"Invocations In Flight/resize/<nil>": {3, 3, 3}, "Invocations Waiting/resize/<nil>": {2, 2, 2},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the counters of work (-want +got)\n%s", diff)
		}
		metrics := map[string]int{}
		for _, row := range s.rows["customMetrics"] {
			d, _ := row["customDimensions"].(map[string]any)
			metrics[fmt.Sprint(row["name"], "/", d["store"], "/", d["queue"], "/", d["function"])]++
		}
		for key, rows := range map[string]int{
			"queue_messages/file/pictures/<nil>": 3, "queue_messages/nats/pictures/<nil>": 1, "queue_messages_leased/nats/pictures/<nil>": 0,
			"queue_messages_poison/file/pictures/<nil>": 1, "queue_oldest_seconds/file/pictures/<nil>": 1,
			"function_in_flight/<nil>/<nil>/resize": 1, "function_waiting/<nil>/<nil>/resize": 1,
		} {
			if metrics[key] != rows {
				t.Errorf("customMetrics %s: %d rows, want %d: one a change", key, metrics[key], rows)
			}
		}
	})
}

func BenchmarkInvocation(b *testing.B) {
	r := record.New(record.Config{Append: func(string, int64, []byte) error { return nil }, Rate: 200})
	r.Start()
	defer r.Stop()
	i := resize(true)
	b.ReportAllocs()
	for b.Loop() {
		r.Invocation(i)
	}
}

func BenchmarkACallToAStore(b *testing.B) {
	r := record.New(record.Config{Append: func(string, int64, []byte) error { return nil }, Rate: 200})
	r.Start()
	defer r.Stop()
	c := record.Call{At: time.Now(), Kind: "file queue", Method: "Lease", Path: "pictures", Success: true, Status: 200}
	b.ReportAllocs()
	for b.Loop() {
		r.Call(c)
	}
}
