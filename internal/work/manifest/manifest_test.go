package manifest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/manifest"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// source is `functions:` as a file has it, mistakes and all.
func source(text string) tree.Source {
	cfg := config.Default()
	_ = cfg.Parse("stanch.yaml", []byte(text)) // what it says is what Read says
	return cfg.Functions
}

func environ(pairs ...string) manifest.Lookup {
	return func(name string) (string, bool) {
		for _, pair := range pairs {
			if value, found := strings.CutPrefix(pair, name+"="); found {
				return value, true
			}
		}
		return "", false
	}
}

// texts compares what is unexported by its text.
var texts = cmp.Options{
	cmp.Transformer("template", func(t *expression.Template) string {
		if t == nil {
			return ""
		}
		return t.String()
	}),
	cmp.Transformer("pattern", func(p *expression.Pattern) string {
		if p == nil {
			return ""
		}
		return p.Container() + "/" + p.Prefix() + "…"
	}),
	cmp.Comparer(func(a, b schedule.Schedule) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

func template(t *testing.T, text string) *expression.Template {
	t.Helper()
	parsed, err := expression.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestAFileSaysWhatAFolderOfAzureWould(t *testing.T) {
	got, mistakes := manifest.Read(source(`
command: [python, app.py]
functions:
  resize:
    queue: "%ENV%-images-in"
    path: /work/resize
    store: JOBS
    batch: 4
    parallel: 10
    tries: 3
    retry-after: 30s
    poll: 1s
    timeout: 5m
    in: { image: "blob images/{queueTrigger}" }
    out:
      done: queue images-out
      copy: { blob: "thumbs/{id}.jpg", store: ARCHIVE }
    answer: queue answers
  arrived:
    blob: incoming/{name}.txt
    payload: url
    batch: 8
  tick:
    timer: 0 */5 * * * *
    run-on-start: yes
    disabled: true
`), environ("ENV=test", "JOBS=file:jobs", "ARCHIVE__serviceUri=https://a"))
	if len(mistakes) > 0 {
		t.Fatalf("Read: %v", mistakes)
	}
	pattern, err := expression.ParsePattern("incoming/{name}.txt")
	if err != nil {
		t.Fatal(err)
	}
	five, err := schedule.Parse("0 */5 * * * *")
	if err != nil {
		t.Fatal(err)
	}
	const own = funcapp.DefaultConnection
	want := &manifest.Manifest{
		Functions: []funcapp.Function{
			{Name: "arrived", Trigger: funcapp.Binding{Type: funcapp.BlobTrigger, Name: "trigger", Connection: own, Pattern: pattern, Streamed: true}},
			{
				Name:    "resize",
				Trigger: funcapp.Binding{Type: funcapp.QueueTrigger, Name: "trigger", Connection: "JOBS", Queue: template(t, "test-images-in")},
				Inputs:  []funcapp.Binding{{Type: funcapp.Blob, Name: "image", Connection: "JOBS", Path: template(t, "images/{queueTrigger}"), Streamed: true}},
				Outputs: []funcapp.Binding{
					{Type: funcapp.Queue, Name: "done", Out: true, Connection: "JOBS", Queue: template(t, "images-out")},
					{Type: funcapp.Blob, Name: "copy", Out: true, Connection: "ARCHIVE", Path: template(t, "thumbs/{id}.jpg")},
					{Type: funcapp.Queue, Name: "$return", Out: true, Connection: "JOBS", Queue: template(t, "answers")},
				},
			},
			{Name: "tick", Disabled: true, Trigger: funcapp.Binding{Type: funcapp.TimerTrigger, Name: "trigger", Connection: own, Schedule: five, RunOnStartup: true, UseMonitor: true}},
		},
		Paths: map[string]string{"resize": "/work/resize", "arrived": "/arrived", "tick": "/tick"},
		Settings: map[string]funcapp.Host{
			"resize": {
				Timeout: 5 * time.Minute,
				Queues:  funcapp.Queues{BatchSize: 4, NewBatchThreshold: 6, MaxDequeueCount: 3, MaxPollingInterval: time.Second, VisibilityTimeout: 30 * time.Second},
				Blobs:   funcapp.Blobs{MaxParallel: 10, BatchSize: 4, NewBatchThreshold: 6, PoisonThreshold: 3},
			},
			// A batch alone, as Azure has it: half a batch more is in work at most.
			"arrived": {
				Queues: funcapp.Queues{BatchSize: 8, NewBatchThreshold: 4, MaxDequeueCount: 5, MaxPollingInterval: 2 * time.Second},
				Blobs:  funcapp.Blobs{MaxParallel: 12, BatchSize: 8, NewBatchThreshold: 4, PoisonThreshold: 5},
			},
			"tick": {
				Queues: funcapp.Queues{BatchSize: 13, NewBatchThreshold: 11, MaxDequeueCount: 5, MaxPollingInterval: 2 * time.Second},
				Blobs:  funcapp.Blobs{MaxParallel: 24, BatchSize: 13, NewBatchThreshold: 11, PoisonThreshold: 5},
			},
		},
	}
	if diff := cmp.Diff(want, got, texts); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

// Each row is one line of a function with a queue trigger, in line 4 of its file.
func TestEveryMistakeHasItsPlaceAndSaysWhatToWrite(t *testing.T) {
	for _, row := range []struct{ why, line, want string }{
		{"a key that is mistyped", "timout: 5m", "4:5: function f has no key \"timout\"\nhint: did you mean timeout?"},
		{"clients need no function", "http: /x", "4:5: function f has the key \"http\", which is not needed\nhint: clients reach"},
		{"another trigger's key", "run-on-start: true", "4:5: function f: run-on-start has no meaning for a queue"},
		{"two triggers", "blob: images/{name}", "4:5: function f has queue and blob: what triggers it is one of them"},
		{"twice", "queue: other", "4:5: \"queue\" is there twice, first in line 3"},
		{"no number", "batch: many", "4:12: batch is \"many\", and has to be a whole number\nhint: 1 to 32"},
		{"more than is leased at once", "batch: 33", "4:12: batch is \"33\""},
		{"more leased than may run", "batch: 8\n    parallel: 4", "4:5: batch is 8: more than the 4 of parallel"},
		{"a time without a unit", "timeout: 30", "4:14: timeout is \"30\", which is no duration\nhint: a number with a unit"},
		{"a time out of its range", "timeout: 1ms", "4:14: timeout is 1ms\nhint: 1s to 168h0m0s"},
		{"no word for it", "disabled: maybe", "4:15: disabled is \"maybe\""},
		{"a path that is none", "path: resize", "4:11: path is \"resize\", which no request has\nhint: as in /resize"},
		{"a path with a name in it", "path: /a/{name}", "4:11: path is"},
		{"a secret where a name stands", "store: AccountKey=abc", "4:12: store of function f is no name of a variable"},
		{"no value", "path:", "4:5: path is nothing"},
		{"a mapping for a text", "path: {a: b}", "4:11: path is a mapping"},
		{"a text for a mapping", "in: image", "4:9: in is a text, and has to be keys and values"},
		{"no name of a binding", "in: {1st: blob images/a}", "4:10: \"1st\" is no name for what is read or written"},
		{"the trigger's name", "in: {Trigger: blob images/a}", "4:10: function f: \"trigger\" and \"Trigger\" are the same name"},
		{"one name for two", "in: {a: blob images/a}\n    out: {A: blob images/a}", "5:11: function f: \"a\" and \"A\" are the same name"},
		{"a queue is not read", "in: {a: queue jobs}", "4:13: a: a queue is not read beside the trigger"},
		{"neither", "out: {a: table things}", "4:14: a is \"table things\", and has to begin with what it is\nhint: \"blob images/{name}\" or \"queue done\""},
		{"a container alone", "out: {a: blob images}", "4:19: a is no path of a blob\nhint: CONTAINER/PATH"},
		{"a container that no store takes", "out: {a: blob Images/x}", "4:19: a: container name \"Images\" has 'I' at 1"},
		{"a queue that no store takes", "out: {a: queue My_Queue}", "4:20: a: queue name"},
		{"an expression that is not closed", "out: {a: \"blob images/{name\"}", "4:27: a: "},
		{"a mapping with neither", "out: {a: {store: S}}", "4:14: a has to be a blob or a queue"},
		{"a mapping with a key of its own", "out: {a: {blob: images/a, conn: S}}", "4:31: a has no key \"conn\"\nhint: one of blob, queue, store"},
		{"braces without quotes", "out: {a: {queue: {x: y}}}", "4:22: queue of a is a mapping"},
		{"a list", "answer: [queue a]", "4:13: answer is a list"},
		{"an alias", "path: *p", "an anchor, an alias or a tag of YAML"},
		{"a setting that is not closed", "out: {a: queue %NAME}", "a: "},
	} {
		_, mistakes := manifest.Read(source("functions:\n  f:\n    queue: jobs\n    "+row.line+"\n"), nil)
		err := funcapp.Faults(mistakes)
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "AccountKey") {
			t.Errorf("%s: Read(%q) says\n%v\nwant\n%s", row.why, row.line, err, row.want)
		}
	}
}

func TestMistakesOfTriggersAndOfTheWhole(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"nothing at all", "functions:\n", "1:1: functions is nothing"},
		{"none", "functions: {}\n", "functions has none\nhint: functions: {resize: {queue: images-in}}"},
		{"a list", "functions: [a]\n", "1:12: functions is a list"},
		{"a name that no store takes", "functions:\n  my function:\n    queue: jobs\n", "2:3: \"my function\" is no name of a function"},
		{"names in another case", "functions:\n  a: {queue: one}\n  A: {queue: two}\n", "3:3: the functions \"a\" and \"A\" have the same name"},
		{"no trigger", "functions:\n  a:\n    path: /x\n", "3:5: nothing triggers function a\nhint: queue: NAME"},
		{"a queue of a trigger is fixed", "functions:\n  a: {queue: \"{x}\"}\n", "2:14: queue: the queue of a trigger can't be an expression"},
		{"capitals", "functions:\n  a: {queue: Jobs}\n", "2:14: queue: queue name \"Jobs\" has 'J'"},
		{"a schedule", "functions:\n  a: {timer: 0 0 25 * * *}\n", "2:18: timer: "},
		{"a schedule in quotes", "functions:\n  a: {timer: \"0 0 25 * * *\"}\n", "2:19: timer: "},
		{"a pattern", "functions:\n  a: {blob: \"x/{n\"}\n", "blob: "},
		{"a name that the blob does not bring", "functions:\n  a:\n    blob: images/{name}\n    out: {b: \"blob thumbs/{nam}\"}\n", "4:27: b: the trigger brings no \"nam\"\nhint: did you mean name?"},
		{"a name that no timer brings", "functions:\n  a:\n    timer: 00:05:00\n    answer: queue out-{x}\n", "4:23: answer: the trigger brings no \"x\"\nhint: a timer brings no names"},
		{"another trigger's", "functions:\n  a:\n    timer: 00:05:00\n    tries: 3\n", "4:5: function a: tries has no meaning for a timer"},
	} {
		_, mistakes := manifest.Read(source(row.text), nil)
		if err := funcapp.Faults(mistakes); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: Read(%q) says\n%v\nwant\n%s", row.why, row.text, err, row.want)
		}
	}
}

