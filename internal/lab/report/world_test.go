package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/report"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// The stories are simulated: no worker ran. All that is in them is arithmetic with a
// seed, judged by the verdict as evidence is.

const (
	mb = 1e6
	gb = 1e9
)

var began = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

func bytesOf(v float64) *lab.Value { return &lab.Value{Number: v, Unit: lab.Bytes} }
func shareOf(v float64) *lab.Value { return &lab.Value{Number: v, Unit: lab.Share} }
func msOf(v float64) *lab.Value    { return &lab.Value{Number: v, Unit: lab.Duration} }

// blobs is the experiment of the stories about one worker.
func blobs() *lab.Experiment {
	incident, recovery := []string{"incident"}, []string{"recovery"}
	return &lab.Experiment{
		Name: "blob-oom",
		Hypothesis: lab.Hypothesis{
			Claim:          "A function that is given large blobs whole, many at once, drives its worker over the memory of its plan; reading them in pieces, few at once, removes that.",
			Because:        "Each call holds its blob several times over, and up to 48 calls run at once.",
			SmallestEffect: *bytesOf(200 * mb),
		},
		Subject: lab.Subject{
			Variants: []lab.Variant{{Name: "buffered", Contract: lab.Functions}, {Name: "streamed", Contract: lab.Functions}},
			Start:    "buffered", Runtime: lab.PythonRuntime, Guard: lab.Bare, Store: lab.FileStore, Limit: lab.Limit{Memory: 3.5 * gb},
		},
		Load: lab.Load{Seed: 42, Streams: []lab.Stream{{Name: "uploads", Blob: &lab.Blob{}}, {Name: "small", Blob: &lab.Blob{}}}},
		Phases: []lab.Phase{
			{Name: "baseline", For: 45 * time.Second, Cycles: 1, Judge: true, Rates: []lab.Rate{{Stream: "small", PerSecond: 5}}},
			{Name: "load-1", For: 45 * time.Second, Cycles: 1, Judge: true, Rates: []lab.Rate{{Stream: "small", PerSecond: 5}, {Stream: "uploads", PerSecond: 1}}},
			{Name: "incident", For: 60 * time.Second, Cycles: 1, Judge: true, Rates: []lab.Rate{{Stream: "small", PerSecond: 5}, {Stream: "uploads", PerSecond: 8}}, Do: []lab.Action{{Limit: &lab.Limit{Allocation: 3.2 * gb}}}},
			{Name: "remediation", For: 6 * time.Second, Cycles: 1, Do: []lab.Action{{Use: "streamed"}}, Rates: []lab.Rate{{Stream: "small", PerSecond: 5}}},
			{Name: "recovery", For: 45 * time.Second, Cycles: 1, Judge: true, Rates: []lab.Rate{{Stream: "small", PerSecond: 5}, {Stream: "uploads", PerSecond: 8}}},
		},
		Collect: lab.Collect{Every: 200 * time.Millisecond, Calls: true},
		Signals: []lab.Signal{
			{Name: "critical", Says: "memory is in the critical band", Series: lab.Private, Bound: lab.Bound{Above: bytesOf(2.5 * gb)}},
			{Name: "slow", Says: "p95 of the calls is over 8 s", KQL: "requests | summarize p95 = percentile(duration, 95) by timestamp = bin(timestamp, 1s)", Bound: lab.Bound{Above: msOf(8000)}},
			{Name: "failing", Says: "more than 15 % of the calls fail", KQL: "requests | summarize failed = todouble(countif(success == false)) / count() by timestamp = bin(timestamp, 1s)", Bound: lab.Bound{Above: shareOf(0.15)}},
			{Name: "dependency-fails", Says: "calls of the store fail", KQL: "dependencies | where success == false | project timestamp"},
		},
		Controls: lab.Controls{Planted: &lab.Planted{Variant: "streamed", Size: 4 * bytesize.MiB, Per: lab.PerRequest, Window: []string{"baseline"}}},
		Gates: []lab.Gate{
			{ID: "landed", Check: lab.Landed, Bound: lab.Bound{AtLeast: shareOf(0.98)}},
			{ID: "samples", Check: lab.Coverage, Series: lab.Private, Bound: lab.Bound{AtLeast: shareOf(0.9)}},
		},
		Proof: []lab.Criterion{
			{ID: "healthy-at-first", Says: "With small blobs, memory is healthy.", Test: lab.Level, Window: []string{"baseline"}, Series: lab.Private, Quantile: 0.95, Bound: lab.Bound{Below: bytesOf(700 * mb)}, Confidence: 0.99},
			{ID: "critical", Says: "With large blobs, it gets into the critical band.", Test: lab.Level, Window: incident, Series: lab.Private, Quantile: 0.9, Bound: lab.Bound{AtLeast: bytesOf(2.5 * gb)}, Confidence: 0.99},
			{ID: "memory-error", Says: "An allocation failed in the worker.", Test: lab.Query, Window: incident, KQL: "union traces, exceptions | where message has \"MemoryError\"\n| summarize n = count()", Bound: lab.Bound{Above: &lab.Value{}}},
			{ID: "killed", Says: "The kernel killed the worker.", Test: lab.Query, Window: incident, KQL: "traces | where message has \"exited with code 137\" | summarize n = count()", Bound: lab.Bound{Above: &lab.Value{}}},
			{ID: "at-the-same-time", Says: "Memory, latency and failures go bad together.", Test: lab.Together, Window: incident, Signals: []string{"critical", "slow", "failing"}, Tolerance: 3 * time.Second, Overlap: 0.5, Confidence: 0.95},
			{ID: "memory-is-back", Says: "Streaming keeps memory below 1.2 GB under the load of the incident.", Test: lab.Level, Window: recovery, Series: lab.Private, Quantile: 0.95, Bound: lab.Bound{Below: bytesOf(1.2 * gb)}, Confidence: 0.95},
			{ID: "latency-is-back", Says: "So it keeps p95 below 1.2 s.", Test: lab.Percentile, Window: recovery, Quantile: 0.95, Bound: lab.Bound{Below: msOf(1200)}, Confidence: 0.99},
			{ID: "failures-are-gone", Says: "Fewer than 1 % fail.", Test: lab.Query, Window: recovery, KQL: "requests | summarize failed = todouble(countif(success == false)) / count()", Bound: lab.Bound{Below: shareOf(0.01)}},
		},
		Disproof: []lab.Criterion{
			{ID: "never-critical", Says: "Memory stays out of the critical band in the incident.", Test: lab.Level, Window: incident, Series: lab.Private, Quantile: 0.9, Bound: lab.Bound{Below: bytesOf(2.5 * gb)}, Confidence: 0.95},
			{ID: "streaming-changes-nothing", Says: "Under the same load, streaming takes as much memory.", Test: lab.Level, Window: recovery, Series: lab.Private, Quantile: 0.9, Bound: lab.Bound{AtLeast: bytesOf(2.5 * gb)}, Confidence: 0.95},
			{ID: "dependency-at-fault", Says: "The worker lives, and calls fail because the store does.", Test: lab.Query, Window: incident, KQL: "dependencies | summarize failed = todouble(countif(success == false)) / count()", Bound: lab.Bound{Above: shareOf(0.15)}},
		},
		Alternates: []lab.Alternate{{Cause: "the store failed or was slow", Signal: "dependency-fails"}},
		Repeat:     lab.Repeat{Least: 1, Most: 1},
		Version:    lab.Version{Speed: 20, Scale: 1},
	}
}

