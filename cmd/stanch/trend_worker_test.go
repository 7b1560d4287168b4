package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/admin"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

// told is a listener that answers GET /trend as stanch does.
func told(t *testing.T, workers ...guard.Trend) (address string) {
	t.Helper()
	answer := admin.Trends{Workers: []admin.Trend{}}
	for _, w := range workers {
		answer.Workers = append(answer.Workers, admin.Trend{Trend: &w, Course: w.Course})
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/trend" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(text)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func leakingWorker() guard.Trend {
	clock := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	return guard.Trend{
		Worker: "w3", At: clock.Add(5 * time.Hour), Clock: clock, Used: 300 << 20, Limit: 512 << 20, Age: 4 * 3600, Grown: 90 << 20,
		Report: trend.Report{
			State: trend.Confirmed, Class: trend.Managed, Cause: "goroutines", Driver: trend.ByRequests, Since: trend.Moment(90 * time.Minute),
			PerSecond: &trend.Interval{Lo: 8192, Mid: 9216, Hi: 10240}, PerRequest: &trend.Interval{Lo: 23 << 10, Mid: 24 << 10, Hi: 25 << 10},
			TimeToLimit: &trend.Interval{Lo: 30000, Mid: 36000, Hi: math.Inf(1)}, Why: "grew over 3h0m0s and does not slow",
			Segments: []trend.Segment{{To: trend.Moment(time.Hour), Generation: 1, Image: "a1", Ended: "restart"}, {From: trend.Moment(time.Hour), To: trend.Moment(5 * time.Hour), Generation: 2, Image: "a1"}},
		},
		Course: []guard.Point{{At: 0, Least: 100 << 20, Most: 101 << 20}, {At: trend.Moment(5 * time.Hour), Least: 300 << 20, Most: 301 << 20}},
	}
}

func TestARunningStanchIsAskedWhetherItsWorkersLeak(t *testing.T) {
	leaks, clean, young := leakingWorker(), leakingWorker(), leakingWorker()
	clean.Worker, clean.Report = "w4", trend.Report{State: trend.OK, Class: trend.Unknown, Driver: trend.Undetermined, Why: "does not grow"}
	young.Worker, young.Age, young.Report = "w5", 252, trend.Report{State: trend.Warming, Why: "too young to say"}
	one, ok, warming, all, fine, none := told(t, leaks), told(t, clean), told(t, young), told(t, clean, leaks, young), told(t, clean, young), told(t)
	other := httptest.NewServer(nil)
	defer other.Close()
	foreign := other.Listener.Addr().String()
	gone := httptest.NewServer(nil)
	free := gone.Listener.Addr().String()
	gone.Close()
	chart := filepath.Join(t.TempDir(), "chart.svg")
	const report = `confirmed: grew over 3h0m0s and does not slow
  worker     w3, serves for 4h0m, holds 300MiB of 512MiB
  an hour    31.6MiB (28.1MiB to 35.2MiB)
  a request  24KiB (23KiB to 25KiB), driven by requests
  limit      in 10h0m (8h20m to never)
  since      3h30m ago
  kind       managed, along with goroutines
  segments   2, the last one is judged; it began after: restart
`
	for _, test := range []struct {
		why            string
		args           []string
		environ        string
		code           int
		stdout, stderr string // what is in them
	}{
		{"the one worker", []string{"--admin", one}, "", 3, report, ""},
		{"it by its name", []string{"w3", "--admin", one}, "", 3, report, ""},
		{"its name behind an equals sign", []string{"--worker=w3", "--admin", all}, "", 3, report, ""},
		{"the variable names the address", nil, "STANCH_ADMIN=" + one, 3, report, ""},
		{"a clean one", []string{"--admin", ok}, "", 0, "ok: does not grow\n  worker     w4, serves for", ""},
		{"a young one", []string{"--admin", warming}, "", 4, "warming: too young to say\n  worker     w5, serves for 4m12s, holds 300MiB of 512MiB\n  judged     from 20m0s of service on", ""},
		{"several: the gravest decides", []string{"--admin", all}, "", 3, "w4    ok         does not grow\nw3    confirmed  grew over 3h0m0s and does not slow\nw5    warming    too young to say\n", ""},
		{"several, none of which leaks", []string{"--admin", fine}, "", 4, "w5    warming", ""},
		{"several as JSON", []string{"--json", "--admin", all}, "", 3, `"worker": "w5"`, ""},
		{"drawn", []string{"--plot", chart, "--admin", one}, "", 3, report, ""},
		{"several can't be drawn", []string{"--plot", chart, "--admin", all}, "", 2, "", "--plot draws one worker, and 3 serve\nhint: stanch trend --worker w4"},
		{"nobody of that name", []string{"w9", "--admin", all}, "", 2, "", "no worker w9 serves\nhint: w4, w3, w5 do"},
		{"nobody at all", []string{"--admin", none}, "", 1, "", "no worker serves just now"},
		{"nobody listens", []string{"--admin", free}, "", 1, "", "hint: is stanch run at work"},
		{"somebody else listens", []string{"--admin", foreign}, "", 1, "", "does not answer as stanch does\nhint: --admin"},
	} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), world{args: append([]string{"trend", "--worker"}, test.args...), environ: []string{test.environ}, stdout: &stdout, stderr: &stderr})
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) || test.stdout == "" && stdout.Len() > 0 || test.stderr == "" && stderr.Len() > 0 {
			t.Errorf("stanch trend --worker %v, %s: code %d, want %d\nstdout %q, want %q\nstderr %q, want %q", test.args, test.why, code, test.code, stdout.String(), test.stdout, stderr.String(), test.stderr)
		}
	}
	if svg, err := os.ReadFile(chart); err != nil || !strings.Contains(string(svg), "<svg") || !strings.Contains(string(svg), "5 h") {
		t.Errorf("the chart is %.200q, %v; want an svg of five hours", svg, err)
	}
}

