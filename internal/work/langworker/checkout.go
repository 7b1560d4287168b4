package langworker

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// checkout is a Python worker without a worker.config.json: its code with or
// without an environment, or an environment that has it as a package.
func (s *search) checkout(dir string) (Command, error) {
	for _, script := range []string{"worker.py", "source/worker.py"} {
		if path := filepath.Join(dir, script); regular(path) {
			return s.program(path)
		}
	}
	for _, venv := range []string{dir, filepath.Join(dir, "venv"), filepath.Join(dir, ".venv")} {
		python := filepath.Join(venv, "bin/python")
		if !runnable(python) {
			continue
		}
		// PyPI has no version of this package that is younger than 2021.
		if found, _ := filepath.Glob(filepath.Join(escape(venv), "lib/python3.*/site-packages/azure_functions_worker/main.py")); len(found) > 0 {
			return Command{Program: python, Args: []string{"-m", "azure_functions_worker"}, Dir: filepath.Dir(found[0]), Ancient: true}, nil
		}
		return Command{}, errors.New("it has a Python, without azure_functions_worker and without a worker.py beside it")
	}
	return Command{}, errors.New("it has neither a worker.config.json nor a worker.py nor a venv")
}

// program is a worker that is named by its file. One of Python runs in the
// environment that lies beside it.
func (s *search) program(path string) (Command, error) {
	command := Command{Args: []string{path}, Dir: filepath.Dir(path), Index: true}
	switch filepath.Ext(path) {
	case ".py":
		for _, venv := range []string{"venv", ".venv", "../venv", "../.venv"} {
			if python := filepath.Join(command.Dir, venv, "bin/python"); runnable(python) {
				command.Program = python
				return command, nil
			}
		}
		command.Program = s.onPath("python3", "python")
	case ".js", ".mjs", ".cjs":
		command.Program = s.onPath("node")
	default:
		command.Program, command.Args = path, nil
		if !runnable(path) {
			return Command{}, errors.New("it is a file that can't be run")
		}
	}
	if command.Program == "" {
		return Command{}, errors.New("what runs it is not on PATH")
	}
	return command, nil
}

func regular(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.Mode().IsRegular()
}

// escape keeps a directory's own name from being a pattern.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