// story is what a simulated worker does.
type story struct {
	high       float64 // private bytes in the incident
	kills      int
	errors     int
	dependency float64 // share of failed calls of the store in the incident
	planted    float64 // bytes a request that the planted control keeps
	until      float64 // seconds at which it was aborted; 0 is not
}

// findings of a story.
func (s story) findings(t *testing.T, seed uint64) *report.Findings {
	t.Helper()
	e := blobs()
	r := rand.New(rand.NewPCG(seed, 1))
	control := s
	control.until = 0
	all := []lab.Record{control.run(e, r, 1, timeline.Planted, "streamed", "baseline"), s.run(e, r, 2, timeline.Trial, "buffered")}
	f := &report.Findings{Experiment: e, Records: all, Manifest: manifest(e)}
	for i := range all {
		f.Answers = append(f.Answers, s.answers(e, &all[i])...)
	}
	f.Manifest.State = lab.Complete
	if s.until > 0 {
		f.Manifest.State, f.Manifest.Why = lab.Aborted, "interrupted"
	}
	judge(t, f)
	return f
}

func manifest(e *lab.Experiment) lab.Manifest {
	return lab.Manifest{
		Format: 1, Name: e.Name, Stanch: "v0.6.0", Speed: e.Version.Speed, Scale: 1, Seed: e.Load.Seed, Started: began.Add(-time.Minute), Ended: began.Add(9 * time.Minute),
		Machine: lab.Machine{Kernel: "6.18.5", Arch: "amd64", CPUs: 2, Memory: 24 << 30, Cgroup: "v1", Clock: "tsc"},
	}
}