// What is printed as JSON is what the guard told, to the last figure.
func TestAWorkersTrendAsJSONIsTheGuards(t *testing.T) {
	want := leakingWorker()
	var stdout, stderr strings.Builder
	if code := run(t.Context(), world{args: []string{"trend", "--worker", "--json", "--admin", told(t, want)}, stdout: &stdout, stderr: &stderr}); code != 3 {
		t.Fatalf("stanch trend --worker --json: code %d, want 3: %s", code, stderr.String())
	}
	same, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(same)+"\n", stdout.String()); diff != "" {
		t.Errorf("stanch trend --worker --json: -want +got\n%s", diff)
	}
}

// trendOf asks for the trend as the verb does, until it has this state.
func (s *stanch) trendOf(within time.Duration, state trend.State) (code int, stdout string) {
	s.t.Helper()
	address := strings.TrimPrefix(s.admin, "http://")
	for late := time.Now().Add(within); ; {
		var out, errs strings.Builder
		code = run(s.t.Context(), world{args: []string{"trend", "--worker", "--admin", address}, stdout: &out, stderr: &errs})
		if strings.HasPrefix(out.String(), string(state)+":") {
			return code, out.String()
		}
		if time.Now().After(late) {
			s.t.Fatalf("stanch trend --worker = %d %q %q, want the state %s", code, out.String(), errs.String(), state)
		}
	}
}

func TestAYoungWorkerIsNotJudged(t *testing.T) {
	s := begin(t, nil, "--memory-limit", "256MiB")
	s.await("worker_ready", "")
	if code, text := s.trendOf(patience, trend.Warming); code != 4 || !strings.Contains(text, "too young to say") || !strings.Contains(text, "w1, serves for") {
		t.Errorf("stanch trend --worker = %d %q, want 4, that it is too young, and how young", code, text)
	}
	if _, body := s.probe("/metrics"); !strings.Contains(body, `stanch_worker_leak{state="warming",worker="w1"} 1`) {
		t.Errorf("GET /metrics does not say that w1 is warming:\n%s", body)
	}
	var status struct {
		Workers []struct {
			ID    string
			Tree  struct{ FDs int }
			Trend struct{ State, Worker string }
		}
	}
	_, body := s.probe("/status")
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatal(err)
	}
	if len(status.Workers) != 1 || status.Workers[0].Trend.State != "warming" || status.Workers[0].Trend.Worker != "w1" {
		t.Errorf("GET /status has workers %+v, want w1 with its trend", status.Workers)
	}
}

// A leak of minutes takes three until it is told from a start: these tests wait
// for it side by side.
const minutes = 7 * time.Minute

func awaitCritical(t *testing.T, args ...string) *stanch {
	t.Helper()
	if testing.Short() {
		t.Skip("it takes four minutes")
	}
	// The bands are out of the way: what is replaced before them is so for its leak.
	s := begin(t, []string{"GROW_MBPS=0.75"}, append([]string{"--memory-limit", "256MiB", "--degraded", "88%", "--critical", "93%"}, args...)...)
	late := time.After(minutes)
	for s.count("leak_changed") == 0 {
		select {
		case <-s.more:
		case <-s.ended:
			t.Fatal("stanch ended before the leak was told")
		case <-late:
			_, status := s.probe("/status")
			t.Fatalf("no leak is told in %v; the status is %s", minutes, status)
		}
	}
	return s
}

