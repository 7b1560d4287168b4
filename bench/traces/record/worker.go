package record

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

//go:embed programs
var programs embed.FS

// worker is a subject's process, in a cgroup of its own.
type worker struct {
	cmd   *exec.Cmd
	group *cgroup.Group
	port  int64
	begun time.Time
	ended chan struct{} // closed when it has exited
}

// start starts one process of the program in a new group below parent, and waits
// until it tells its port.
func start(ctx context.Context, parent *cgroup.Group, s Subject, args []string, generation int) (w *worker, err error) {
	group, err := parent.Child(fmt.Sprintf("record-%d-%s-%d", os.Getpid(), s.ID(), generation))
	if err != nil {
		return nil, fmt.Errorf("make a group: %w", err)
	}
	w = &worker{group: group, begun: time.Now(), ended: make(chan struct{})}
	if err := group.SetLimit(s.Limit); err != nil {
		return nil, errors.Join(fmt.Errorf("set the limit: %w", err), group.Remove(ctx))
	}
	w.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	w.cmd.Stderr = os.Stderr
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := w.cmd.StdoutPipe()
	if err == nil {
		err = group.Fork(w.cmd.SysProcAttr, w.cmd.Start)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the %s worker: %w", s.Lang, err), group.Remove(ctx))
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscanf(line, "port %d", &w.port)
	}
	go func() {
		defer close(w.ended)
		_ = w.cmd.Wait() // it is killed, by its limit or by us
	}()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hear the %s worker's port: %w", s.Lang, err), w.stop())
	}
	return w, nil
}

func (w *worker) gone() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// stop kills the process and removes its group.
func (w *worker) stop() error {
	err := w.group.Kill()
	<-w.ended
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, w.group.Remove(ctx))
}

// build makes what a subject's process is started with. The directory is for what
// has to be built, and for the files that a worker writes.
func build(ctx context.Context, s Subject, dir string) ([]string, error) {
	dir = filepath.Join(dir, s.ID())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	place := func(name string) (string, error) {
		text, err := programs.ReadFile("programs/" + name)
		if err != nil {
			return "", err
		}
		file := filepath.Join(dir, name)
		return file, os.WriteFile(file, text, 0o600)
	}
	compile := func(args ...string) error {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", args[0], err, bytes.TrimSpace(out))
		}
		return nil
	}
	var (
		file, binary = "", filepath.Join(dir, "worker")
		args         []string
		err          error
	)
	switch s.Lang {
	case "python":
		file, err = place("worker.py")
		args = []string{"python3", file}
	case "node":
		file, err = place("worker.js")
		args = []string{"node", file}
	case "java":
		if file, err = place("Worker.java"); err == nil {
			err = compile("javac", "-d", dir, file)
		}
		args = []string{"java", "-XX:+UseSerialGC", "-Xms16m", "-Xmx320m", "-cp", dir, "Worker"}
		if s.Clean {
			args[3] = "-Xmx96m"
		}
	case "c":
		if file, err = place("worker.c"); err == nil {
			err = compile("gcc", "-O1", "-pthread", "-o", binary, file)
		}
		args = []string{binary}
	case "go":
		err = compile("go", "build", "-o", binary, "./bench/traces/record/goworker")
		args = []string{binary}
	default:
		err = fmt.Errorf("no program is written in %q", s.Lang)
	}
	return append(args, s.Mechanism, strconv.Itoa(s.Size), filepath.Join(dir, "file")), err
}