// judge fills the findings in as whoever derives a bundle does.
func judge(t *testing.T, f *report.Findings) {
	t.Helper()
	e := f.Experiment
	v, err := ask.Judge(e, f.Records, f.Answers)
	if err != nil {
		t.Fatalf("ask.Judge: %v", err)
	}
	if f.Manifest.State == lab.Complete {
		f.Verdict = &v
	}
	of := func(id string, results []verdict.Result) (found []verdict.Result) {
		for _, r := range results {
			if f.Manifest.State == lab.Complete && (r.ID == id || strings.HasPrefix(r.ID, id+"/")) {
				found = append(found, r)
			}
		}
		return found
	}
	add := func(part, id, says, test string, window []string, bound string, results []verdict.Result) {
		f.Criteria = append(f.Criteria, report.Criterion{Part: part, ID: id, Says: says, Test: test, Window: window, Bound: bound, Results: of(id, results)})
	}
	for _, c := range e.Proof {
		add(report.Proof, c.ID, c.Says, string(c.Test), c.Window, "", v.Proof)
	}
	for _, c := range e.Disproof {
		add(report.Disproof, c.ID, c.Says, string(c.Test), c.Window, "", v.Disproof)
	}
	for _, g := range e.Gates {
		add(report.Gate, g.ID, "", string(g.Check), g.Window, "", v.Gates)
	}
	if c := e.Controls.Planted; c != nil {
		add(report.Control, ask.Planted, "A planted leak is found.", "growth", c.Window, "", v.Controls)
	}
	if c := e.Controls.Same; c != nil {
		add(report.Control, ask.Same, "The same variant twice does not differ.", "growth", c.Window, "", v.Controls)
	}
}

