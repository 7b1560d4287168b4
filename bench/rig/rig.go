// Package rig is what the benches stand on: a stage of built programs, memory groups with a limit, and processes that end with the bench.
//
// A bench compares stanch with its peers under equal conditions, so all of them
// are started here, in the same way: in a cgroup of their own where the machine
// allows one, by an unprivileged user where a bench says so, their output in a
// log file. The rig reads memory and kernel kills from cgroup files by itself,
// and never from what it judges. It keeps two rules: nothing but loopback, and
// nothing is left behind, no process and no cgroup, however the bench ends (a
// SIGKILL of the bench itself excepted).
//
// Begin with NewStage, MakeGroup and Stage.Start.
package rig

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Nobody is the unprivileged user and group of Command.Nobody.
const Nobody = 65534

// Stage is a directory, readable by every user of the machine, with the
// programs that a bench runs.
type Stage struct {
	Dir  string
	Root string // of the repository
}

// NewStage makes the directory and copies the example workers into it. Close
// removes it.
func NewStage() (*Stage, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "stanch-bench-")
	if err != nil {
		return nil, fmt.Errorf("make the stage: %w", err)
	}
	s := &Stage{Dir: dir, Root: root}
	for _, language := range []string{"python", "node"} {
		from := filepath.Join(root, "examples", language)
		if err := os.CopyFS(filepath.Join(dir, language), os.DirFS(from)); err != nil {
			s.Close()
			return nil, fmt.Errorf("copy the %s worker: %w", language, err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		s.Close()
		return nil, fmt.Errorf("open the stage to all users: %w", err)
	}
	return s, nil
}

// Close removes the stage.
func (s *Stage) Close() error { return os.RemoveAll(s.Dir) }

// repository finds go.mod from here upwards.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == "/" {
			return "", errors.New("the benches build from source: no go.mod here or above\nhint: run them inside the repository")
		}
	}
}

// Build compiles a package of the repository, statically, into the stage and
// returns the program's path.
func (s *Stage) Build(pkg, name string) (string, error) {
	out := filepath.Join(s.Dir, name)
	build := exec.Command("go", "build", "-o", out, pkg)
	build.Dir = s.Root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, text)
	}
	return out, nil
}

// Scratch makes a directory below the stage that the unprivileged user may
// write.
func (s *Stage) Scratch(name string) (string, error) {
	dir, err := os.MkdirTemp(s.Dir, name+"-")
	if err != nil {
		return "", fmt.Errorf("make a scratch directory: %w", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return "", fmt.Errorf("open a scratch directory: %w", err)
	}
	return dir, nil
}

// python copies the interpreter onto the stage: the system's before one that
// lives in somebody's home. It finds its library by itself.
func (s *Stage) python() (string, error) {
	from := "/usr/bin/python3"
	if exec.Command(from, "-V").Run() != nil {
		out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
		if err != nil {
			return "", fmt.Errorf("find Python 3: %w\nhint: install it (apt-get install python3)", err)
		}
		from = strings.TrimSpace(string(out))
	}
	program, err := os.ReadFile(from)
	if err != nil {
		return "", fmt.Errorf("copy Python: %w", err)
	}
	to := filepath.Join(s.Dir, "python3")
	if err := os.WriteFile(to, program, 0o755); err != nil {
		return "", fmt.Errorf("copy Python: %w", err)
	}
	if exec.Command(to, "-c", "import http.server, ctypes").Run() != nil {
		return from, nil // an interpreter that only works where it is
	}
	return to, nil
}

// Worker is the command of an example worker in this language on the stage,
// with {port} for its port; the Go worker is built first.
func (s *Stage) Worker(language string) ([]string, error) {
	switch language {
	case "python":
		python, err := s.python()
		return []string{python, "-B", filepath.Join(s.Dir, "python", "worker.py"), "--port", "{port}"}, err
	case "node":
		node, err := exec.LookPath("node")
		if err != nil {
			return nil, fmt.Errorf("find Node: %w\nhint: install it, or choose -worker python or -worker go", err)
		}
		return []string{node, filepath.Join(s.Dir, "node", "worker.js"), "--port", "{port}"}, nil
	case "go":
		program, err := s.Build("./examples/go", "worker")
		return []string{program, "--port", "{port}"}, err
	}
	return nil, fmt.Errorf("no example worker in %q\nhint: there are python, node and go", language)
}

// At puts the port into a Worker's command.
func At(command []string, port int) []string {
	at := make([]string, len(command))
	for i, arg := range command {
		at[i] = strings.ReplaceAll(arg, "{port}", fmt.Sprint(port))
	}
	return at
}

// FreePort is a port of 127.0.0.1 that nobody listens on now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Machine is where a result was measured.
type Machine struct {
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Cgroup string `json:"cgroup"` // v1, v2 or none: the memory controller that the bench could write
}

// ThisMachine describes the one that the bench runs on.
func ThisMachine() Machine {
	var u syscall.Utsname
	syscall.Uname(&u)
	var release []byte
	for _, c := range u.Release {
		if c == 0 {
			break
		}
		release = append(release, byte(c))
	}
	m := Machine{CPUs: runtime.NumCPU(), Kernel: string(release), Go: runtime.Version(), Cgroup: "none"}
	if g, err := MakeGroup(Unlimited); err == nil {
		m.Cgroup = g.Version()
		g.Remove()
	}
	return m
}

// Result prints the one line that every bench ends in.
func Result(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	_, err = fmt.Fprintf(w, "RESULT %s\n", line)
	return err
}
