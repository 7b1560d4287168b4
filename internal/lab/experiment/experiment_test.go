package experiment_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/tree"
)

// source is a file of tests, of this text.
func source(t testing.TB, text string) tree.Source {
	t.Helper()
	s, err := folder.Parse("e.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sound reads a text that has no mistakes.
func sound(t testing.TB, text string, o experiment.Options) *lab.Experiment {
	t.Helper()
	e, mistakes := experiment.Read(source(t, text), o)
	if len(mistakes) > 0 {
		t.Fatalf("Read(%+v) has mistakes:\n%v", o, mistakes.Err())
	}
	return e
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// everything is a file with each key, less the start, which a comparison excludes.
func everything(t testing.TB) string {
	return strings.Replace(fixture(t, "testdata/everything.yaml"), "  start: a\n", "", 1)
}

// least is a file with no more than is needed.
const least = `version: 1
name: least
hypothesis: {claim: it leaks}
subject:
  variants: {one: {command: [worker]}}
  memory: 1GiB
load:
  streams: {web: {http: [{get: /}]}}
phases:
  - {name: load, for: 10m, load: {web: 2/s}}
proof:
  - {id: grows, test: slope, window: load, series: used, per: request, above: 1KiB}
`

func TestWhatIsNotSaidIsTheDefault(t *testing.T) {
	got := sound(t, least, experiment.Options{})
	size := func(n float64) *lab.Value { return &lab.Value{Number: n, Unit: lab.Bytes} }
	want := &lab.Experiment{
		Name:       "least",
		Hypothesis: lab.Hypothesis{Claim: "it leaks"},
		Subject: lab.Subject{
			Variants: []lab.Variant{{Name: "one", Dir: ".", Command: []string{"worker"}, Contract: lab.HTTP}},
			Start:    "one", Runtime: lab.AnyRuntime, Guard: lab.Bare, Store: lab.NoStore,
			Limit: lab.Limit{Memory: bytesize.GiB}, Settle: lab.Settle{Collect: true, Idle: 2 * time.Second},
		},
		Load: lab.Load{Seed: 1, Streams: []lab.Stream{{
			Name: "web", Arrivals: lab.Random,
			HTTP: []lab.Request{{Method: "GET", Path: "/", Keys: 1, Share: 1, Timeout: 30 * time.Second}},
		}}},
		Phases:  []lab.Phase{{Name: "load", For: 10 * time.Minute, Cycles: 1, Rates: []lab.Rate{{Stream: "web", PerSecond: 2}}, Judge: true}},
		Collect: lab.Collect{Every: 500 * time.Millisecond, Logs: 64 * bytesize.MiB, Calls: true},
		Proof:   []lab.Criterion{{ID: "grows", Test: lab.Slope, Window: []string{"load"}, Series: lab.Used, Per: lab.PerRequest, Bound: lab.Bound{Above: size(1024)}, Confidence: 0.99}},
		Repeat:  lab.Repeat{Least: 1, Most: 1, UntilDecided: true},
		Version: lab.Version{Speed: 1, Scale: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read(least) differs (-want +got):\n%s", diff)
	}
}

// Each field of the words is set by some key: none can be forgotten in the tables.
func TestEveryWordCanBeWritten(t *testing.T) {
	set := map[string]bool{}
	alone, _, _ := strings.Cut(strings.Replace(fixture(t, "testdata/everything.yaml"), "arm: a, ", "", 1), "compare:")
	for _, text := range []string{everything(t), alone} {
		mark(reflect.ValueOf(*sound(t, text, experiment.Options{})), "", set)
	}
	set["Version.Small"] = sound(t, everything(t), experiment.Options{Small: true}).Version.Small
	var unset []string
	for name, is := range set {
		if !is {
			unset = append(unset, name)
		}
	}
	if len(unset) > 0 {
		t.Errorf("no key of testdata/everything.yaml sets %v", unset)
	}
	if len(set) < 80 {
		t.Errorf("found %d fields, want at least 80: does mark see them?", len(set))
	}
}

// mark notes of every field below v whether it is anywhere other than zero.
func mark(v reflect.Value, name string, set map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			mark(reflect.Zero(v.Type().Elem()), name, set)
			return
		}
		mark(v.Elem(), name, set)
	case reflect.Struct:
		for i := range v.NumField() {
			mark(v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name, set)
		}
	case reflect.Slice:
		set[name] = set[name] || v.Len() > 0
		for i := range v.Len() {
			mark(v.Index(i), name, set)
		}
	default:
		set[name] = set[name] || !v.IsZero()
	}
}

func TestSpeedAndScaleAreInTheNumbersAndAreRemembered(t *testing.T) {
	text := everything(t)
	plain := sound(t, text, experiment.Options{})
	got := sound(t, text, experiment.Options{Speed: 20, Scale: 0.1})
	checks := []struct {
		why       string
		got, want any
	}{
		{"a phase is shorter", got.Phases[1].For, plain.Phases[1].For / 20},
		{"so is a rest", got.Phases[1].Rest, 1500 * time.Millisecond},
		{"its arrivals come sooner, and are as many", got.Phases[1].Rates[0].PerSecond, 20 * plain.Phases[1].Rates[0].PerSecond},
		{"a tolerance lies on the timeline", got.Proof[5].Tolerance, time.Second},
		{"payloads are smaller", got.Load.Streams[3].Blob.Sizes[1].Size, 10 * bytesize.Size(1e6)},
		{"limits too", got.Subject.Limit.Memory, bytesize.Size(1e8)},
		{"and the bytes of bounds", got.Proof[0].Bound.Above.Number, 25.6},
		{"the planted leak", got.Controls.Planted.Size, bytesize.Size(410)},
		{"a signal lasts on the timeline", got.Signals[0].Hold, time.Second},
		{"latencies are not on the timeline", *got.Proof[3].Bound.Above, lab.Value{Number: 800, Unit: lab.Duration}},
		{"garbage collectors are not faster", got.Subject.Settle.Idle, 3 * time.Second},
		{"nor do clients give up sooner", got.Load.Streams[0].HTTP[0].Timeout, 5 * time.Second},
		{"logs are not payloads", got.Collect.Logs, bytesize.MiB},
		{"plain numbers have no size", got.Proof[10].Bound.AtMost.Number, 100000.0},
		{"the report can say it", got.Version, lab.Version{Speed: 20, Scale: 0.1}},
	}
	for _, c := range checks {
		if !cmp.Equal(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.why, c.got, c.want)
		}
	}
}

func TestTheSmallVersionIsLaidOverTheFile(t *testing.T) {
	text := everything(t)
	small := sound(t, text, experiment.Options{Small: true})
	half := sound(t, text, experiment.Options{Small: true, Speed: 10, Scale: 0.05})
	rates := func(e *lab.Experiment) map[string]float64 {
		all := map[string]float64{}
		for _, r := range e.Phases[1].Rates {
			all[r.Stream] = r.PerSecond
		}
		return all
	}
	checks := []struct {
		why       string
		got, want any
	}{
		{"it is remembered", small.Version, lab.Version{Small: true, Speed: 20, Scale: 0.1}},
		{"what it says stands as it is", small.Phases[1].For, 10 * time.Second},
		{"sizes too", small.Subject.Limit.Memory, bytesize.Size(2e8)},
		{"what it does not say is sped up", small.Phases[2].For, 6 * time.Second},
		{"a rate that it says, one that it takes away, and two that it leaves", rates(small), map[string]float64{"web": 50, "noise": 20.0 / 60, "blobs": 20.0 / 60}},
		{"null takes away", small.Controls.Same == nil, true},
		{"also in a variant", small.Subject.Variants[0].Limit.Allocation, bytesize.Size(0)},
		{"with half the speed its own times double", half.Phases[1].For, 20 * time.Second},
		{"and with half the scale its own sizes halve", half.Subject.Limit.Memory, bytesize.Size(1e8)},
		{"its own rates halve with the speed", rates(half)["web"], 25.0},
	}
	for _, c := range checks {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}

func TestTheLabsOfTheRepositoryAreRight(t *testing.T) {
	files, err := folder.List("../../../labs")
	if err != nil || len(files) < 3 {
		t.Fatalf("List(labs) = %v, %v; want at least three", files, err)
	}
	for _, file := range files {
		l, err := folder.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range []experiment.Options{{Folder: l.Has}, {Folder: l.Has, Small: true}, {Folder: l.Has, Speed: 7, Scale: 0.3}} {
			if _, mistakes := experiment.Read(l.Source, o); len(mistakes) > 0 {
				t.Errorf("Read(%s):\n%v", file, mistakes.Err())
			}
		}
		small, _ := experiment.Read(l.Source, experiment.Options{Small: true})
		if got := timeline.Total(small, timeline.Runs(small, small.Repeat.Least)); got > 170*time.Second {
			t.Errorf("the small version of %s takes %v, want less than three minutes, starts of workers included", file, got)
		}
	}
}