// run simulates a run of the phases named, of all without names.
func (s story) run(e *lab.Experiment, r *rand.Rand, number int, role timeline.Role, variant string, phases ...string) lab.Record {
	out := lab.Record{Number: number, Role: string(role), Variant: variant, Order: 1, Began: began.Add(time.Duration(number) * 4 * time.Minute), Finished: s.until == 0}
	if role == timeline.Trial {
		out.Round = 1
	} else {
		out.Order = number
	}
	for _, span := range timeline.Spans(e, phases...) {
		out.Spans = append(out.Spans, lab.Span{Name: span.Phase.Name, From: span.Start.Seconds(), To: span.End.Seconds()})
	}
	event := func(at float64, kind lab.EventKind, generation, code int, text string) {
		out.Events = append(out.Events, lab.Event{At: at, Kind: kind, Generation: generation, Code: code, Text: text})
	}
	generation := 1
	event(-1.2, lab.EventStarted, 1, 0, "started "+variant)
	kills := s.kills
	requests, in := 0, -1
	level, bad := 420*mb, false
	var down float64 // until when there is no worker
	end := out.Spans[len(out.Spans)-1].To
	for at := 0.0; at < end; at += 0.2 {
		if s.until > 0 && at > s.until {
			out.Why, out.Spans = "interrupted", out.Spans[:in+1]
			out.Spans[in].To = at
			break
		}
		for in+1 < len(out.Spans) && at >= out.Spans[in+1].From {
			in++
			event(at, lab.EventPhase, 0, 0, out.Spans[in].Name)
			if out.Spans[in].Name == "remediation" {
				event(at+0.3, lab.EventAction, 0, 0, "go on with streamed")
				event(at+0.6, lab.EventExited, generation, 143, "")
				generation++
				event(at+1.2, lab.EventStarted, generation, 0, "started streamed")
				down = at + 1.2
			}
		}
		phase := out.Spans[in].Name
		since := at - out.Spans[in].From
		target := 430 * mb
		switch phase {
		case "load-1":
			target = 900 * mb
		case "incident":
			target = 900 * mb
			if since > 8 {
				target = s.high
			}
		case "recovery":
			target = 640 * mb
		}
		level += (target - level) * 0.25
		held := level + 25*mb*r.NormFloat64()
		if role == timeline.Planted {
			held += s.planted * float64(requests)
		}
		bad = phase == "incident" && since > 8 && (s.high > 2.5*gb || s.dependency > 0.15)
		if phase == "incident" && kills > 0 && since > 12+float64(s.kills-kills)*13 {
			kills--
			event(at, lab.EventExited, generation, 137, "")
			generation++
			event(at+1.4, lab.EventStarted, generation, 0, "started buffered")
			down, level = at+1.4, 1.8*gb
		}
		sample := lab.Sample{At: at, Generation: generation, Limit: 3.5 * gb, Stolen: 0.01}
		for i := range sample.Values {
			sample.Values[i] = math.NaN()
		}
		if at < down {
			sample.Generation = 0
		} else {
			sample.Values[0], sample.Values[1], sample.Values[2] = held*1.04, held, held*1.1
			sample.Values[7] = 14
		}
		out.Samples = append(out.Samples, sample)
		arrivals := 1
		if phase == "incident" || phase == "recovery" {
			arrivals = 2 + r.IntN(2)
		}
		for range arrivals {
			requests++
			due := at + 0.2*r.Float64()
			out.Sent = append(out.Sent, lab.Sent{Due: due, At: due, Done: due + 0.01, Stream: "small", Number: int64(requests)})
			took := 0.18 * math.Exp(0.4*r.NormFloat64())
			ok := true
			if bad {
				took, ok = 9+3*r.Float64(), r.Float64() > 0.35
			}
			if phase == "recovery" {
				took *= 1.6
			}
			out.Calls = append(out.Calls, lab.Call{At: due, Done: due + took, Name: "ingest", OK: ok})
		}
	}
	slices.SortFunc(out.Calls, func(a, b lab.Call) int { return int(math.Copysign(1, a.Done-b.Done)) })
	slices.SortFunc(out.Sent, func(a, b lab.Sent) int { return int(math.Copysign(1, a.Due-b.Due)) })
	slices.SortStableFunc(out.Events, func(a, b lab.Event) int { return int(math.Round(1e6 * (a.At - b.At))) })
	return out
}

// answers are those that the run's telemetry would have given.
func (s story) answers(e *lab.Experiment, r *lab.Record) (all []lab.Answer) {
	incident := slices.IndexFunc(r.Spans, func(s lab.Span) bool { return s.Name == "incident" })
	for _, q := range append(ask.Questions(e, []lab.Record{*r}), report.Questions(e, []lab.Record{*r})...) {
		a := lab.Answer{ID: q.ID, Part: q.Part, Run: q.Run, Window: q.Window, From: q.From, To: q.To, KQL: q.KQL}
		one := func(column string, v any) { a.Columns, a.Rows = []string{column}, [][]any{{v}} }
		switch q.ID {
		case "memory-error":
			one("n", int64(s.errors))
		case "killed":
			one("n", int64(s.kills))
		case "failures-are-gone":
			one("failed", 0.0)
		case "dependency-at-fault":
			one("failed", s.dependency)
		case "slow", "failing":
			a.Columns = []string{"timestamp", "value"}
			for second := range int(r.Spans[len(r.Spans)-1].To) {
				ms, failed := 0.0, 0.0
				n := 0
				for _, c := range r.Calls {
					if int(c.At) == second {
						n++
						ms = max(ms, 1000*(c.Done-c.At))
						if !c.OK {
							failed++
						}
					}
				}
				if n == 0 {
					continue
				}
				v := ms
				if q.ID == "failing" {
					v = failed / float64(n)
				}
				a.Rows = append(a.Rows, []any{r.Moment(float64(second)).Format("2006-01-02T15:04:05.0000000Z"), v})
			}
		case "dependency-fails":
			a.Columns = []string{"timestamp"}
			if s.dependency > 0.15 && incident >= 0 {
				for at := r.Spans[incident].From + 7; at < r.Spans[incident].To; at++ {
					a.Rows = append(a.Rows, []any{r.Moment(at).Format(time.RFC3339Nano)})
				}
			}
		case "dependencies by bin":
			a.Columns = []string{"t", "calls", "failed"}
			if incident >= 0 {
				for at := r.Spans[incident].From + 7; at < r.Spans[incident].To && s.dependency > 0; at++ {
					a.Rows = append(a.Rows, []any{at, int64(40), int64(math.Round(40 * s.dependency))})
				}
			}
		case "failed allocations":
			a.Columns = []string{"t", "text"}
			for i := range s.errors {
				if incident >= 0 {
					a.Rows = append(a.Rows, []any{r.Spans[incident].From + 9 + 1.7*float64(i), "MemoryError: could not allocate 1000000000 bytes"})
				}
			}
		case "worker exits":
			a.Columns = []string{"t", "text"}
			for _, ev := range r.Events {
				if ev.Kind == lab.EventExited {
					a.Rows = append(a.Rows, []any{ev.At, fmt.Sprintf("Worker process exited with code %d", ev.Code)})
				}
			}
		case "requests by bin":
			a.Columns = []string{"t", "requests", "failed", "p50", "p95"}
			a.Rows = [][]any{{0.0, int64(12), int64(0), 180.25, 401.5}}
		case "exceptions by type":
			a.Columns = []string{"type", "text", "count", "first"}
			if s.errors > 0 {
				a.Rows = [][]any{{"MemoryError", "could not allocate", int64(s.errors), 99.0}}
			}
		}
		all = append(all, a)
	}
	return all
}

