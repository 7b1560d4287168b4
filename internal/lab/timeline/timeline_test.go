package timeline_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// trial is an experiment of three phases and four streams, at a speed.
func trial(speed float64) *lab.Experiment {
	span := func(d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }
	rate := func(stream string, perMinute float64) lab.Rate {
		return lab.Rate{Stream: stream, PerSecond: perMinute / 60 * speed}
	}
	return &lab.Experiment{
		Subject: lab.Subject{Start: "a"},
		Load: lab.Load{
			Seed:   42,
			Before: []lab.Item{{Queue: "jobs", Text: "go", Count: 2}, {Blob: "images/a.png", Size: 5, Count: 1}},
			Streams: []lab.Stream{
				{Name: "web", Arrivals: lab.Random, HTTP: []lab.Request{
					{Method: "GET", Path: "/export/{key}", Keys: 200, Share: 3, Timeout: time.Second},
					{Method: "POST", Path: "/orders/{n}", Keys: 1, Share: 1, Size: 64},
				}},
				{Name: "tick", Arrivals: lab.Even, HTTP: []lab.Request{{Method: "GET", Path: "/health", Keys: 1, Share: 1}}},
				{Name: "jobs", Arrivals: lab.Random, Queue: &lab.Queue{Name: "jobs", Text: "job {n}"}},
				{Name: "blobs", Arrivals: lab.Random, Blob: &lab.Blob{Path: "large/{n}.bin", Sizes: []lab.BlobSize{{Size: 1000, Share: 9}, {Size: 100000, Share: 1}}}},
			},
		},
		Phases: []lab.Phase{
			{Name: "baseline", For: span(10 * time.Minute), Cycles: 1, Rates: []lab.Rate{rate("web", 300)}, Judge: true},
			{Name: "load", For: span(30 * time.Minute), Cycles: 3, Rest: span(2 * time.Minute), Rates: []lab.Rate{rate("web", 600), rate("tick", 10), rate("jobs", 60), rate("blobs", 120)}, Judge: true},
			{Name: "end", For: span(time.Minute), Cycles: 1, Judge: true},
		},
	}
}

func TestPhasesFollowEachOtherAndRestsBelongToThem(t *testing.T) {
	spans := timeline.Spans(trial(10))
	var got []string
	for _, s := range spans {
		got = append(got, fmt.Sprintf("%s %v-%v %v", s.Phase.Name, s.Start, s.End, s.Cycles()))
	}
	want := []string{
		"baseline 0s-1m0s [{0s 1m0s}]",
		"load 1m0s-4m36s [{1m0s 2m0s} {2m12s 3m12s} {3m24s 4m24s}]",
		"end 4m36s-4m42s [{4m36s 4m42s}]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Spans at speed 10 (-want +got):\n%s", diff)
	}
	if got, want := timeline.Length(spans), 282*time.Second; got != want {
		t.Errorf("Length = %v, want %v", got, want)
	}
	some := timeline.Spans(trial(10), "end", "baseline")
	if len(some) != 2 || some[0].Phase.Name != "baseline" || some[1].Start != time.Minute || some[1].Index != 2 {
		t.Errorf("Spans(end, baseline) = %+v, want baseline, and end right behind it", some)
	}
}

func collect(e *lab.Experiment) []timeline.Arrival {
	return slices.Collect(timeline.Arrivals(e, timeline.Spans(e)))
}

func TestByPhaseIsArrivalsSpanBySpan(t *testing.T) {
	e := trial(1)
	spans := timeline.Spans(e)
	loads := timeline.ByPhase(e, spans)
	if len(loads) != len(spans) {
		t.Fatalf("ByPhase gives %d of %d spans", len(loads), len(spans))
	}
	var got []timeline.Arrival
	for i := range loads {
		_ = slices.Collect(loads[i]) // which can be gone through again
		got = slices.AppendSeq(got, loads[i])
	}
	if want := collect(e); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("ByPhase gives %d arrivals that differ from the %d of Arrivals", len(got), len(want))
	}
}

