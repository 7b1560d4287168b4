// Command functions shows what a blob binding costs a Python function, and what it costs under stanch.
//
//	make demo-functions
//
// The app is an endless loop that people have met with on Azure: ten messages, each
// of which reads an image of 5 MB and puts itself back (labs/binding-vs-sdk). It runs
// under stanch in Azure's own Python worker, with Azurite for the storage, three
// times, one after the other: with the binding as Azure's host hands it over by
// default, with the binding as stanch does, and with the storage SDK instead. What
// differs between the first two is one setting. It needs Go, Python, Node and npm; it
// brings the rest. Begin with run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

type settings struct {
	duration time.Duration
	limit    int64
	messages int
	json     bool
}

func main() {
	var s settings
	flag.DurationVar(&s.duration, "for", 60*time.Second, "how long each variant runs")
	limit := flag.Int64("limit-mib", 1024, "memory limit of the worker in MiB")
	flag.IntVar(&s.messages, "messages", 10, "messages in the loop")
	flag.BoolVar(&s.json, "json", false, "end in a line RESULT {json}, as the benches do")
	flag.Parse()
	s.limit = *limit << 20
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, s)
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "demo: stopped, and nothing is left behind")
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	screen := newScreen(os.Stdout)
	stage, err := rig.NewStage()
	if err != nil {
		return err
	}
	defer stage.Close()
	screen.Say("Building stanch, and bringing Azurite and Azure's Python worker where they are not here yet ...")
	program, err := stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return err
	}
	worker, err := findWorker(ctx, stage.Root)
	if err != nil {
		return err
	}
	data, err := stage.Scratch("azurite")
	if err != nil {
		return err
	}
	storage, err := azurite.Start(ctx, stage.Root, data)
	if err != nil {
		return err
	}
	defer storage.Kill() // nobody needs what it holds

	image := filepath.Join(stage.Dir, "image.png")
	made := exec.CommandContext(ctx, "python3", filepath.Join(stage.Root, "labs/payload.py"), "image", image)
	if out, err := made.CombinedOutput(); err != nil {
		return fmt.Errorf("make the image: %w\n%s", err, out)
	}
	store := &store{program: program, connection: storage.Connection()}
	if err := store.stanch(ctx, "blob", "put", "images/image.png", image); err != nil {
		return err
	}
	screen.intro(s, worker)
	labs := filepath.Join(stage.Root, "labs/binding-vs-sdk")
	sides := []*side{
		{name: "binding, bytes on the stream", short: "on the stream", app: filepath.Join(labs, "binding"), env: []string{"FUNCTIONS_WORKER_SHARED_MEMORY_DATA_TRANSFER_ENABLED=0"}},
		{name: "binding, shared memory", short: "shared memory", app: filepath.Join(labs, "binding")},
		{name: "storage SDK", short: "SDK", app: filepath.Join(labs, "sdk")},
	}
	for _, sd := range sides {
		if err := sd.play(ctx, s, stage, store, worker, screen); err != nil {
			return fmt.Errorf("%s: %w", sd.name, err)
		}
	}
	screen.summary(s, sides)
	if s.json {
		result := map[string]any{"bench": "demo-functions", "machine": rig.ThisMachine(), "seconds": s.duration.Seconds(), "worker": worker.name}
		for _, sd := range sides {
			result[sd.short] = sd.result()
		}
		return rig.Result(os.Stdout, result)
	}
	return nil
}