func supported() story { return story{high: 3.1 * gb, kills: 3, errors: 14, planted: 6 * mb} }

func notSupported() story { return story{high: 1.1 * gb, dependency: 0.38, planted: 6 * mb} }

func blind() story {
	s := supported()
	s.planted = 0
	return s
}

func aborted() story {
	s := supported()
	s.kills, s.until = 1, 118
	return s
}

// swap is the experiment of the story of two variants: HTTP, and a leak outside of the
// managed heap.
func swap() *lab.Experiment {
	load := []string{"load"}
	return &lab.Experiment{
		Name: "runtime-swap",
		Hypothesis: lab.Hypothesis{
			Claim:          "The worker keeps 24 KiB of native memory with each request on the first runtime; on the second one it keeps none, and is faster.",
			SmallestEffect: *bytesOf(1024),
		},
		Subject: lab.Subject{Variants: []lab.Variant{{Name: "first", Contract: lab.HTTP}, {Name: "second", Contract: lab.HTTP}}, Start: "first", Limit: lab.Limit{Memory: bytesize.GiB}},
		Load:    lab.Load{Seed: 24, Streams: []lab.Stream{{Name: "full", HTTP: []lab.Request{{Method: "POST", Path: "/forward/{key}", Share: 1, Timeout: 30 * time.Second}}}}},
		Phases: []lab.Phase{
			{Name: "warm-up", For: 10 * time.Second, Cycles: 1, Rates: []lab.Rate{{Stream: "full", PerSecond: 5}}},
			{Name: "load", For: 80 * time.Second, Cycles: 8, Rest: 2 * time.Second, Judge: true, Rates: []lab.Rate{{Stream: "full", PerSecond: 10}}},
		},
		Collect:  lab.Collect{Every: 200 * time.Millisecond},
		Controls: lab.Controls{Planted: &lab.Planted{Variant: "second", Size: 24 * bytesize.KiB, Per: lab.PerRequest, Window: load}, Same: &lab.Same{Variant: "second", Window: load}},
		Gates:    []lab.Gate{{ID: "landed", Check: lab.Landed, Bound: lab.Bound{AtLeast: shareOf(0.98)}}},
		Proof: []lab.Criterion{
			{ID: "grows", Says: "Native memory grows with each request.", Test: lab.Slope, Window: load, Arm: "first", Series: lab.Native, Per: lab.PerRequest, Bound: lab.Bound{Above: bytesOf(8 << 10)}, Confidence: 0.99},
			{ID: "second-is-flat", Says: "On the second runtime nothing grows.", Test: lab.Equivalence, Window: load, Arm: "second", Series: lab.Native, Per: lab.PerRequest, Within: bytesOf(1 << 10), Confidence: 0.95},
		},
		Disproof: []lab.Criterion{{ID: "first-is-flat", Says: "The first runtime is shown not to leak.", Test: lab.Equivalence, Window: load, Arm: "first", Series: lab.Native, Per: lab.PerRequest, Within: bytesOf(1 << 10), Confidence: 0.95}},
		Compare: &lab.Comparison{A: "first", B: "second", Metrics: []lab.Metric{
			{ID: "held", Says: "how much the worker holds", Window: load, Series: lab.Native, Expect: lab.Less, By: 0.2, Confidence: 0.95},
			{ID: "time", Says: "how long a request takes", Window: load, Quantile: 0.5, Expect: lab.Less, By: 0.1, Confidence: 0.95},
			{ID: "same-time", Says: "how long the slowest take", Window: load, Quantile: 0.95, Expect: lab.Either, By: 0.5, Confidence: 0.95},
		}},
		Repeat:  lab.Repeat{Least: 4, Most: 4},
		Version: lab.Version{Small: true, Speed: 60, Scale: 1},
	}
}

