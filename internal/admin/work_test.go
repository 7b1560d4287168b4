package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// begin is an admin over a guard that guards nothing.
func begin(t *testing.T, look func() view.View, invoke admin.Invoke) *admin.Admin {
	t.Helper()
	g, err := gauge.New(gauge.Config{TreeEvery: time.Hour, SlowEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return admin.New(admin.Config{
		Guard:   guard.New(guard.Config{}, guard.Parts{Gauge: g, Dispatch: dispatch.New(dispatch.Config{})}),
		Stats:   func() proxy.Stats { return proxy.Stats{Latency: make([]int64, len(proxy.Buckets())+1)} },
		Flights: func() []proxy.Request { return nil },
		Counts:  func() map[string]int64 { return nil },
		Version: "1.2", Work: look, Invoke: invoke,
	})
}

func ask(h http.Handler, r *http.Request) (status int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func local(method, target, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	return r
}

func busy() view.View {
	return view.View{
		Functions: []view.Function{
			{
				Name: "resize", Trigger: "queueTrigger", State: view.Running, InFlight: 3, Waiting: 2, Succeeded: 10, Failed: 4, Poisoned: 1,
				LastError: "no such picture", Cost: view.Cost{Factor: 4.5, Fixed: 1 << 20, Seen: 7},
			},
			{Name: "nightly", Trigger: "timerTrigger", State: view.Paused, Reason: "its store is away"},
		},
		Queues: []view.Queue{
			{
				Store: "file", Name: "pictures", Total: 12, Leased: 3, OldestSeconds: 1.5, PoisonTotal: 1,
				Poison: []view.Reason{{ID: "m-7", Why: "it killed two workers", At: time.Date(2026, 4, 5, 1, 30, 0, 0, time.UTC), Postmortem: "20260405T0129"}},
			},
			{Store: "nats", Name: "orders", Total: 5, Leased: -1},
			{Store: "Azure", Name: "gone", Total: 99, Leased: 99, Err: "store unavailable"},
		},
		Room: view.Room{Used: 100, Ceiling: 1000, Base: 50, Reserved: 20, Inside: 3, Waiting: 2, Shadow: true},
	}
}

func TestAScrapeHasTheSeriesOfWork(t *testing.T) {
	_, body := ask(begin(t, busy, nil), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, test := range []struct{ line, why string }{
		{`stanch_function_invocations_total{function="resize",outcome="succeeded"} 10`, "what succeeded"},
		{`stanch_function_invocations_total{function="resize",outcome="failed"} 4`, "what failed"},
		{`stanch_function_poisoned_total{function="resize"} 1`, "what was given up"},
		{`stanch_function_invocations_total{function="nightly",outcome="succeeded"} 0`, "a counter is there before its first event, so that rate() sees it"},
		{`stanch_function_in_flight{function="resize"} 3`, "in flight"},
		{`stanch_function_waiting{function="resize"} 2`, "waiting"},
		{`stanch_function_paused{function="nightly"} 1`, "paused"},
		{`stanch_function_paused{function="resize"} 0`, "not paused"},
		{`stanch_function_cost_factor{function="resize"} 4.5`, "the cost that grows"},
		{`stanch_function_cost_fixed_bytes{function="resize"} 1.048576e+06`, "the cost that does not"},
		{`stanch_queue_messages{queue="pictures",state="ready",store="file"} 9`, "total less leased"},
		{`stanch_queue_messages{queue="pictures",state="leased",store="file"} 3`, "leased"},
		{`stanch_queue_messages{queue="pictures",state="poison",store="file"} 1`, "poison"},
		{`stanch_queue_oldest_seconds{queue="pictures",store="file"} 1.5`, "age"},
		{`stanch_queue_messages{queue="orders",state="all",store="nats"} 5`, "a store that can't tell leased ones"},
		{`stanch_queue_up{queue="gone",store="Azure"} 0`, "a store that is away"},
		{`stanch_room_used_bytes 100`, "used"},
		{`stanch_room_ceiling_bytes 1000`, "ceiling"},
		{`stanch_room_base_bytes 50`, "base"},
		{`stanch_room_reserved_bytes 20`, "reserved"},
		{`stanch_room_inside 3`, "inside"},
		{`stanch_room_waiting 2`, "waiting"},
		{`stanch_room_shadow 1`, "shadow"},
		{`# TYPE stanch_function_invocations_total counter`, "a counter is typed as one"},
		{`# TYPE stanch_queue_messages gauge`, "a gauge too"},
		{`# HELP stanch_queue_oldest_seconds How long`, "each has a help"},
	} {
		if !strings.Contains(body, test.line) {
			t.Errorf("GET /metrics, %s: no line %s in\n%s", test.why, test.line, body)
		}
	}
	for _, absent := range []string{`stanch_queue_messages{queue="gone"`, `stanch_queue_messages{queue="orders",state="leased"`} {
		if strings.Contains(body, absent) {
			t.Errorf("GET /metrics has %s: what is not known is no figure", absent)
		}
	}
	if _, body := ask(begin(t, nil, nil), httptest.NewRequest(http.MethodGet, "/metrics", nil)); strings.Contains(body, "stanch_function") || strings.Contains(body, "stanch_room") || !strings.Contains(body, "stanch_ready") {
		t.Errorf("GET /metrics without functions: want the series of the guard and none of work, got\n%s", body)
	}
}

func TestTheReferenceHasEveryMetric(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, body := ask(begin(t, busy, nil), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	families := 0
	for line := range strings.Lines(body) {
		rest, ok := strings.CutPrefix(line, "# HELP ")
		if !ok {
			continue
		}
		families++
		name, help, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "`"+name+"{") || !strings.Contains(string(page), help) {
			t.Errorf("docs/reference/metrics.md does not have %s, %s", name, help)
		}
	}
	if families < 30 {
		t.Errorf("GET /metrics has %d families, want at least 30: all are to be in the reference", families)
	}
}

func TestTheStatusTellsOfWork(t *testing.T) {
	_, body := ask(begin(t, busy, nil), httptest.NewRequest(http.MethodGet, "/status", nil))
	var got struct{ Work *view.View }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("GET /status: %v\n%s", err, body)
	}
	want := busy()
	if diff := cmp.Diff(&want, got.Work); diff != "" {
		t.Errorf("work in /status (-want +got)\n%s", diff)
	}
	if _, body := ask(begin(t, nil, nil), httptest.NewRequest(http.MethodGet, "/status", nil)); strings.Contains(body, `"work"`) {
		t.Errorf("GET /status without functions has work:\n%s", body)
	}
}

func TestAFunctionIsInvokedByHand(t *testing.T) {
	invoke := func(_ context.Context, name string, payload io.Reader, contentType string) (view.Answer, error) {
		switch name {
		case "away":
			return view.Answer{}, &work.Unavailable{Err: errors.New("stanch drains")}
		case "small":
			return view.Answer{}, errors.New("no name of a blob")
		case "resize":
		default:
			return view.Answer{}, fmt.Errorf("function %q: %w\nhint: resize and nightly are there", name, work.ErrAbsent)
		}
		body, err := io.ReadAll(payload)
		if err != nil {
			return view.Answer{}, fmt.Errorf("read the payload: %w", err)
		}
		if string(body) == "broken" {
			return view.Answer{Status: view.Failed, Invocation: "i-2", Error: "ValueError: no picture"}, nil
		}
		output, err := json.Marshal(contentType + " " + string(body))
		return view.Answer{Status: view.Succeeded, Invocation: "i-1", Output: output, DurationMs: 1.5, Logs: []view.Line{{Level: "Information", Text: "done"}}}, err
	}
	post := func(target, body string) *http.Request {
		r := local(http.MethodPost, target, body)
		r.Header.Set("Content-Type", "text/plain")
		return r
	}
	remote := post("/functions/resize", "x")
	remote.RemoteAddr = "192.0.2.1:50000"
	for _, test := range []struct {
		why    string
		invoke admin.Invoke
		r      *http.Request
		status int
		says   []string
	}{
		{"it succeeds", invoke, post("/functions/resize", "cat.jpg"), 200, []string{`"status": "succeeded"`, `"output": "text/plain cat.jpg"`, `"durationMs": 1.5`, `"text": "done"`}},
		{"that it fails is an answer", invoke, post("/functions/resize", "broken"), 200, []string{`"status": "failed"`, `"error": "ValueError: no picture"`, `"logs": []`}},
		{"there is none of that name", invoke, post("/functions/resise", "x"), 404, []string{`"hint": "resize and nightly are there"`}},
		{"nothing is let in", invoke, post("/functions/away", "x"), 503, []string{"stanch drains"}},
		{"what the function does not take", invoke, post("/functions/small", "x"), 400, []string{"no name of a blob"}},
		{"more than is held", invoke, post("/functions/resize", strings.Repeat("x", 16<<20+1)), 413, []string{"16777216"}},
		{"from elsewhere", invoke, remote, 403, []string{"this machine only"}},
		{"no functions are run", nil, post("/functions/resize", "x"), 404, []string{`"hint"`, "host.json"}},
		{"a look is no invocation", invoke, local(http.MethodGet, "/functions/resize", ""), 405, nil},
	} {
		status, body := ask(begin(t, nil, test.invoke), test.r)
		if status != test.status {
			t.Errorf("%s %s, %s: got %d %s, want %d", test.r.Method, test.r.URL, test.why, status, body, test.status)
		}
		for _, says := range test.says {
			if !strings.Contains(body, says) {
				t.Errorf("%s %s, %s: got %s, want %s in it", test.r.Method, test.r.URL, test.why, body, says)
			}
		}
	}
}
