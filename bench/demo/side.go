package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

// side is one of the two: a worker, what keeps it running, and what was seen of
// them. Its methods but send are called by one goroutine.
type side struct {
	name  string
	s     settings
	stage *rig.Stage // one for each side, so that each is charged for its own programs
	group *rig.Group // nil where none can be made
	log   *os.File

	process *rig.Process
	address string
	stanch  *rig.Stanch
	memory  *rig.Sampler
	begin   time.Time
	running atomic.Pointer[load.Run]
	sum     load.Summary

	played   atomic.Int64 // kills that the demo did in the kernel's place
	kills    int64
	replaced int64
	marks    []mark
}

// mark is a replacement or a kill.
type mark struct {
	at    time.Time
	label string
}

func newSide(name string, s settings) (*side, error) {
	stage, err := rig.NewStage()
	if err != nil {
		return nil, err
	}
	sd := &side{name: name, s: s, stage: stage}
	if sd.log, err = stage.Log("output"); err != nil {
		sd.close()
		return nil, err
	}
	if !s.cgroup {
		return sd, nil
	}
	if sd.group, err = rig.MakeGroup(s.limit); err != nil && !errors.Is(err, rig.ErrNoGroup) {
		sd.close()
		return nil, err
	}
	return sd, nil
}

// close ends everything and removes it. It is safe on a side half made.
func (sd *side) close() {
	if sd.memory != nil {
		sd.memory.Stop()
	}
	if sd.process != nil {
		sd.process.Stop(time.Second)
	}
	if sd.group != nil {
		sd.group.Remove()
	}
	if sd.log != nil {
		sd.log.Close()
	}
	sd.stage.Close()
}

func (sd *side) command() (rig.Command, error) {
	worker, err := sd.stage.Worker("python")
	return rig.Command{
		Args: worker, Env: []string{fmt.Sprint("LEAK_KB=", sd.s.leakKB)}, Group: sd.group, Output: sd.log,
		// As in a pod: stanch may not touch the group that it sits in.
		Nobody: sd.group != nil && os.Getuid() == 0,
	}, err
}

func (sd *side) behindStanch(ctx context.Context) error {
	program, err := sd.stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return err
	}
	c, err := sd.command()
	if err != nil {
		return err
	}
	if err := sd.stage.Cold(); err != nil {
		return err
	}
	o := rig.Options{Command: c}
	if sd.group == nil {
		o.Flags = []string{"--memory-limit", fmt.Sprintf("%dMiB", sd.s.limit>>20)}
	}
	if sd.stanch, err = sd.stage.StartStanch(ctx, program, o); err != nil {
		return sd.withLog(err)
	}
	sd.process, sd.address = sd.stanch.Process, sd.stanch.Address
	sd.watch()
	return nil
}

// restarted runs the worker in the loop that many an entrypoint is.
func (sd *side) restarted(ctx context.Context) error {
	c, err := sd.command()
	if err != nil {
		return err
	}
	if err := sd.stage.Cold(); err != nil {
		return err
	}
	port, err := rig.FreePort()
	if err != nil {
		return err
	}
	sd.address = fmt.Sprintf("127.0.0.1:%d", port)
	c.Args = append([]string{"sh", "-c", `while :; do "$@"; sleep 0.1; done`, "sh"}, rig.At(c.Args, port)...)
	if sd.process, err = rig.Start(c); err != nil {
		return err
	}
	if err := rig.WaitOK(ctx, "http://"+sd.address+"/healthz", 30*time.Second, sd.process); err != nil {
		return sd.withLog(err)
	}
	sd.watch()
	return nil
}

func (sd *side) withLog(err error) error {
	text, _ := os.ReadFile(sd.log.Name())
	return fmt.Errorf("start the worker %s: %w\n%s", sd.name, err, text)
}

// watch begins to sample memory: of the group, or of the process tree, in which
// case it also does the kernel's part.
func (sd *side) watch() {
	if sd.group != nil {
		sd.memory = rig.Sampling(50*time.Millisecond, sd.group.WorkingSet)
		return
	}
	sd.memory = rig.Sampling(50*time.Millisecond, func() (int64, error) {
		var sum, largest int64
		victim := 0
		for _, pid := range rig.Tree(sd.process.PID) {
			if n, err := rig.Anonymous(pid); err == nil {
				sum += n
				if n > largest {
					largest, victim = n, pid
				}
			}
		}
		if sum > sd.s.limit && victim > 1 {
			syscall.Kill(victim, syscall.SIGKILL)
			sd.played.Add(1)
		}
		return sum, nil
	})
}

// send sends the requests. It may run beside the other methods.
func (sd *side) send(ctx context.Context) {
	run, err := load.New(sd.s.plan(sd.address))
	if err != nil {
		return // a plan that is wrong is wrong for both, and load's tests know
	}
	sd.running.Store(run)
	run.Do(ctx)
}

// look brings the counts up to date.
func (sd *side) look(ctx context.Context) {
	if run := sd.running.Load(); run != nil {
		if sd.begin.IsZero() {
			sd.begin = time.Now()
		}
		sd.sum = run.Summary()
	}
	kills := sd.played.Load()
	if sd.group != nil {
		kills = sd.group.Kills()
	}
	if kills > sd.kills {
		sd.marks = append(sd.marks, mark{time.Now(), "killed"})
	}
	sd.kills = kills
	if sd.stanch != nil {
		if status, err := sd.stanch.Status(ctx); err == nil {
			if n := status.Events["replace_done"]; n > sd.replaced {
				sd.marks = append(sd.marks, mark{time.Now(), "replaced"})
				sd.replaced = n
			}
		}
	}
}

func (sd *side) finish(ctx context.Context) {
	sd.look(ctx)
	sd.memory.Stop()
}

// result is the side as one of the benches would print it.
func (sd *side) result() map[string]any {
	return map[string]any{
		"load": sd.sum, "kernel_kills": sd.kills, "replacements": sd.replaced,
		"peak_mib": sd.memory.Peak() >> 20, "limit_mib": sd.s.limit >> 20, "cgroup": sd.group != nil,
	}
}
