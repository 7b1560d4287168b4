// Package pyworker is the real Azure Python worker for tests and benches, in the forms that install.sh could get.
//
// The forms differ in what they can do, so that each says it. An experiment runs
// install.sh, asks for what is [Installed] and starts a [Form]'s Command with the
// arguments and the environment that its host gives.
package pyworker

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Form is one way in which the worker is installed.
type Form struct {
	Name    string
	V2      bool // it knows the second programming model, and lists its functions when asked
	Shared  bool // it reads and writes shared payloads
	dir     string
	program []string // what stands before the host's arguments
	takes   int      // how many of them it takes; 0: all
}

// Installed are the forms below cache, the most complete one first. loop is the
// path of loop.py.
func Installed(cache, loop string) (forms []Form, err error) {
	if cache, err = filepath.Abs(cache); err != nil {
		return nil, err
	}
	if loop, err = filepath.Abs(loop); err != nil {
		return nil, err
	}
	for _, f := range []Form{
		{Name: "complete", V2: true, Shared: true, program: []string{filepath.Join(cache, "complete/source/worker.py")}},
		{Name: "libraries", V2: true, program: []string{loop}},
		{Name: "ancient", program: []string{"-m", "azure_functions_worker"}, takes: 10},
	} {
		f.dir = filepath.Join(cache, f.Name)
		if _, err := os.Stat(filepath.Join(f.dir, "done")); err == nil {
			forms = append(forms, f)
		}
	}
	return forms, nil
}

// Command is the worker in the app's directory, in a process group of its own. It
// is killed when ctx ends.
func (f Form) Command(ctx context.Context, app string, args, env []string) *exec.Cmd {
	if f.takes > 0 {
		args = args[:f.takes]
	}
	cmd := exec.CommandContext(ctx, filepath.Join(f.dir, "venv/bin/python"), append(append([]string{}, f.program...), args...)...)
	cmd.Dir = app
	cmd.Env = append(os.Environ(), env...)
	if f.Name == "ancient" {
		// It looks for functions in packages that it finds on the path.
		cmd.Env = append(cmd.Env, "PYTHONPATH="+app)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}
