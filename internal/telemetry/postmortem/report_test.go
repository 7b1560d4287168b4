package postmortem_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

var update = flag.Bool("update", false, "write the golden files anew")

var death = time.Date(2026, 11, 21, 2, 33, 44, 123e6, time.UTC)

func frozen() postmortem.Report {
	before := func(d time.Duration) time.Time { return death.Add(-d) }
	r := postmortem.Report{
		Version: postmortem.Version, ID: "20261121T023344.123Z-w3", At: death, Worker: "w3", PID: 4711,
		Command: []string{"gunicorn", "-b", "127.0.0.1:20113", "app:app"},
		Started: before(3*time.Hour + 12*time.Minute), Ready: before(3*time.Hour + 12*time.Minute - 1240*time.Millisecond),
		Verdict: postmortem.Judge(postmortem.Evidence{
			Signal: 9, OwnKill: "it was about to pass 256MiB within 9ms", Frozen: true, CountersKnown: true, OwnCgroup: true,
			LastUsed: 249 * mib, Limit: 256 * mib, Slope: 812 * mib,
		}),
		Used: 249 * mib, Limit: 256 * mib, DecidedBy: "worker-cgroup", Band: "emergency", Slope: 812 * mib, Trend: 210 << 10, PSISomeAvg10: 1.5,
		Leak: &postmortem.Leak{
			State: trend.Confirmed, Class: trend.Managed, Cause: "goroutines", Since: before(3 * time.Hour), Why: "grew over 3h0m0s and does not slow",
			PerSecond: &trend.Interval{Lo: 8 << 10, Mid: 9 << 10, Hi: 10 << 10}, PerRequest: &trend.Interval{Lo: 23 << 10, Mid: 24 << 10, Hi: 25 << 10},
		},
		InFlight: []postmortem.Request{
			{Method: "GET", Path: "/report/2026", Age: 380 * time.Millisecond},
			{Method: "POST", Path: "/upload", Size: 12 * mib, Age: 3240 * time.Millisecond},
			{Method: "POST", Path: "/stream", Size: -1, Age: 95 * time.Second},
		},
		Ladder: []postmortem.Line{
			{At: before(80 * time.Second), Source: "band_changed", Text: "Memory band changed from healthy to degraded: 192MiB of 256MiB"},
			{At: before(79 * time.Second), Source: "cleanup_asked", Text: "Asking worker process w3 to give memory back"},
			{At: before(75 * time.Second), Source: "cleanup_done", Text: "Cleanup in worker process w3 freed 3MiB of 193MiB: not useful"},
			{At: before(4 * time.Millisecond), Source: "frozen", Text: "Worker process frozen within 210µs: growing by 812MiB/s"},
		},
		Output: []postmortem.Line{
			{At: before(900 * time.Millisecond), Source: "stdout", Text: "GET /report/2026 started"},
			{At: before(40 * time.Millisecond), Source: "stderr", Text: "\x1b[31mMemoryError\x1b[0m in \u202ereport.py"},
		},
	}
	for i := 300; i > 0; i-- {
		at := before(time.Duration(i) * time.Second)
		r.Curve = append(r.Curve, postmortem.Point{At: at, Used: int64(130*mib + float64(300-i)*0.25*mib + 4*mib*math.Sin(float64(i)/7)), Limit: 256 * mib})
	}
	r.Curve = append(r.Curve, postmortem.Point{At: before(time.Millisecond), Used: 249 * mib, Limit: 256 * mib})
	return r
}

func bare() postmortem.Report {
	return postmortem.Report{
		Version: postmortem.Version, At: death, Worker: "w1", PID: 12, Command: []string{"sh", "-c", "exit 127"}, Started: death.Add(-3 * time.Millisecond),
		Verdict: postmortem.Judge(postmortem.Evidence{Code: 127, NeverReady: "it ended before it was ready"}), Limit: memory.Unlimited,
	}
}

func TestAReportLooksAsItDidWhenItWasLookedAt(t *testing.T) {
	for name, r := range map[string]postmortem.Report{"frozen": frozen(), "bare": bare()} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := r.WriteText(&got, 80, false); err != nil {
				t.Fatalf("WriteText: %v", err)
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("WriteText: -want +got\n%s", diff)
			}
		})
	}
}

func TestWhatAWorkerPrintedDoesNotReachTheTerminalAsAnOrder(t *testing.T) {
	r := frozen()
	r.Command = append(r.Command, "\x1b]0;owned\a")
	r.InFlight = append(r.InFlight, postmortem.Request{Method: "G\x1b[2JT", Path: "/\x9b31m"})
	var got bytes.Buffer
	if err := r.WriteText(&got, 80, false); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"WriteText": got.String(), "Summary": r.Summary()} {
		if i := strings.IndexFunc(text, func(c rune) bool { return c != '\n' && c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 || c == 0x202e }); i >= 0 {
			t.Errorf("%s passes %q on", name, text[i:min(i+8, len(text))])
		}
	}
}

func TestAReportReadsBackFromJSON(t *testing.T) {
	want := frozen()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got postmortem.Report
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("Unmarshal(%s): %v", text, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Unmarshal(Marshal(report)): -want +got\n%s", diff)
	}
	if !bytes.Contains(text, []byte(`"age":3.24`)) {
		t.Errorf("Marshal(report) does not tell an age of 3.24 seconds: %s", text)
	}
}

func TestASummaryFitsAndBeginsWithTheReason(t *testing.T) {
	r := frozen()
	for i := range 300 {
		r.Output = append(r.Output, postmortem.Line{At: death, Source: "stderr", Text: fmt.Sprint(i, strings.Repeat("ü", 2000))})
		r.InFlight = append(r.InFlight, postmortem.Request{Method: "GET", Path: strings.Repeat("/ä", 90)})
	}
	got := r.Summary()
	if len(got) > 4096 || !utf8.ValidString(got) {
		t.Errorf("Summary() has %d bytes (valid UTF-8: %v), want at most 4096", len(got), utf8.ValidString(got))
	}
	if first, _, _ := strings.Cut(got, "\n"); !strings.Contains(first, r.Verdict.Text) {
		t.Errorf("Summary() begins with %q, want the verdict", first)
	}
}
