package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

// way is how a worker is kept running: start returns where it serves and how to
// end it.
type way struct {
	name  string
	pkg   string // of the supervisor, built onto the stage; empty for none
	start func(ctx context.Context, program string, stage *rig.Stage, c rig.Command) (address string, stop func(), err error)
}

var ways = []way{
	{"stanch", "./cmd/stanch", func(ctx context.Context, program string, stage *rig.Stage, c rig.Command) (string, func(), error) {
		c.Nobody = true
		return stanch(ctx, program, stage, c)
	}},
	{"stanch-own-cgroup", "./cmd/stanch", func(ctx context.Context, program string, stage *rig.Stage, c rig.Command) (string, func(), error) {
		if err := c.Group.Delegate(); err != nil {
			return "", nil, err
		}
		return stanch(ctx, program, stage, c)
	}},
	{"of-watchdog", "./bench/ofwatchdog", ofWatchdog},
	{"loop", "", loop},
}

func stanch(ctx context.Context, program string, stage *rig.Stage, c rig.Command) (string, func(), error) {
	st, err := stage.StartStanch(ctx, program, rig.Options{Command: c})
	if err != nil {
		return "", nil, err
	}
	return st.Address, func() { st.Stop(5 * time.Second) }, nil
}

// forever is the shell's way of restarting, and what an orchestrator without a
// back-off would do.
const forever = `while :; do "$@"; sleep 0.1; done`

func ofWatchdog(ctx context.Context, program string, _ *rig.Stage, c rig.Command) (string, func(), error) {
	port, err := rig.FreePort()
	if err != nil {
		return "", nil, err
	}
	upstream, err := rig.FreePort()
	if err != nil {
		return "", nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	c.Args = append([]string{
		"sh", "-c", forever, "sh",
		program, "-listen", address, "-upstream", fmt.Sprintf("http://127.0.0.1:%d", upstream), "--",
	}, rig.At(c.Args, upstream)...)
	return await(ctx, c, address)
}

func loop(ctx context.Context, _ string, _ *rig.Stage, c rig.Command) (string, func(), error) {
	port, err := rig.FreePort()
	if err != nil {
		return "", nil, err
	}
	c.Args = append([]string{"sh", "-c", forever, "sh"}, rig.At(c.Args, port)...)
	return await(ctx, c, fmt.Sprintf("127.0.0.1:%d", port))
}

func await(ctx context.Context, c rig.Command, address string) (string, func(), error) {
	p, err := rig.Start(c)
	if err != nil {
		return "", nil, err
	}
	stop := func() { p.Stop(0) }
	if err := rig.WaitOK(ctx, "http://"+address+"/healthz", 30*time.Second, p); err != nil {
		stop()
		return "", nil, fmt.Errorf("wait for %s: %w", strings.Join(c.Args, " "), err)
	}
	return address, stop, nil
}
