package functions_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// running is an app that stanch runs, with a storage of its own.
type running struct {
	t       *testing.T
	stores  *connect.Stores
	clients string // where clients go
	log     *rounds
	cmd     *exec.Cmd
	ended   chan error
}

// rounds is the log of functions. It closes rounds at the third picture.
type rounds struct {
	io.Writer
	seen   int
	rounds chan struct{}
}

func (r *rounds) Write(line []byte) (int, error) {
	before := r.seen
	r.seen += strings.Count(string(line), " has 26 bytes")
	if before < 3 && r.seen >= 3 {
		close(r.rounds)
	}
	return r.Writer.Write(line)
}

// stanch builds the program.
func stanch(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stanch")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/stanch").CombinedOutput(); err != nil {
		t.Fatalf("go build cmd/stanch: %v\n%s", err, out)
	}
	return program
}

// run runs a copy of the app in a folder, as the README says, against an Azurite.
func run(t *testing.T, program, app string, flags ...string) *running {
	t.Helper()
	storage := azurite.New(t)
	folder := filepath.Join(t.TempDir(), filepath.Base(app))
	if err := os.CopyFS(folder, os.DirFS(app)); err != nil {
		t.Fatal(err)
	}
	if handler := read(t, app).Host.Handler; handler != nil && handler.Executable == "handler" {
		build := exec.Command("go", "build", "-o", filepath.Join(folder, "handler"), ".")
		build.Dir = app
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("go build in %s: %v\n%s", app, err, out)
		}
	} else if handler != nil {
		if _, err := exec.LookPath(handler.Executable); err != nil {
			t.Skipf("%s is not installed", handler.Executable)
		}
	}
	connections := connect.New(connect.Config{})
	t.Cleanup(func() {
		if err := connections.Close(); err != nil {
			t.Errorf("close the stores: %v", err)
		}
	})
	stores, err := connections.OpenText(storage.Connection())
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, stores: stores, ended: make(chan error, 1)}
	r.cmd = exec.Command(program, append([]string{
		"run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", t.TempDir(), "--shutdown-delay", "0s", "--scan-interval", "500ms",
	}, flags...)...)
	r.cmd.Dir = folder
	// Of the caller's variables those that are settings of stanch stay out.
	environ := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "STANCH_") })
	r.cmd.Env = append(environ, "AzureWebJobsStorage="+storage.Connection(), "TICK=*/2 * * * * *", "PYTHONDONTWRITEBYTECODE=1")
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r.log = &rounds{Writer: t.Output(), rounds: make(chan struct{})}
	r.cmd.Stdout = r.log
	said, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go func() {
		r.read(said, ready)
		r.ended <- r.cmd.Wait()
	}()
	t.Cleanup(r.stop)
	select {
	case <-ready:
	case err := <-r.ended:
		r.ended <- err
		t.Fatalf("stanch run in %s: %v, before its functions ran", app, err)
	case <-time.After(patience):
		t.Fatalf("stanch run in %s: no functions run after %v", app, patience)
	}
	return r
}

// read shows what stanch says, and closes ready when its functions run.
func (r *running) read(said io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintln(r.t.Output(), lines.Text())
		if _, after, found := strings.Cut(lines.Text(), "Host started: clients on "); found {
			address, _, _ := strings.Cut(after, ",")
			r.clients = "http://" + address
		}
		if strings.Contains(lines.Text(), "Functions run: ") {
			close(ready)
		}
	}
}

// stop ends stanch as an orchestrator does.
func (r *running) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Errorf("stanch ended with %v, want an orderly end", err)
		}
	case <-time.After(patience):
		_ = r.cmd.Process.Kill()
		<-r.ended
		r.t.Errorf("stanch did not end in %v", patience)
	}
}

