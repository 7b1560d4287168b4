package ask_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// began is when the run of these tests did.
var began = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// plain is an experiment that asks next to nothing, for a test to add to.
func plain() *lab.Experiment {
	one := &lab.Value{Number: 1}
	return &lab.Experiment{
		Subject:  lab.Subject{Variants: []lab.Variant{{Name: "a", Contract: lab.HTTP}}, Start: "a"},
		Load:     lab.Load{Streams: []lab.Stream{{Name: "web", HTTP: []lab.Request{{Method: "GET", Path: "/", Timeout: 30 * time.Second}}}}},
		Phases:   []lab.Phase{{Name: "before", Judge: true}, {Name: "load", Judge: true}},
		Collect:  lab.Collect{Every: time.Second},
		Proof:    []lab.Criterion{{ID: "fast", Test: lab.Percentile, Window: []string{"load"}, Quantile: 0.5, Bound: lab.Bound{Below: one}}},
		Disproof: []lab.Criterion{{ID: "flat", Test: lab.Equivalence, Window: []string{"before", "load"}, Series: lab.Used, Per: lab.PerMinute, Within: one}},
		Repeat:   lab.Repeat{Least: 1, Most: 1},
		Version:  lab.Version{Speed: 1, Scale: 1},
	}
}

func run() lab.Record {
	return lab.Record{
		Number: 1, Role: string(timeline.Trial), Variant: "a", Round: 1, Order: 1, Began: began, Finished: true,
		Spans: []lab.Span{{Name: "before", From: 0, To: 4}, {Name: "load", From: 4, To: 8}},
	}
}

func sample(at float64, generation int, used, limit float64) lab.Sample {
	s := lab.Sample{At: at, Generation: generation, Limit: limit, Stolen: 0.25}
	for i := range s.Values {
		s.Values[i] = math.NaN()
	}
	s.Values[0] = used
	return s
}

func TestAGateCountsWhatItsNameSays(t *testing.T) {
	nan := math.NaN()
	record := run()
	record.Sent = []lab.Sent{
		{Due: 1, At: 1, Done: 1.2, Stream: "web", Key: 1, Status: 200, Request: true},
		{Due: 4, At: 4.1, Done: 4.2, Stream: "web", Key: 1, Status: 200, Request: true},
		{Due: 5, At: 5, Done: 5.5, Stream: "web", Key: 2, Status: 503, Request: true},
		{Due: 5.5, At: 7, Done: 7.2, Stream: "web", Key: 3, Status: 200, Request: true}, // too late to be the planned load
		{Due: 6, At: 6, Done: nan, Stream: "web", Key: 3, Lost: "timeout", Request: true},
		{Due: 7, At: nan, Done: nan, Stream: "web", Key: 4, Lost: "the run ended", Request: true},
		{Due: 7, At: 7, Done: 7.1, Stream: "blobs"},
	}
	record.Samples = []lab.Sample{
		sample(4, 1, 50, 100), sample(5, 1, nan, 100), sample(6, 0, nan, 100), sample(7, 2, 80, 200),
	}
	record.Events = []lab.Event{{At: 5, Kind: lab.EventSettled}, {At: 6, Kind: lab.EventUnsettled}, {At: 7, Kind: lab.EventSettled}, {At: 7.5, Kind: lab.EventSettled}}
	half := lab.Bound{AtLeast: &lab.Value{Number: 0.5}}
	in := []string{"load"}
	for _, row := range []struct {
		name string
		gate lab.Gate
		fact string
		want float64
	}{
		{"sent within a second, and taken; refused is taken", lab.Gate{Check: lab.Landed, Window: in}, "landed", 3.0 / 6},
		{"of one stream", lab.Gate{Check: lab.Landed, Window: in, Stream: "web"}, "landed of web", 2.0 / 5},
		{"of those sent; what has no answer was not answered", lab.Gate{Check: lab.Answered, Window: in}, "answered", 2.0 / 4},
		{"distinct keys that were sent", lab.Gate{Check: lab.Keys, Window: in}, "keys", 3},
		{"no process is no gap", lab.Gate{Check: lab.Coverage, Window: in, Series: lab.Used}, "coverage of used", 3.0 / 4},
		{"rests in which memory came to rest", lab.Gate{Check: lab.Settled, Window: in}, "settled", 3.0 / 4},
		{"of the limit of that moment", lab.Gate{Check: lab.Ceiling, Window: in, Series: lab.Used}, "ceiling of used", 0.5},
		{"the mean", lab.Gate{Check: lab.Stolen, Window: in}, "stolen", 0.25},
	} {
		e := plain()
		row.gate.ID, row.gate.Bound = "g", half
		e.Gates = []lab.Gate{row.gate}
		evidence, err := ask.Evidence(e, []lab.Record{record}, nil)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		facts := evidence.Runs[0].Facts
		if len(facts) != 1 || facts[0].Name != row.fact || facts[0].Window != "load" || math.Abs(facts[0].Value-row.want) > 1e-12 {
			t.Errorf("%s: %+v, want %s of load to be %v", row.name, facts, row.fact, row.want)
		}
	}
}

