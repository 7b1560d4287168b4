package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// trial is one experiment with one seed, run and judged.
type trial struct {
	Name     string          `json:"name"`
	Seed     uint64          `json:"seed"`
	Truth    verdict.Outcome `json:"truth"`
	Outcome  verdict.Outcome `json:"outcome"` // empty if there was none
	Right    bool            `json:"right"`
	Shown    bool            `json:"shown"`    // and its reasons name what was planted
	Verified bool            `json:"verified"` // the bundle verifies
	Seconds  float64         `json:"seconds"`
	Why      []string        `json:"why"`

	bundle string
}

const (
	longest = 5 * time.Minute // of a run; those here take less than one
	grace   = 20 * time.Second
)

// outcomes are what `stanch lab run` ends with.
var outcomes = map[int]verdict.Outcome{0: verdict.Supported, 1: verdict.NotSupported, 2: verdict.Inconclusive}

// run does one experiment with one seed below a folder.
func (p programs) run(ctx context.Context, root string, e *planted, seed uint64) trial {
	name := fmt.Sprintf("%s-%d", e.name, seed)
	t := trial{Name: e.name, Seed: seed, Truth: e.truth, bundle: filepath.Join(root, "bundles", name)}
	dir := filepath.Join(root, "experiments", name)
	if err := p.folder(dir, e, seed); err != nil {
		t.Why = []string{err.Error()}
		return t
	}
	ctx, stop := context.WithTimeout(ctx, longest)
	defer stop()
	began := time.Now()
	code, said, err := p.ask(ctx, filepath.Join(root, name+".log"), "lab", "run", dir, "--json", "--sign", p.keys.private, "--out", t.bundle)
	t.Seconds = time.Since(began).Seconds()
	if err != nil {
		t.Why = []string{err.Error()}
		return t
	}
	told, err := verdictOf(t.bundle)
	switch {
	case err != nil:
		t.Why = []string{fmt.Sprintf("lab run ended with code %d: %s", code, said), err.Error()}
		return t
	case outcomes[code] != told.Outcome:
		t.Why = []string{fmt.Sprintf("lab run ended with code %d, and its bundle says %s", code, told.Outcome)}
		return t
	}
	t.Outcome, t.Why = told.Outcome, told.Why
	t.Right = t.Outcome == e.truth
	t.Shown = t.Right && strings.Contains(strings.Join(t.Why, "\n"), e.shown)
	code, said, err = p.ask(ctx, "", "lab", "verify", "--key", p.keys.public, t.bundle)
	if t.Verified = err == nil && code == 0; !t.Verified {
		t.Why = append(t.Why, fmt.Sprintf("lab verify ended with code %d, %v: %s", code, err, said))
	}
	return t
}

// verdictOf is what a bundle says.
func verdictOf(bundle string) (v verdict.Verdict, err error) {
	text, err := os.ReadFile(filepath.Join(bundle, "verdict.json"))
	if err != nil {
		return v, fmt.Errorf("read the verdict: %w", err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("read the verdict: %w", err)
	}
	return v, nil
}

// ask runs stanch and gives its exit code and the last line of what it said. All of it
// goes to the log, if there is one. The error is for a program that was not run to
// its end.
func (p programs) ask(ctx context.Context, log string, args ...string) (code int, said string, err error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, p.stanch, args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // so that it ends its worker first
	cmd.WaitDelay = grace
	err = cmd.Run()
	if log != "" {
		err = errors.Join(err, os.WriteFile(log, out.Bytes(), 0o644))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	said = lines[len(lines)-1]
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, said, fmt.Errorf("stanch %s %s was ended: %w", args[0], args[1], ctx.Err())
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode(), said, nil
	case err != nil:
		return 0, said, fmt.Errorf("run stanch %s %s: %w", args[0], args[1], err)
	}
	return 0, said, nil
}
