package draft_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/draft"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/foresight"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

func answers(claim draft.Claim) draft.Answers {
	a := draft.Answers{
		Name: "orders", Claim: claim, Worker: draft.Worker{Command: []string{"python", "app.py", "{port}"}},
		Memory: 512 * bytesize.MiB, Requests: []lab.Request{{Method: "GET", Path: "/orders/{key}", Keys: 1000}, {Method: "POST", Path: "/orders", Size: 2048}},
		Rate: 20, Length: 30 * time.Minute,
	}
	if claim == draft.Fix || claim == draft.Compare {
		a.Other = &draft.Worker{Command: []string{"python", "new.py"}}
	}
	return a
}

// read reads a draft back, in both versions.
func read(t *testing.T, text string) (full, small *lab.Experiment) {
	t.Helper()
	s, err := folder.Parse("experiment.yaml", []byte(text))
	if err != nil {
		t.Fatalf("the draft is no YAML: %v\n%s", err, text)
	}
	full, mistakes := experiment.Read(s, experiment.Options{})
	small, more := experiment.Read(s, experiment.Options{Small: true})
	if len(mistakes)+len(more) > 0 {
		t.Fatalf("the draft has mistakes: %v %v\n%s", mistakes.Err(), more.Err(), text)
	}
	return full, small
}

func written(t *testing.T, a draft.Answers) (full, small *lab.Experiment) {
	t.Helper()
	text, err := draft.Write(a)
	if err != nil {
		t.Fatalf("Write(%+v): %v", a, err)
	}
	return read(t, text)
}

// every is an answer of each kind.
func every() map[string]draft.Answers {
	all := map[string]draft.Answers{}
	for _, claim := range draft.Claims() {
		all[string(claim)] = answers(claim)
	}
	fixed := answers(draft.OOM)
	fixed.Other = &draft.Worker{Command: []string{"python", "new.py"}}
	all["oom with a fix"] = fixed
	app := answers(draft.Fix)
	app.Worker, app.Other = draft.Worker{Dir: "before", Functions: true}, &draft.Worker{Dir: "after", Functions: true}
	app.Requests, app.Queues, app.Blobs, app.Payload = nil, []string{"orders", "items"}, []string{"uploads/{n}.bin"}, 32*bytesize.KiB
	all["a function app"] = app
	some := answers(draft.OOM)
	some.Worker = draft.Worker{Dir: "app", Functions: true}
	some.Requests, some.Queues = nil, []string{"orders"}
	all["a queue of texts"] = some
	for _, minutes := range []time.Duration{5, 600} {
		a := answers(draft.Leak)
		a.Length = minutes * time.Minute
		all[fmt.Sprintf("%d minutes", minutes)] = a
	}
	slow := answers(draft.Leak)
	slow.Rate, slow.Memory = 0.5, 64*bytesize.MiB
	all["slow and small"] = slow
	own := answers(draft.Fix)
	own.Smallest = 256
	all["an effect of one's own"] = own
	return all
}

func TestADraftCanBeRunInBothVersions(t *testing.T) {
	for why, a := range every() {
		full, small := written(t, a)
		for _, e := range []*lab.Experiment{full, small} {
			if _, err := ask.Case(e); err != nil {
				t.Errorf("%s, small %v: no verdict can be made of it: %v", why, e.Version.Small, err)
			}
			if e.Controls.Planted == nil || (e.Controls.Same == nil) != (a.Claim == draft.Compare) || len(e.Gates) < 3 {
				t.Errorf("%s, small %v: it has the controls %+v and %d gates", why, e.Version.Small, e.Controls, len(e.Gates))
			}
			asked := len(e.Proof) > 0 && len(e.Disproof) > 1
			if e.Compare != nil && len(e.Proof) == 0 {
				asked = e.Compare.Metrics[0].Expect == lab.Less
			}
			if !asked {
				t.Errorf("%s, small %v: %d criteria of proof and %d of disproof", why, e.Version.Small, len(e.Proof), len(e.Disproof))
			}
		}
		took := timeline.Total(full, timeline.Runs(full, full.Repeat.Least))
		if off := took.Seconds() / a.Length.Seconds(); off < 0.8 || off > 1.05 {
			t.Errorf("%s: it takes %v, want about %v", why, took, a.Length)
		}
		if took := timeline.Total(small, timeline.Runs(small, small.Repeat.Least)); took < 80*time.Second || took > 2*time.Minute {
			t.Errorf("%s: small takes %v, want less than two minutes", why, took)
		}
		if full.Subject.Limit.Memory != a.Memory || small.Subject.Limit.Memory != a.Memory {
			t.Errorf("%s: limits are %v and small %v, want %v", why, full.Subject.Limit.Memory, small.Subject.Limit.Memory, a.Memory)
		}
		if diff := cmp.Diff(full.Load, small.Load); diff != "" {
			t.Errorf("%s: small sends something else (-full +small):\n%s", why, diff)
		}
	}
}

