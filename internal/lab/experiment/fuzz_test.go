package experiment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
)

// Any file is read or refused, twice the same way. What is read is sound: names are
// those of things, times and rates are positive, and both versions can be run.
func FuzzRead(f *testing.F) {
	f.Add(least, false)
	f.Add(everything(f), true)
	for _, name := range []string{"blob-oom", "binding-vs-sdk", "runtime-swap"} {
		f.Add(fixture(f, "../../../labs/"+name+"/experiment.yaml"), true)
	}
	f.Add("small: {phases: null}\nphases: [[[]]]\nsubject: {variants: {a: {env: {X: secret}}}}", true)
	f.Add("version: 1\nsmall: 5\n", true)
	f.Fuzz(func(t *testing.T, text string, small bool) {
		s, err := folder.Parse("e.yaml", []byte(text))
		if err != nil {
			return
		}
		o := experiment.Options{Small: small}
		e, mistakes := experiment.Read(s, o)
		again, more := experiment.Read(s, o)
		if diff := cmp.Diff(mistakes, more); diff != "" {
			t.Fatalf("two readings have different mistakes:\n%s", diff)
		}
		for _, m := range mistakes {
			if m.Line < 1 || m.Column < 1 || m.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+2 {
				t.Fatalf("a mistake is outside the file: %+v", m)
			}
			if len(m.Text) > 2000 || len(m.Hint) > 3000 {
				t.Fatalf("a mistake of %d and %d bytes fills the screen", len(m.Text), len(m.Hint))
			}
		}
		if len(mistakes) > 0 {
			return
		}
		if diff := cmp.Diff(e, again); diff != "" {
			t.Fatalf("two readings differ:\n%s", diff)
		}
		checkSound(t, e)
	})
}

func checkSound(t *testing.T, e *lab.Experiment) {
	variants, streams, phases := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, v := range e.Subject.Variants {
		variants[v.Name] = true
	}
	for _, s := range e.Load.Streams {
		streams[s.Name] = true
	}
	for _, p := range e.Phases {
		phases[p.Name] = p.Judge
		if p.For < 0 || p.Rest < 0 || p.Cycles < 1 || p.Length() < p.For {
			t.Fatalf("the phase %+v has no time", p)
		}
		for _, r := range p.Rates {
			if !streams[r.Stream] || r.PerSecond <= 0 {
				t.Fatalf("the rate %+v of %s is of nothing", r, p.Name)
			}
		}
		for _, a := range p.Do {
			if a.Use != "" && !variants[a.Use] {
				t.Fatalf("%s uses %s, which is not there", p.Name, a.Use)
			}
			if a.Fault != nil && !reachable(e, a.Fault.Dependency) {
				t.Fatalf("%s makes %s ill, which some variant has no setting for", p.Name, a.Fault.Dependency)
			}
		}
	}
	if e.Compare == nil && !variants[e.Subject.Start] || e.Compare != nil && (!variants[e.Compare.A] || !variants[e.Compare.B] || e.Compare.A == e.Compare.B) {
		t.Fatalf("nobody runs: start %q, compare %+v", e.Subject.Start, e.Compare)
	}
	for _, c := range append(e.Proof, e.Disproof...) {
		if len(c.Window) == 0 {
			t.Fatalf("%s has no window", c.ID)
		}
		for _, w := range c.Window {
			if !phases[w] {
				t.Fatalf("%s looks at %s, which is not there or not judged", c.ID, w)
			}
		}
		for _, window := range [][]string{c.Window, c.Of, c.From, c.Peak} {
			for i := range len(window) - 1 {
				if after(e, window[i]) != window[i+1] {
					t.Fatalf("%s looks at %v, which is no stretch of time", c.ID, window)
				}
			}
		}
	}
	if len(e.Phases) == 0 || e.Repeat.Least < 1 || e.Repeat.Most < e.Repeat.Least || e.Subject.Limit.Memory <= 0 {
		t.Fatalf("nothing is run: %+v", e)
	}
}

// after is the name of the phase that comes after one.
func after(e *lab.Experiment, name string) string {
	for i, p := range e.Phases[:len(e.Phases)-1] {
		if p.Name == name {
			return e.Phases[i+1].Name
		}
	}
	return ""
}

// reachable says that each variant has a setting.
func reachable(e *lab.Experiment, setting string) bool {
	for _, s := range e.Subject.Services {
		if s.Setting == setting {
			return true
		}
	}
	if setting == "AzureWebJobsStorage" && e.Subject.Store == lab.Azurite {
		return true
	}
	for _, v := range e.Subject.Variants {
		if _, there := v.Env[setting]; !there {
			return false
		}
	}
	return true
}
