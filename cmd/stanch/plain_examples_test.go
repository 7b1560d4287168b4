package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Both examples of plain workers do what examples/functions/README.md says.
func TestTheExamplesOfPlainWorkersDoAsTheySay(t *testing.T) {
	const folder = "../../examples/functions"
	for name, command := range map[string]func(t *testing.T) []string{
		"plain-python": func(t *testing.T) []string {
			return []string{"python3", "-u", filepath.Join(folder, "plain-python", "app.py")}
		},
		"plain-go": func(t *testing.T) []string {
			program := filepath.Join(t.TempDir(), "worker")
			if out, err := exec.Command("go", "build", "-o", program, folder+"/plain-go").CombinedOutput(); err != nil {
				t.Fatalf("go build: %v\n%s", err, out)
			}
			return []string{program}
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			f := openFeed(t, data)
			args := []string{"--config", filepath.Join(folder, name, "stanch.yaml"), "--scan-interval", "1s", "--"}
			s := beginWith(t, data, nil, append(args, command(t)...)...)
			s.await("worker_ready", "")
			f.upload("images", "cat.jpg", "meow")
			f.put("jobs", "cat.jpg", "nobody.jpg")
			const sum = "404cdd7bc109c432f8cc2443b45bcfe95980f5107215c645236e577929ac3e52" // SHA-256 of meow
			if got := plainJSON(f.await("done", 1)[0]); !slices.Equal(got, []string{`"bytes":4`, `"image":"cat.jpg"`, `"sha256":"` + sum + `"`}) {
				t.Errorf("queue done holds %q, want size and sum of the image", got)
			}
			if text, _ := f.download("thumbs", "cat.jpg"); text != "meow" {
				t.Errorf("blob thumbs/cat.jpg is %q, want meow", text)
			}
			if got := f.await("jobs-poison", 1); got[0] != "nobody.jpg" {
				t.Errorf("the poison is %q, want the name of no image", got)
			}
			f.upload("incoming", "dog.txt", "woof!")
			if got := plainJSON(f.await("arrivals", 1)[0]); !slices.Equal(got, []string{`"bytes":5`, `"name":"dog.txt"`}) {
				t.Errorf("queue arrivals holds %q, want the blob's name and size", got)
			}
			if status, body, _, err := request("POST", s.admin+"/functions/tick", nil); err != nil || status != 200 {
				t.Errorf("POST /functions/tick = %d %s, %v; want 200", status, body, err)
			}
			if got := f.await("ticks", 1); got[0] != "tick, past due: false" {
				t.Errorf("queue ticks holds %q, want a tick", got)
			}
			if status, body, _ := s.get("/hello/Ada"); status != 200 || body != "Hello, Ada!\n" {
				t.Errorf("GET /hello/Ada = %d %q, want the worker's greeting", status, body)
			}
			if code := s.end(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
		})
	}
}

// plainJSON are the members of an object without blanks, sorted.
func plainJSON(text string) []string {
	parts := strings.Split(strings.Trim(strings.ReplaceAll(strings.TrimSpace(text), " ", ""), "{}"), ",")
	slices.Sort(parts)
	return parts
}