func TestWhatWasLostTookAsLongAsItsClientWouldHaveWaited(t *testing.T) {
	nan := math.NaN()
	record := run()
	record.Sent = []lab.Sent{
		{Due: 4, At: 5, Done: 5.5, Stream: "web", Status: 200, Request: true},
		{Due: 4.5, At: 4.5, Done: nan, Stream: "web", Lost: "connection refused", Request: true},
	}
	evidence, err := ask.Evidence(plain(), []lab.Record{record}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range evidence.Runs[0].Series {
		if s.Name != "durations" {
			continue
		}
		if diff := cmp.Diff([]float64{1500, 30000}, s.Value); diff != "" {
			t.Errorf("durations (-want +got):\n%s", diff)
		}
		return
	}
	t.Error("there is no series of durations")
}

func TestAGrowthOverATimeIsOneOfTheTimelineAsItIsWritten(t *testing.T) {
	e := plain()
	e.Version.Speed = 30
	evidence, err := ask.Evidence(e, []lab.Record{run()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range evidence.Runs[0].Series {
		if s.Name == "minutes" {
			if got := s.Value[len(s.Value)-1]; got != 4 {
				t.Errorf("8 s at speed 30 are %v minutes, want 4", got)
			}
			return
		}
	}
	t.Error("there is no series of minutes")
}

func TestAQueryIsAFactOfItsWindow(t *testing.T) {
	e := plain()
	zero := &lab.Value{}
	e.Proof = append(e.Proof, lab.Criterion{ID: "errors", Test: lab.Query, Window: []string{"before", "load"}, KQL: "traces | summarize n = count()", Bound: lab.Bound{Above: zero}})
	record := run()
	questions := ask.Questions(e, []lab.Record{record})
	want := []lab.Question{{
		ID: "errors", Part: "criterion", Run: 1, Window: []string{"before", "load"},
		From: began, To: began.Add(8 * time.Second), KQL: "traces | summarize n = count()",
	}}
	if diff := cmp.Diff(want, questions); diff != "" {
		t.Errorf("Questions (-want +got):\n%s", diff)
	}
	for _, row := range []struct {
		name   string
		answer lab.Answer
		facts  int
	}{
		{"a number", lab.Answer{Rows: [][]any{{int64(3)}}}, 1},
		{"nothing: 0 of 0", lab.Answer{Rows: [][]any{{nil}}}, 0},
		{"several rows are no number", lab.Answer{Rows: [][]any{{int64(3)}, {int64(4)}}}, 0},
		{"refused", lab.Answer{Problem: "no such table", Rows: [][]any{{int64(3)}}}, 0},
	} {
		row.answer.ID, row.answer.Part, row.answer.Run = "errors", "criterion", 1
		evidence, err := ask.Evidence(e, []lab.Record{record}, []lab.Answer{row.answer})
		if err != nil {
			t.Fatal(err)
		}
		facts := evidence.Runs[0].Facts
		if len(facts) != row.facts || len(facts) == 1 && (facts[0].Value != 3 || facts[0].Window != "before+load") {
			t.Errorf("%s: %+v, want %d facts", row.name, facts, row.facts)
		}
	}
}
