package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
)

// step is what is shown to somebody, and what they type then.
type step struct{ shown, typed string }

// initOnTerminal runs `stanch lab init` in a folder.
func initOnTerminal(t *testing.T, dir string, args ...string) *screen {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"stanch", "lab", "init"}, args...)
	cmd.Dir = dir
	return onTerminal(t, cmd)
}

func (s *screen) follow(steps []step) {
	s.t.Helper()
	for _, step := range steps {
		s.await(step.shown)
		s.enter(step.typed)
	}
}

func (s *screen) awaitEnd() {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("lab init does not end")
	}
}

func TestAtATerminalLabInitAsksForWhatNoFlagSays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := initOnTerminal(t, dir, "--memory", "256MiB")
	s.follow([]step{
		{"What do you claim [1]: ", "a bug\n"},
		{"a number from 1 to 4, or the word beside it", ""},
		{"What do you claim [1]: ", "3\n"},
		{"The worker's command ({port} is where it has to listen): ", "\n"},
		{"The worker's command", "python app.py > log\n"},
		{"takes a shell", ""},
		{"The worker's command", "python 'old app.py' {port}\n"},
		{"The other command: ", "python new.py {port}\n"},
		{"An endpoint: ", "PATCH /orders\n"},
		{"no PATCH", ""},
		{"An endpoint: ", "/orders/{id}\n"},
		{"Another one [no]: ", "POST /orders 2KiB\n"},
		{"Another one [no]: ", "\n"},
		{"Requests a second under load; the more, the smaller a leak can be [50]: ", "many\n"},
		{"a number, such as 50", ""},
		{"Requests a second", "100/s\n"},
		{"Minutes that it may take, all runs together [30]: ", "1\n"},
		{"5 or more", ""},
		{"Minutes", "60\n"},
		{"What it is called [shop-fix]: ", "Mine\n"},
		{"small letters", ""},
		{"What it is called", "mine\n"},
		{"wrote labs/mine/experiment.yaml", ""},
	})
	s.awaitEnd()
	found, err := folder.Open(filepath.Join(dir, "labs", "mine"))
	if err != nil {
		t.Fatal(err)
	}
	e, mistakes := experiment.Read(found.Source, experiment.Options{Folder: found.Has})
	if err := mistakes.Err(); err != nil {
		t.Fatal(err)
	}
	before := e.Subject.Variants[0]
	if got := strings.Join(before.Command, "|"); got != "python|old app.py|{port}" || before.Name != "before" || before.Dir != "app" {
		t.Errorf("the first variant is %+v, want the command that was typed, before, behind the link app", before)
	}
	load := e.Phases[len(e.Phases)-1]
	if e.Compare == nil || load.Rates[0].PerSecond != 100 || len(e.Load.Streams[0].HTTP) != 2 || e.Subject.Limit.Memory != 256<<20 {
		t.Errorf("the experiment is %+v, want what was typed", e)
	}
}

func TestOfAFunctionAppLabInitAsksLess(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"fn/host.json": `{"version": "2.0"}`, "fn/f/a.py": "",
		"fn/f/function.json":       `{"bindings": [{"type": "queueTrigger", "name": "m", "direction": "in", "queueName": "orders", "connection": "C"}], "scriptFile": "a.py"}`,
		"fn/local.settings.json":   `{"Values": {"FUNCTIONS_WORKER_RUNTIME": "python"}}`,
		"bare/host.json":           `{"version": "2.0"}`,
		"bare/function_app.py":     "",
		"bare/local.settings.json": `{"Values": {"FUNCTIONS_WORKER_RUNTIME": "python"}}`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := initOnTerminal(t, dir, "--app", "fn", "here")
	s.follow([]step{
		{"What do you claim", "\n"},
		{"host.json is in fn: it is run as a function app.", ""},
		{"The memory limit, which the kernel enforces [512MiB]: ", "\n"},
		{"Requests a second", "\n"},
		{"Minutes", "\n"},
		{"wrote here/experiment.yaml", ""},
	})
	s.awaitEnd()
	// What its files don't say has to be asked.
	s = initOnTerminal(t, dir, "--app", "bare", "--claim", "oom", "--memory", "1GiB", "--name", "there")
	s.follow([]step{
		{"it is run as a function app", ""},
		{"Or queue NAME, or blob CONTAINER.", ""},
		{"An endpoint: ", "queue jobs\n"},
		{"Another one [no]: ", "blob uploads\n"},
		{"Another one [no]: ", "\n"},
		{"Requests a second", "\n"},
		{"Minutes", "\n"},
		{"wrote labs/there/experiment.yaml", ""},
	})
	s.awaitEnd()
	text, err := os.ReadFile(filepath.Join(dir, "labs/there/experiment.yaml"))
	if err != nil || !strings.Contains(string(text), `queue: {name: "jobs"`) || !strings.Contains(string(text), `blob: {path: "uploads/{n}.bin"`) {
		t.Errorf("the experiment is %s, %v; want the queue and the blobs that were typed", text, err)
	}
}

// Whoever leaves a question, by Ctrl-D or by Ctrl-C, leaves nothing behind.
func TestLabInitCanBeLeft(t *testing.T) {
	for key, shown := range map[string]string{"\x04": "no more answers: nothing was written", "\x03": "^C"} {
		dir := t.TempDir()
		s := initOnTerminal(t, dir)
		s.follow([]step{
			{"What do you claim", "leak\n"},
			{"The worker's command ({port} is where it has to listen): ", key},
			{shown, ""},
		})
		s.awaitEnd()
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("after %q there is %v, %v; want nothing", key, left, err)
		}
	}
}
