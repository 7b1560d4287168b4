package admin

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
)

func leaking() *guard.Trend {
	return &guard.Trend{
		Worker: "w3", At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Clock: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
		Used: 300 << 20, Limit: 512 << 20, Age: 14400, Grown: 90 << 20,
		Report: trend.Report{
			State: trend.Confirmed, Class: trend.Managed, Cause: "goroutines", Driver: trend.ByRequests, Since: trend.Moment(time.Hour),
			PerSecond: &trend.Interval{Lo: 9000, Mid: 9500, Hi: 10000}, PerRequest: &trend.Interval{Lo: 24000, Mid: 24500, Hi: 25000},
			TimeToLimit: &trend.Interval{Lo: 30000, Mid: 40000, Hi: math.Inf(1)}, Why: "grew over 3h0m0s and does not slow",
		},
		Course: []guard.Point{{At: trend.Moment(10 * time.Second), Least: 5, Most: 9}},
	}
}

// fixed sends the trend of workers that a guard would have to have.
type fixed []*guard.Trend

func (f fixed) Describe(chan<- *prometheus.Desc) {}

func (f fixed) Collect(out chan<- prometheus.Metric) {
	for _, t := range f {
		scrape{out}.trend(t)
	}
}

func TestAScrapeTellsWhatLeaks(t *testing.T) {
	young := &guard.Trend{Worker: "w4", Report: trend.Report{State: trend.Warming}}
	registry := prometheus.NewRegistry()
	registry.MustRegister(fixed{leaking(), young, nil})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	body := w.Body.String()
	for _, test := range []struct{ line, why string }{
		{`stanch_worker_leak{state="confirmed",worker="w3"} 1`, "the state"},
		{`stanch_worker_leak{state="ok",worker="w3"} 0`, "a state that it is not in"},
		{`stanch_worker_leak{state="warming",worker="w4"} 1`, "one that is too young"},
		{`stanch_worker_leak_bytes_per_second{bound="lo",worker="w3"} 9000`, "the lower bound"},
		{`stanch_worker_leak_bytes_per_second{bound="hi",worker="w3"} 10000`, "the upper bound"},
		{`stanch_worker_leak_bytes_per_request{bound="mid",worker="w3"} 24500`, "for each request"},
		{`stanch_worker_leak_seconds_to_limit{bound="lo",worker="w3"} 30000`, "the soonest"},
		{`stanch_worker_leak_seconds_to_limit{bound="hi",worker="w3"} +Inf`, "never"},
	} {
		if !strings.Contains(body, test.line+"\n") {
			t.Errorf("GET /metrics, %s: no line %s in\n%s", test.why, test.line, body)
		}
	}
	if strings.Contains(body, `per_second{bound="lo",worker="w4"}`) {
		t.Errorf("GET /metrics has a rate of a worker that has none:\n%s", body)
	}
	page, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	families := 0
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			families++
			name, help, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if !strings.Contains(string(page), "`"+name+"{") || !strings.Contains(string(page), help) {
				t.Errorf("docs/reference/metrics.md does not have %s, %s", name, help)
			}
		}
	}
	if families != 4 {
		t.Errorf("%d families, want 4", families)
	}
}

func TestATrendIsOneObjectWithItsCourse(t *testing.T) {
	of := leaking()
	text, err := json.Marshal(Trend{of, of.Course})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"worker": "w3", "at": "2026-11-21T12:00:00Z", "clock_began": "2026-11-21T08:00:00Z", "used": 300.0 * (1 << 20), "limit": 512.0 * (1 << 20),
		"seconds_served": 14400.0, "leaked": 90.0 * (1 << 20),
		"state": "confirmed", "class": "managed", "cause": "goroutines", "driver": "requests", "since": 3600.0,
		"per_second":    map[string]any{"lo": 9000.0, "mid": 9500.0, "hi": 10000.0},
		"per_request":   map[string]any{"lo": 24000.0, "mid": 24500.0, "hi": 25000.0},
		"time_to_limit": map[string]any{"lo": 30000.0, "mid": 40000.0, "hi": nil},
		"segments":      nil, "why": "grew over 3h0m0s and does not slow",
		"course": []any{map[string]any{"seconds": 10.0, "least": 5.0, "most": 9.0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("GET /trend: -want +got\n%s", diff)
	}
	status, err := json.Marshal(guard.WorkerStatus{ID: "w3", Trend: of})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(status), `"trend":{"worker":"w3"`) || strings.Contains(string(status), "course") {
		t.Errorf("GET /status has %s, want the trend without its course", status)
	}
}
