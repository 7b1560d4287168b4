// Package record makes labelled traces of real programs: small workers in Python, Node, C and Go that leak, and their clean twins.
//
// A program serves pretended requests and prints how many, and how many bytes
// it has leaked, so the label's rate is what it did and not what was meant. What
// its process holds is read from /proc ten times a second. Time is stretched: a
// minute of the program is [Stretch] minutes of the trace, since real leaks take
// hours. Allocators and collectors are real; the stretch is told in the label. Begin with [Subjects].
package record

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// Stretch is how many seconds of a trace a second of the program is.
const Stretch = 240

//go:embed programs
var programs embed.FS

// Subject is a program and what it is told to do.
type Subject struct {
	Lang, Mechanism string
	Size            int // bytes that a request takes
	Class, Cause    string
	Clean           bool
}

// Subjects are all programs, leaking and clean.
func Subjects() []Subject {
	const size = 4 << 10
	return []Subject{
		{Lang: "python", Mechanism: "map", Size: size, Class: "unknown"},
		{Lang: "python", Mechanism: "listener", Size: size, Class: "unknown"},
		{Lang: "python", Mechanism: "thread", Size: size, Class: "unknown", Cause: "threads"},
		{Lang: "python", Mechanism: "unclosed", Size: size, Class: "unknown", Cause: "file descriptors"},
		{Lang: "node", Mechanism: "map", Size: size, Class: "unknown"},
		{Lang: "node", Mechanism: "listener", Size: size, Class: "unknown"},
		{Lang: "node", Mechanism: "buffer", Size: size, Class: "unknown"},
		{Lang: "c", Mechanism: "malloc", Size: size, Class: "unknown"},
		{Lang: "go", Mechanism: "map", Size: size, Class: "managed"},
		{Lang: "go", Mechanism: "goroutine", Size: size, Class: "managed", Cause: "goroutines"},
		{Lang: "python", Mechanism: "clean", Size: size, Clean: true},
		{Lang: "python", Mechanism: "lru", Size: size, Clean: true},
		{Lang: "python", Mechanism: "zipf", Size: size, Clean: true},
		{Lang: "python", Mechanism: "lazy", Size: size, Clean: true},
		{Lang: "python", Mechanism: "cycles", Size: size, Clean: true},
		{Lang: "node", Mechanism: "clean", Size: size, Clean: true},
		{Lang: "node", Mechanism: "lru", Size: size, Clean: true},
		{Lang: "c", Mechanism: "clean", Size: size, Clean: true},
		{Lang: "c", Mechanism: "fragments", Size: size, Clean: true},
		{Lang: "go", Mechanism: "clean", Size: size, Clean: true},
		{Lang: "go", Mechanism: "lru", Size: size, Clean: true},
		{Lang: "go", Mechanism: "garbage", Size: size, Clean: true},
	}
}

// Recording is a label and its samples.
type Recording struct {
	synth.Label
	Samples []trend.Sample
}

// Record runs a subject for a time and kills it. The directory is for what has
// to be built. It fails where the language is not installed.
func Record(ctx context.Context, s Subject, dir string, last time.Duration) (*Recording, error) {
	args, err := s.command(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("build the %s worker: %w", s.Lang, err)
	}
	ctx, stop := context.WithTimeout(ctx, last)
	defer stop()
	cmd := exec.CommandContext(ctx, args[0], append(args[1:], s.Mechanism, strconv.Itoa(s.Size))...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("read the worker's words: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s worker: %w", s.Lang, err)
	}
	r := &Recording{}
	var said words
	begins := time.Now()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if said, err = parse(lines.Text()); err != nil {
			break
		}
		sample, ok := look(cmd.Process.Pid)
		if !ok {
			break
		}
		sample.At = time.Since(begins) * Stretch
		sample.Requests, sample.Goroutines, sample.Heap, sample.Committed = said.requests, said.goroutines, said.heap, said.held
		sample.Generation = 1
		r.Samples = append(r.Samples, sample)
	}
	stop()
	_ = cmd.Wait() // it was killed, as it should be
	if err != nil {
		return nil, fmt.Errorf("read what the %s worker says: %w", s.Lang, err)
	}
	if len(r.Samples) < 10 {
		return nil, fmt.Errorf("the %s worker ended after %d samples", s.Lang, len(r.Samples))
	}
	end := r.Samples[len(r.Samples)-1].At.Seconds()
	r.Label = synth.Label{
		ID: s.Lang + "-" + s.Mechanism, Source: fmt.Sprintf("recorded, stretched %d times", Stretch), App: "worker", Lang: s.Lang, Mechanism: s.Mechanism,
		Class: s.Class, Cause: s.Cause, Clean: s.Clean, End: end, License: "CC0-1.0",
	}
	if !s.Clean {
		r.Driver = "requests"
		r.Rate = synth.Rate{PerSecond: float64(said.leaked) / end, PerRequest: float64(said.leaked) / float64(said.requests)}
	}
	return r, nil
}

// command builds what has to be built.
func (s Subject) command(ctx context.Context, dir string) ([]string, error) {
	place := func(name string) (string, error) {
		text, err := programs.ReadFile("programs/" + name)
		if err != nil {
			return "", err
		}
		file := filepath.Join(dir, s.Mechanism+"-"+name)
		return file, os.WriteFile(file, text, 0o600)
	}
	build := func(file string, args ...string) ([]string, error) {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
		}
		return []string{file}, nil
	}
	switch s.Lang {
	case "python":
		file, err := place("worker.py")
		return []string{"python3", file}, err
	case "node":
		file, err := place("worker.js")
		return []string{"node", file}, err
	case "c":
		file, err := place("worker.c")
		if err != nil {
			return nil, err
		}
		return build(file+".bin", "gcc", "-O1", "-o", file+".bin", file)
	}
	file := filepath.Join(dir, "goworker-"+s.Mechanism)
	return build(file, "go", "build", "-o", file, "./bench/traces/record/goworker")
}

// words are what a worker says each tenth of a second.
type words struct{ requests, leaked, goroutines, heap, held int64 }

func parse(line string) (w words, err error) {
	places := []*int64{&w.requests, &w.leaked, &w.goroutines, &w.heap, &w.held}
	fields := strings.Fields(line)
	if len(fields) < 2 || len(fields) > len(places) {
		return w, fmt.Errorf("%q is not a line of two to five numbers", line)
	}
	for i, field := range fields {
		if *places[i], err = strconv.ParseInt(field, 10, 64); err != nil {
			return w, err
		}
	}
	return w, nil
}

// look reads what a process holds. ok is false when it is gone.
func look(pid int) (s trend.Sample, ok bool) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		return s, false
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		switch name {
		case "RssAnon":
			s.Bytes = n << 10
		case "Threads":
			s.Threads = n
		}
	}
	if entries, err := os.ReadDir(dir + "fd"); err == nil {
		s.FDs = int64(len(entries))
	}
	return s, s.Bytes > 0
}