func TestAllMistakesAreToldInTheOrderOfTheirPlaces(t *testing.T) {
	_, mistakes := manifest.Read(source("functions:\n  a:\n    tries: x\n    queue: J\n  b:\n    timer: 5 * * * *\n    batch: 3\n    pth: x\n"), nil)
	var got []string
	for _, m := range mistakes {
		first, _, _ := strings.Cut(m.Error(), "\n")
		got = append(got, first)
	}
	want := []string{
		`stanch.yaml:3:12: tries is "x", and has to be a whole number`,
		`stanch.yaml:4:12: queue: queue name "J" has 1 characters`,
		`stanch.yaml:6:12: warning: timer: it has five fields, so that the first one is the minute`,
		`stanch.yaml:7:5: function b: batch has no meaning for a timer`,
		`stanch.yaml:8:5: function b has no key "pth"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read (-want +got):\n%s", diff)
	}
}

func TestSettingsAreSeenWhenTheyAreKnown(t *testing.T) {
	s := source("functions:\n  a:\n    queue: \"%QUEUE%\"\n    store: JOBS\n")
	if _, mistakes := manifest.Read(s, nil); len(mistakes) > 0 {
		t.Errorf("Read without settings: %v, want no mistakes", mistakes)
	}
	for _, row := range []struct {
		why  string
		env  []string
		want string
	}{
		{"both are there", []string{"QUEUE=jobs", "JOBS=file:x"}, ""},
		{"a managed identity", []string{"QUEUE=jobs", "JOBS__accountName=shop"}, ""},
		{"no queue", []string{"JOBS=file:x"}, "stanch.yaml:3:13: queue: there is no variable \"QUEUE\"\nhint: set it in the environment"},
		{"no store", []string{"QUEUE=jobs"}, "stanch.yaml:4:12: store: there is no variable JOBS"},
		{"what is wrong is not repeated", []string{"QUEUE=Sesame", "JOBS=file:x"}, "stanch.yaml:3:12: queue is wrong once its settings are put in"},
	} {
		_, mistakes := manifest.Read(s, environ(row.env...))
		err := funcapp.Faults(mistakes)
		if (err == nil) != (row.want == "") || err != nil && (!strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "Sesame")) {
			t.Errorf("%s: Read says %v, want %q", row.why, err, row.want)
		}
	}
}

func TestSameIsWhateverThePlace(t *testing.T) {
	a := source("functions:\n  a: {queue: jobs, tries: 3}\n")
	for _, row := range []struct {
		why, text string
		want      bool
	}{
		{"another way to write it", "# said\nfunctions:\n  a:\n    tries: \"3\"\n    queue: jobs\n", true},
		{"another number", "functions:\n  a: {queue: jobs, tries: 4}\n", false},
		{"one more", "functions:\n  a: {queue: jobs, tries: 3}\n  b: {queue: jobs}\n", false},
		{"none", "workers: 1\n", false},
	} {
		if got := a.Same(source(row.text)); got != row.want {
			t.Errorf("%s: Same = %v, want %v", row.why, got, row.want)
		}
	}
}

// Whatever the file has, what comes out sound can be run: every function has its
// trigger, a path and bounds that a listener takes; and every mistake has a place.
func FuzzRead(f *testing.F) {
	f.Add("a: {queue: jobs, in: {x: \"blob a/b\"}, out: {y: queue abc}}")
	f.Add("a:\n    timer: 0 */5 * * * *\n    batch: 3")
	f.Add("a: {blob: \"images/{name}\", payload: url, answer: {blob: \"x/{name}\", store: S}}")
	f.Fuzz(func(t *testing.T, text string) {
		s := source("functions:\n  " + text + "\n")
		if s.Empty() {
			return
		}
		m, mistakes := manifest.Read(s, environ("S=file:x", "jobs=jobs"))
		for _, mistake := range mistakes {
			if mistake.Line < 1 || mistake.Column < 1 {
				t.Errorf("Read(%q): %v has no place", text, mistake)
			}
		}
		if funcapp.Faults(mistakes) != nil {
			return
		}
		if len(m.Functions) == 0 {
			t.Errorf("Read(%q) has no functions, and no mistake", text)
		}
		for _, fn := range m.Functions {
			b, h := fn.Trigger, m.Settings[fn.Name]
			sound := b.Type == funcapp.QueueTrigger && b.Queue != nil || b.Type == funcapp.BlobTrigger && b.Pattern != nil ||
				b.Type == funcapp.TimerTrigger && b.Schedule != schedule.Schedule{}
			q := h.Queues
			if !sound || !strings.HasPrefix(m.Paths[fn.Name], "/") || q.BatchSize < 1 || q.BatchSize > 32 || q.NewBatchThreshold < 0 || q.MaxDequeueCount < 1 {
				t.Errorf("Read(%q): function %+v with path %q and settings %+v is not sound", text, fn, m.Paths[fn.Name], h)
			}
			for _, o := range append(fn.Inputs, fn.Outputs...) {
				if o.Queue == nil && o.Path == nil {
					t.Errorf("Read(%q): binding %+v means nothing", text, o)
				}
			}
		}
	})
}