func (r *running) put(container, path string, body []byte) {
	r.t.Helper()
	name := blob.Name{Container: container, Path: path}
	if _, err := r.stores.Blobs.Put(r.t.Context(), name, blob.Head{}, strings.NewReader(string(body)), blob.Want{}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) send(queue, body string) {
	r.t.Helper()
	if _, err := r.stores.Queues.Put(r.t.Context(), queue, []byte(body)); err != nil {
		r.t.Fatal(err)
	}
}

// take waits for a message and takes it out.
func (r *running) take(name string) string {
	r.t.Helper()
	late := time.After(patience)
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		leases, err := r.stores.Queues.Lease(r.t.Context(), name, queue.Ask{Max: 1, Hold: time.Minute})
		if err != nil && !errors.Is(err, work.ErrAbsent) {
			r.t.Fatal(err)
		}
		if len(leases) == 1 {
			if err := leases[0].Done(r.t.Context()); err != nil {
				r.t.Fatal(err)
			}
			return string(leases[0].Message().Body)
		}
		select {
		case <-tick.C:
		case <-late:
			r.t.Fatalf("nothing is in the queue %s after %v", name, patience)
		}
	}
}

// table holds a running app to the README's table, and gives it one message that
// it can't work on.
func (r *running) table(handler string) {
	r.t.Helper()
	r.put("images", "cat.jpg", picture)
	r.send("jobs", "cat.jpg")
	if got, want := ordered(r.take("done")), outputs["resize"][1]; got != want {
		r.t.Errorf("queue done: got %s, want %s", got, want)
	}
	r.put("incoming", "in/cat.jpg", picture)
	if got, want := ordered(r.take("arrivals")), outputs["arrived"][1]; got != want {
		r.t.Errorf("queue arrivals: got %s, want %s", got, want)
	}
	if got := r.take("ticks"); got != "tick, past due: false" && got != "tick, past due: true" {
		r.t.Errorf("queue ticks: got %q, want a tick", got)
	}
	answer, err := http.Post(r.clients+"/api/hello/Ada", "text/plain", strings.NewReader("12345"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if want := "Hello, Ada! You sent 5 bytes.\n"; answer.StatusCode != 200 || string(body) != want || answer.Header.Get("X-Handler") != handler {
		r.t.Errorf("POST /api/hello/Ada: got %d %q of %s, %v; want 200 %q of %s", answer.StatusCode, body, answer.Header.Get("X-Handler"), err, want, handler)
	}
	r.send("jobs", "there/is-no.jpg")
	if got := r.take("jobs-poison"); got != "there/is-no.jpg" {
		r.t.Errorf("queue jobs-poison: got %q, want the name of the picture that is not there", got)
	}
}

func TestStanchRunsEveryHandler(t *testing.T) {
	program := stanch(t)
	for _, name := range []string{"go", "node", "python"} {
		t.Run(name, func(t *testing.T) { run(t, program, name+"-handler").table(name) })
	}
}

func TestStanchRunsTheLabOfLargeBlobs(t *testing.T) {
	program := stanch(t)
	for _, name := range []string{"buffered", "streamed"} {
		t.Run(name, func(t *testing.T) {
			r := run(t, program, filepath.Join("../../labs/blob-oom", name))
			r.put("large", "cat.jpg", picture)
			want := strings.NewReplacer(`"image"`, `"name"`).Replace(outputs["resize"][1])
			if got := ordered(r.take("large-done")); got != ordered(want) {
				t.Errorf("queue large-done: got %s, want %s", got, ordered(want))
			}
		})
	}
}

func TestRealWorkerRunsUnderStanch(t *testing.T) {
	forms(t, func(t *testing.T, form pyworker.Form, at string) {
		program := stanch(t)
		for _, app := range []string{"python-v1", "python-v2"} {
			t.Run(app, func(t *testing.T) {
				if app == "python-v2" && !form.V2 {
					t.Skipf("the worker %s does not know the second model", form.Name)
				}
				run(t, program, app, "--language-worker", at).table(app)
			})
		}
		t.Run("the loop of the lab", func(t *testing.T) {
			if !form.V2 {
				t.Skipf("the worker %s does not know the second model", form.Name)
			}
			r := run(t, program, "../../labs/binding-vs-sdk/binding", "--language-worker", at)
			r.put("images", "image.png", picture)
			r.send("loop", "image.png")
			select {
			case <-r.log.rounds:
			case <-time.After(patience):
				t.Fatalf("the message went round fewer than 3 times in %v", patience)
			}
		})
	})
}