// digest is all that is sent, in its order, without the moments.
func digest(all []timeline.Arrival) string {
	h := sha256.New()
	for _, a := range all {
		a.At = 0
		fmt.Fprintf(h, "%+v\n", a)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// The digest is written down: what a seed gives shall not change with a release.
func TestTheSeedDecidesAllThatIsSent(t *testing.T) {
	all := collect(trial(1))
	if got, want := digest(all), "00cdecf66b7ab0cc"; got != want {
		t.Errorf("seed 42 gives %d arrivals of digest %s, want %s as ever", len(all), got, want)
	}
	again := collect(trial(1))
	if !slices.Equal(all, again) {
		t.Error("the same experiment has other arrivals the second time")
	}
	other := trial(1)
	other.Load.Seed = 43
	if digest(collect(other)) == digest(all) {
		t.Error("seeds 42 and 43 give the same arrivals")
	}
}

func TestASpeedBringsTheSameSooner(t *testing.T) {
	plain := collect(trial(1))
	for _, speed := range []float64{0.5, 3, 7, 20, 333} {
		fast := collect(trial(speed))
		if len(fast) != len(plain) {
			t.Errorf("at speed %v there are %d arrivals, want the %d of speed 1", speed, len(fast), len(plain))
			continue
		}
		swapped := 0
		for i := range fast {
			if got, want := float64(fast[i].At)*speed, float64(plain[i].At); math.Abs(got-want) > speed*float64(2*time.Microsecond) {
				t.Errorf("at speed %v arrival %d is at %v, which is %v at speed 1, want %v", speed, i, fast[i].At, time.Duration(got), plain[i].At)
				break
			}
			if fast[i].Stream != plain[i].Stream {
				swapped++ // two streams within a microsecond
			}
		}
		if swapped > len(fast)/1000 {
			t.Errorf("at speed %v %d of %d arrivals are of another stream", speed, swapped, len(fast))
		}
	}
}

func TestAStreamDoesNotDependOnTheOthers(t *testing.T) {
	only := func(e *lab.Experiment, stream string) (all []timeline.Arrival) {
		for a := range timeline.Arrivals(e, timeline.Spans(e)) {
			if a.Stream == stream {
				all = append(all, a)
			}
		}
		return all
	}
	e := trial(1)
	want := only(e, "web")
	e.Load.Streams = e.Load.Streams[:1]
	if got := only(e, "web"); !slices.Equal(got, want) {
		t.Errorf("without the other streams web has %d arrivals, want the same %d", len(got), len(want))
	}
}

func TestArrivalsAreInOrderWithinTheLoadAndAsManyAsTheRatesSay(t *testing.T) {
	e := trial(1)
	spans := timeline.Spans(e)
	counts, keys, sizes := map[string]float64{}, map[int]int{}, map[bytesize.Size]int{}
	numbers := map[string]int64{}
	last := time.Duration(-1)
	for a := range timeline.Arrivals(e, spans) {
		if a.At < last {
			t.Fatalf("%+v comes after %v", a, last)
		}
		last = a.At
		inCycle := slices.ContainsFunc(spans, func(s timeline.Span) bool {
			return s.Phase.Name == a.Phase && slices.ContainsFunc(s.Cycles(), func(c timeline.Stretch) bool { return a.At >= c.From-time.Microsecond && a.At < c.To })
		})
		if !inCycle {
			t.Fatalf("%+v is outside the load of its phase", a)
		}
		numbers[a.Stream]++
		if a.Number != numbers[a.Stream] {
			t.Fatalf("%+v has the number %d, want %d", a, a.Number, numbers[a.Stream])
		}
		counts[a.Phase+" "+a.Stream+" "+a.Method]++
		if a.Key > 0 {
			keys[a.Key]++
		}
		if a.Stream == "blobs" {
			sizes[a.Size]++
		}
	}
	// Counts of a Poisson process lie within five standard deviations of the expected.
	for what, expected := range map[string]float64{
		"baseline web GET": 2250, "baseline web POST": 750, "load web GET": 13500, "load web POST": 4500, "load jobs ": 1800, "load blobs ": 3600,
	} {
		if got := counts[what]; math.Abs(got-expected) > 5*math.Sqrt(expected) {
			t.Errorf("%s: %v arrivals, want %v ± %.0f", what, got, expected, 5*math.Sqrt(expected))
		}
	}
	if got := counts["load tick GET"]; got != 300 {
		t.Errorf("an even stream of 10 a minute comes %v times in 30 minutes, want 300", got)
	}
	if len(keys) != 200 {
		t.Errorf("%d keys of 200 were asked for", len(keys))
	}
	if large := float64(sizes[100000]) / float64(sizes[100000]+sizes[1000]); math.Abs(large-0.1) > 0.025 {
		t.Errorf("%.3f of the blobs are large, want 0.1: %v", large, sizes)
	}
}

// What comes independently of each other has gaps whose spread is their mean, and no
// gap tells of the next.
func TestRandomArrivalsAreAPoissonProcess(t *testing.T) {
	e := trial(1)
	e.Phases = e.Phases[:1]
	e.Phases[0].For = 5 * time.Hour
	var gaps []float64
	last := time.Duration(0)
	for a := range timeline.Arrivals(e, timeline.Spans(e)) {
		gaps = append(gaps, (a.At - last).Seconds())
		last = a.At
	}
	n, mean, square, product := float64(len(gaps)), 0.0, 0.0, 0.0
	for _, g := range gaps {
		mean += g / n
	}
	for i, g := range gaps {
		square += (g - mean) * (g - mean) / n
		if i > 0 {
			product += (g - mean) * (gaps[i-1] - mean) / n
		}
	}
	if cv := math.Sqrt(square) / mean; math.Abs(cv-1) > 0.02 {
		t.Errorf("the gaps' spread is %.3f of their mean, want 1 ± 0.02", cv)
	}
	if r := product / square; math.Abs(r) > 4/math.Sqrt(n) {
		t.Errorf("a gap and the next correlate by %.4f, want 0 ± %.4f", r, 4/math.Sqrt(n))
	}
}

func TestTextsArePutTogether(t *testing.T) {
	for _, a := range collect(trial(1)) {
		var want string
		got := a.Path
		switch {
		case a.Stream == "jobs":
			got, want = a.Text, fmt.Sprintf("job %d", a.Number)
			if a.Queue != "jobs" || int(a.Size) != len(a.Text) {
				t.Fatalf("%+v is no message of jobs", a)
			}
		case a.Stream == "blobs":
			want = fmt.Sprintf("large/%d.bin", a.Number)
		case a.Stream == "tick":
			want = "/health"
		case a.Method == "POST":
			want = fmt.Sprintf("/orders/%d", a.Number)
		default:
			want = fmt.Sprintf("/export/%d", a.Key)
		}
		if got != want {
			t.Fatalf("%+v has %q, want %q", a, got, want)
		}
	}
	var before []string
	for a := range timeline.Before(trial(1)) {
		before = append(before, fmt.Sprintf("%s %s %d %s %d", a.Queue, a.Text, a.Number, a.Path, a.Size))
	}
	if diff := cmp.Diff([]string{"jobs go 1  2", "jobs go 2  2", "  1 images/a.png 5"}, before); diff != "" {
		t.Errorf("Before (-want +got):\n%s", diff)
	}
}

func TestAPayloadIsItsContentAndNoMore(t *testing.T) {
	read := func(content uint64, size bytesize.Size) string {
		all, err := io.ReadAll(timeline.Payload(content, size))
		if err != nil || len(all) != int(size) {
			t.Fatalf("Payload(%d, %d) has %d bytes, %v", content, size, len(all), err)
		}
		return string(all)
	}
	long := read(7, 100_000)
	if long != read(7, 100_000) || long[:1000] != read(7, 1000) {
		t.Error("the same content has other bytes the second time")
	}
	if long == read(8, 100_000) {
		t.Error("two contents have the same bytes")
	}
	if got := fmt.Sprintf("%x", read(7, 8)); got != "0e42d4cae8864908" {
		t.Errorf("Payload(7, 8) is %s, want what it always was", got)
	}
}

func TestVariantsTakeTurnsAndControlsComeFirst(t *testing.T) {
	e := trial(10)
	e.Controls = lab.Controls{Planted: &lab.Planted{Variant: "b", Window: []string{"baseline"}}, Same: &lab.Same{Variant: "b", Window: []string{"end"}}}
	told := func(runs []timeline.Run) (all []string) {
		for i, r := range runs {
			if r.Number != i+1 {
				t.Errorf("run %d has the number %d", i+1, r.Number)
			}
			all = append(all, r.String())
		}
		return all
	}
	controls := []string{"control: b with a planted leak", "control: b beside itself", "control: b beside itself"}
	if diff := cmp.Diff(append(slices.Clone(controls), "a, round 1", "a, round 2"), told(timeline.Runs(e, 2))); diff != "" {
		t.Errorf("Runs(2) (-want +got):\n%s", diff)
	}
	e.Compare = &lab.Comparison{A: "old", B: "new"}
	runs := timeline.Runs(e, 3)
	want := append(slices.Clone(controls), "old, round 1", "new, round 1", "new, round 2", "old, round 2", "old, round 3", "new, round 3")
	if diff := cmp.Diff(want, told(runs)); diff != "" {
		t.Errorf("Runs(3) of a comparison (-want +got):\n%s", diff)
	}
	if got, want := timeline.Total(e, runs), time.Minute+2*6*time.Second+6*282*time.Second; got != want {
		t.Errorf("Total = %v, want %v: a control has its own phases only", got, want)
	}
}