// swapped are the findings of the comparison, in ABBA order.
func swapped(t *testing.T, seed uint64) *report.Findings {
	t.Helper()
	e := swap()
	r := rand.New(rand.NewPCG(seed, 2))
	f := &report.Findings{Experiment: e, Manifest: manifest(e)}
	order := map[int]int{}
	for _, run := range timeline.Runs(e, 4) {
		order[run.Round]++
		f.Records = append(f.Records, httpRun(e, r, run, order[run.Round]))
	}
	f.Manifest.State, f.Manifest.Small = lab.Complete, true
	judge(t, f)
	return f
}

func httpRun(e *lab.Experiment, r *rand.Rand, run timeline.Run, order int) lab.Record {
	out := lab.Record{Number: run.Number, Role: string(run.Role), Variant: run.Variant, Round: run.Round, Order: order, Began: began.Add(time.Duration(run.Number) * 3 * time.Minute), Finished: true}
	leak, took := 24.0*1024, 0.040
	if run.Variant == "second" {
		leak, took = 0, 0.026
	}
	if run.Role == timeline.Planted {
		leak += 24 * 1024
	}
	out.Events = append(out.Events, lab.Event{At: -0.5, Kind: lab.EventStarted, Generation: 1, Text: "started " + run.Variant})
	for _, span := range timeline.Spans(e, run.Phases...) {
		one := lab.Span{Name: span.Phase.Name, From: span.Start.Seconds(), To: span.End.Seconds()}
		out.Events = append(out.Events, lab.Event{At: one.From, Kind: lab.EventPhase, Text: one.Name})
		if cycles := span.Cycles(); len(cycles) > 1 {
			for i := range cycles {
				one.Cuts = append(one.Cuts, one.From+(one.To-one.From)*float64(i+1)/float64(len(cycles)))
			}
		}
		out.Spans = append(out.Spans, one)
	}
	requests := 0
	noise := 0.0
	for at := 0.0; at < out.Spans[len(out.Spans)-1].To; at += 0.2 {
		for range 2 {
			requests++
			due := at + 0.2*r.Float64()
			out.Sent = append(out.Sent, lab.Sent{Due: due, At: due + 0.001, Done: due + took*math.Exp(0.3*r.NormFloat64()), Stream: "full", Number: int64(requests), Key: 1 + r.IntN(100), Status: 200, Request: true})
		}
		noise = 0.7*noise + 40*1024*r.NormFloat64()
		sample := lab.Sample{At: at, Generation: 1, Limit: 1 << 30}
		native := 60*1024*1024 + leak*float64(requests) + noise
		for i := range sample.Values {
			sample.Values[i] = math.NaN()
		}
		sample.Values[0], sample.Values[1], sample.Values[4], sample.Values[5] = native+30*1024*1024, native+25*1024*1024, 20*1024*1024+2e6*r.Float64(), native
		out.Samples = append(out.Samples, sample)
	}
	slices.SortFunc(out.Sent, func(a, b lab.Sent) int { return int(math.Copysign(1, a.Due-b.Due)) })
	return out
}