func TestALeakOfMinutesIsToldEverywhere(t *testing.T) {
	t.Parallel()
	s := awaitCritical(t, "--leak-replace", "never")
	e := s.await("leak_changed", "Leak critical in worker process w1")
	if e.Worker != "w1" || !strings.Contains(e.Text, "an hour") || !strings.Contains(e.Text, "from the limit") {
		t.Errorf("the event is %+v, want the worker, the rate and how far from the limit", e)
	}
	s.await("alert", "leak-replace: never")
	code, text := s.trendOf(patience, trend.Critical)
	if code != 3 || !strings.Contains(text, "an hour") || !strings.Contains(text, "limit      in ") {
		t.Errorf("stanch trend --worker = %d %q, want 3, a rate and a limit", code, text)
	}
	rates := map[string]float64{}
	_, body := s.probe("/metrics")
	for line := range strings.Lines(body) {
		var value float64
		for _, bound := range []string{"lo", "mid", "hi"} {
			if _, err := fmt.Sscanf(line, `stanch_worker_leak_bytes_per_second{bound="`+bound+`",worker="w1"} %g`, &value); err == nil {
				rates[bound] = value / (1 << 20)
			}
		}
	}
	if rates["mid"] < 0.7 || rates["mid"] > 0.8 || rates["lo"] > rates["mid"] || rates["hi"] < rates["mid"] {
		t.Errorf("GET /metrics has the rates %v MiB a second, want 0.75 in the middle", rates)
	}
	if !strings.Contains(body, `stanch_worker_leak{state="critical",worker="w1"} 1`) || !strings.Contains(body, `stanch_worker_leak_seconds_to_limit{bound="mid",worker="w1"}`) {
		t.Errorf("GET /metrics does not have the state critical and the seconds to the limit:\n%s", body)
	}
	if n := s.count("replace_started"); n != 0 {
		t.Fatalf("%d replacements, want none: they are turned off", n)
	}

	var pid int
	if _, err := fmt.Sscanf(s.await("worker_started", "").Text, "Worker process started (pid %d", &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await("postmortem_saved", "")
	list := s.reports()
	if len(list) != 1 {
		t.Fatalf("post-mortems: %v, want one", list)
	}
	saved, err := os.ReadFile(filepath.Join(s.data, "postmortems", list[0].ID+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var report postmortem.Report
	if err := json.Unmarshal(saved, &report); err != nil {
		t.Fatal(err)
	}
	if l := report.Leak; l == nil || l.State != trend.Critical || l.PerSecond == nil || l.PerSecond.Mid <= 0 || !l.Since.After(report.Started) {
		t.Errorf("the post-mortem has the leak %+v, want it critical, with a rate, since after %v", l, report.Started)
	}
	s.end(syscall.SIGTERM) // the tables are whole now
	rows := s.ask(`customEvents | where name == "leak_changed" | project worker = tostring(customDimensions.worker), state = tostring(customDimensions.state), rate = todouble(customMeasurements.bytesPerSecond)`)
	if len(rows) != 1 || rows[0][0] != "w1" || rows[0][1] != "critical" || rows[0][2].(float64) < 0.7*(1<<20) {
		t.Errorf("customEvents has %v, want w1 critical with its rate", rows)
	}
}

func TestACriticalLeakIsReplacedLongBeforeItsLimit(t *testing.T) {
	t.Parallel()
	s := awaitCritical(t)
	started := s.await("replace_started", "it leaks, by ")
	if !strings.Contains(started.Text, "w1 (overlap)") || !strings.Contains(started.Text, "its limit is near") {
		t.Errorf("the replacement is told as %q, want an overlap of w1 for its leak", started.Text)
	}
	s.await("replace_done", "Worker process w1 replaced by w2")
	if n := s.count("band_changed"); n != 0 {
		t.Errorf("%d changes of the band, want none: the leak was called before", n)
	}
	if code, text := s.trendOf(patience, trend.Warming); code != 4 || !strings.Contains(text, "w2, serves for") || !strings.Contains(text, "restart") {
		t.Errorf("stanch trend --worker = %d %q, want 4: w2 is another one, and warms up", code, text)
	}
}