func TestADraftCanTellWhatItAsks(t *testing.T) {
	for why, a := range every() {
		if a.Smallest > 0 {
			continue // it is asked for what it can't
		}
		full, small := written(t, a)
		for _, e := range []*lab.Experiment{full, small} {
			sights, err := foresight.Look(e, foresight.Assumed(foresight.Wobble))
			if err != nil {
				t.Fatalf("%s: %v", why, err)
			}
			judged := 0
			for _, s := range sights {
				if s.Grade == foresight.Coarse {
					t.Errorf("%s, small %v: %s %s could tell %.0f, and asks for %.0f", why, e.Version.Small, s.Part, s.ID, s.Tells, s.Asks)
				}
				if s.Grade != foresight.Unknown {
					judged++
				}
			}
			if judged < 2 && a.Claim != draft.Compare || judged < 1 {
				t.Errorf("%s, small %v: of %d criteria %d could be judged", why, e.Version.Small, len(sights), judged)
			}
		}
	}
}

func TestAnswersArriveInTheExperiment(t *testing.T) {
	a := answers(draft.Fix)
	a.Worker.Dir = "old app"
	full, _ := written(t, a)
	want := []lab.Variant{
		{Name: "before", Dir: "old app", Command: []string{"python", "app.py", "{port}"}, Contract: lab.HTTP},
		{Name: "after", Dir: ".", Command: []string{"python", "new.py"}, Contract: lab.HTTP},
	}
	if diff := cmp.Diff(want, full.Subject.Variants); diff != "" {
		t.Errorf("variants (-want +got):\n%s", diff)
	}
	requests := []lab.Request{
		{Method: "GET", Path: "/orders/{key}", Keys: 1000, Share: 1, Timeout: 30 * time.Second},
		{Method: "POST", Path: "/orders", Keys: 1, Size: 2048, Share: 1, Timeout: 30 * time.Second},
	}
	if diff := cmp.Diff(requests, full.Load.Streams[0].HTTP); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	load := full.Phases[1]
	if load.Name != "load" || load.Cycles != 8 || len(load.Rates) != 1 || load.Rates[0].PerSecond != 20 {
		t.Errorf("the phase under load is %+v, want 20/s in 8 cycles", load)
	}
	if full.Compare == nil || full.Compare.A != "before" || full.Compare.B != "after" {
		t.Errorf("compare is %+v, want before and after", full.Compare)
	}
}

func TestAFixForAnOOMIsTriedUnderTheSameLoad(t *testing.T) {
	full, small := written(t, every()["oom with a fix"])
	for _, e := range []*lab.Experiment{full, small} {
		rates := map[string][]lab.Rate{}
		used := ""
		for _, p := range e.Phases {
			rates[p.Name] = p.Rates
			for _, a := range p.Do {
				used = p.Name + " uses " + a.Use
			}
		}
		if diff := cmp.Diff(rates["overload"], rates["recovery"]); diff != "" || used != "remediation uses fixed" {
			t.Errorf("small %v: %s; overload against recovery:\n%s", e.Version.Small, used, diff)
		}
	}
	alone, _ := written(t, answers(draft.OOM))
	if n := len(alone.Phases); n != 4 {
		t.Errorf("without a fix there are %d phases, want 4", n)
	}
}

func TestWhatCantBeDraftedIsSaidAllAtOnce(t *testing.T) {
	a := draft.Answers{Name: "Mine", Claim: "leeks", Worker: draft.Worker{Command: []string{"sh", " x ", ""}}, Rate: -1, Queues: []string{"orders"}}
	_, err := draft.Write(a)
	for _, want := range []string{
		`there is no claim "leeks"`, `"Mine" is no name`, "word 2 of the command is empty or has blanks at its ends", "word 3 of the command is empty",
		"queues and blobs are for function apps", "a memory limit of 0B", "a rate of -1/s", "0s are not between 5m0s and 48h0m0s",
	} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("Write(%+v): the error does not say %q:\n%v", a, want, err)
		}
	}
	for _, row := range []struct {
		why    string
		change func(*draft.Answers)
		want   string
	}{
		{"a fix of one worker", func(a *draft.Answers) { a.Claim, a.Other = draft.Fix, nil }, "is about two workers"},
		{"a leak of two", func(a *draft.Answers) { a.Other = &draft.Worker{Command: []string{"x"}} }, "is about one worker"},
		{"a fix that is none", func(a *draft.Answers) { a.Claim, a.Other = draft.Fix, &a.Worker }, "both workers are the same"},
		{"nothing to do", func(a *draft.Answers) { a.Requests = nil }, "nothing is asked of the worker"},
		{"a worker of nothing", func(a *draft.Answers) { a.Worker.Command = nil }, "the command is empty"},
		{"too much for a file", func(a *draft.Answers) { a.Worker.Command = []string{strings.Repeat("x", 1<<20)} }, "is no text that a file can hold"},
		{"many long words", func(a *draft.Answers) {
			a.Worker.Command = strings.Fields(strings.Repeat(strings.Repeat("x", 8000)+" ", 50))
		}, "more than 65536 bytes"},
		{"more than an experiment may ask", func(a *draft.Answers) { a.Rate, a.Length = 5000, 10*time.Hour }, "and the most is 10000000"},
	} {
		a := answers(draft.Leak)
		row.change(&a)
		if _, err := draft.Write(a); !strings.Contains(fmt.Sprint(err), row.want) {
			t.Errorf("%s: the error is %v, want %q in it", row.why, err, row.want)
		}
	}
}

