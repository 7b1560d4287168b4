package rig

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Command is a process to start.
type Command struct {
	Args   []string // the program and its arguments
	Env    []string // added to the bench's own
	Dir    string
	Group  *Group    // nil for the bench's own
	Nobody bool      // run as the unprivileged user, who may not write the group
	Output io.Writer // both streams; nil drops them
}

// Process is a running command, with all that it starts in its process group.
type Process struct {
	PID  int
	Done <-chan struct{} // closed when the process has ended

	cmd  *exec.Cmd
	stop sync.Once
}

// Start starts the command. The process is inside its memory group before its
// program begins, so that its first byte is charged there.
func Start(c Command) (*Process, error) {
	args := c.Args
	if c.Nobody {
		id := fmt.Sprint(Nobody)
		args = append([]string{"setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"}, args...)
	}
	if c.Group != nil {
		args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, c.Group.Procs()}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Dir = c.Dir
	cmd.Stdout, cmd.Stderr = c.Output, c.Output
	// What the process leaves behind may hold its output open for ever.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Args[0], err)
	}
	done := make(chan struct{})
	p := &Process{PID: cmd.Process.Pid, Done: done, cmd: cmd}
	go func() {
		defer close(done)
		cmd.Wait()
	}()
	return p, nil
}

// Exit is how the process ended, after Done.
func (p *Process) Exit() string { return p.cmd.ProcessState.String() }

// Signal sends a signal to the process alone.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Stop asks the process to end, waits for so long, then kills its whole process
// group. It is safe twice.
func (p *Process) Stop(grace time.Duration) {
	p.stop.Do(func() {
		if err := p.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
			grace = 0
		}
		select {
		case <-p.Done:
		case <-time.After(grace):
		}
		syscall.Kill(-p.PID, syscall.SIGKILL)
		<-p.Done
	})
}
