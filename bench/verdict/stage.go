package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/stanch-dev/stanch/bench/rig"
)

//go:embed templates worker
var files embed.FS

// programs are what the experiments run.
type programs struct {
	stanch, python, node string
	worker               string // in Go
	keys                 keys   // that bundles are signed with
}

// build compiles what is compiled, and finds the rest.
func build(s *rig.Stage) (p programs, err error) {
	if p.stanch, err = s.Build("./cmd/stanch", "stanch"); err != nil {
		return p, err
	}
	if p.worker, err = s.Build("./bench/verdict/goworker", "goworker"); err != nil {
		return p, err
	}
	if p.keys, err = newKeys(s.Dir); err != nil {
		return p, err
	}
	// The interpreter itself: what stands in the path may be a script that finds it.
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return p, fmt.Errorf("find Python 3: %w\nhint: install it (apt-get install python3)", err)
	}
	p.python = strings.TrimSpace(string(out))
	if p.node, err = exec.LookPath("node"); err != nil {
		return p, fmt.Errorf("find Node: %w\nhint: install it, or leave its experiments out by -only", err)
	}
	return p, nil
}

// text is the experiment's file.
func (p programs) text(e *planted, seed uint64) (string, error) {
	t := template.New(e.base + ".yaml").Funcs(template.FuncMap{
		"command": p.command,
		"service": func() (string, error) { return flow(p.python, "dependency.py", "{port}") },
	})
	t, err := t.ParseFS(files, "templates/"+e.base+".yaml")
	if err != nil {
		return "", fmt.Errorf("read the template of %s: %w", e.name, err)
	}
	terms := e.terms
	terms.Name, terms.Seed = e.name, seed
	var text strings.Builder
	if err := t.Execute(&text, terms); err != nil {
		return "", fmt.Errorf("write the experiment %s: %w", e.name, err)
	}
	return text.String(), nil
}

// command starts a worker in a language, with its traits.
func (p programs) command(language string, traits []string) (string, error) {
	switch language {
	case "python":
		return flow(append([]string{p.python, "worker.py", "{port}"}, traits...)...)
	case "node":
		// A small nursery, so that what it holds at random is small beside the leak.
		return flow(append([]string{p.node, "--max-semi-space-size=1", "worker.js", "{port}"}, traits...)...)
	case "go":
		return flow(append([]string{p.worker, "{port}"}, traits...)...)
	}
	return "", fmt.Errorf("there is no worker in %q", language)
}

// flow is a list as YAML has it in one line: JSON is YAML.
func flow(words ...string) (string, error) {
	text, err := json.Marshal(words)
	return string(text), err
}

// folder writes an experiment with all that it runs.
func (p programs) folder(dir string, e *planted, seed uint64) error {
	text, err := p.text(e, seed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of %s: %w", e.name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "experiment.yaml"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the experiment %s: %w", e.name, err)
	}
	for _, name := range []string{"worker.py", "worker.js", "dependency.py"} {
		content, err := files.ReadFile("worker/" + name)
		if err != nil {
			return fmt.Errorf("read the worker %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write the worker %s: %w", name, err)
		}
	}
	return nil
}