func TestWordsAreThoseOfAShell(t *testing.T) {
	for _, row := range []struct {
		why, command string
		want         []string
	}{
		{"blanks part words", " python  app.py\t{port} ", []string{"python", "app.py", "{port}"}},
		{"quotes keep them together", `sh -c 'cd x && exec y "$PORT"'`, []string{"sh", "-c", `cd x && exec y "$PORT"`}},
		{"within a word, too", `--name="a b"'c d'`, []string{"--name=a bc d"}},
		{"a backslash keeps what follows", `a\ b \"x "q\"r" "n\n"`, []string{"a b", `"x`, `q"r`, `n\n`}},
		{"an empty word is one", `a ''`, []string{"a", ""}},
		{"nothing", "  ", nil},
	} {
		got, err := draft.Words(row.command)
		if diff := cmp.Diff(row.want, got); err != nil || diff != "" {
			t.Errorf("%s: Words(%s): %v (-want +got):\n%s", row.why, row.command, err, diff)
		}
	}
	for command, want := range map[string]string{
		"app --port $PORT": "takes a shell", "a | b": "takes a shell", "a && b": "takes a shell", `"$X"`: "takes a shell",
		"a 'b": "ends within quotes", `a\`: "ends within quotes",
	} {
		if got, err := draft.Words(command); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("Words(%s) = %q, %v; want an error with %q", command, got, err, want)
		}
	}
}

func TestANameIsMadeOfAFolders(t *testing.T) {
	for text, want := range map[string]string{
		"Shop API (v2)": "shop-api-v2", "2-fast": "fast", "---": "worker", "": "worker", "été": "t",
		strings.Repeat("ab-", 40): strings.TrimSuffix(strings.Repeat("ab-", 13), "-") + "-a",
	} {
		if got := draft.NameOf(text); got != want || !draft.IsName(got) {
			t.Errorf("NameOf(%q) = %q, want %q", text, got, want)
		}
	}
}

// Whatever is typed: what is written reads back as it was typed, and is nothing else.
func FuzzWrite(f *testing.F) {
	f.Add("python", "a: b", "/orders/{key}", "x", uint8(0), int64(512<<20))
	f.Add(`"`, "'#\\ \n}]", "/a?b=\"{n}\"", "- *a &b !c", uint8(1), int64(100_000_000))
	f.Add("日本\u0085\u2028\ufeff", "\x01\x7f", "/%41'", "%YAML", uint8(2), int64(3_500_000_001))
	f.Add("{{.Name}}", "null", "/~", "true", uint8(3), int64(1<<40))
	f.Fuzz(func(t *testing.T, one, two, path, dir string, which uint8, memory int64) {
		claim := draft.Claims()[int(which)%4]
		a := answers(claim)
		a.Worker = draft.Worker{Command: []string{one, two, "{port}"}, Dir: dir}
		a.Requests = []lab.Request{{Method: "POST", Path: path, Keys: 1, Size: 7}}
		a.Memory, a.Place = bytesize.Size(memory), one
		if a.Other != nil {
			a.Other = &draft.Worker{Command: []string{two, one}}
		}
		text, err := draft.Write(a)
		if err != nil {
			if text != "" {
				t.Fatal("there is a text beside the error")
			}
			return
		}
		s, err := folder.Parse("e.yaml", []byte(text))
		if err != nil {
			t.Fatalf("no YAML: %v\n%s", err, text)
		}
		// A path or a folder that no experiment may have is a mistake of the file's reader;
		// nothing else may be.
		for _, small := range []bool{false, true} {
			e, mistakes := experiment.Read(s, experiment.Options{Small: small})
			for _, m := range mistakes {
				if !strings.Contains(m.Text, "which is no path") && !strings.Contains(m.Text, "outside the experiment's folder") && !strings.Contains(m.Text, "post is empty") && !strings.Contains(m.Text, "the path has no {key}") {
					t.Fatalf("a mistake: %v\n%s", m, text)
				}
			}
			if len(mistakes) > 0 {
				return
			}
			v := e.Subject.Variants[0]
			if diff := cmp.Diff(a.Worker.Command, v.Command); diff != "" {
				t.Fatalf("the command came back as another (-want +got):\n%s\n%s", diff, text)
			}
			if got := e.Load.Streams[0].HTTP[0].Path; got != strings.TrimSpace(path) {
				t.Fatalf("the path came back as %q, want %q", got, path)
			}
			if e.Subject.Limit.Memory != a.Memory || len(e.Subject.Variants) > 2 || e.Name != a.Name {
				t.Fatalf("the memory is %d, want %d; variants: %v", e.Subject.Limit.Memory, memory, e.Subject.Variants)
			}
		}
	})
}
