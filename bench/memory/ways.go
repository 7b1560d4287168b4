package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/bench/pyworker"
)

// way is one way of a payload to a worker.
type way struct {
	name    string
	measure func(ctx context.Context, size int64) (figure, error)
}

// ways are those that this machine has what it takes for.
func (b *bench) ways() (all []way, err error) {
	azure, err := b.azure()
	if err != nil {
		return nil, err
	}
	all = append(all, azure...)
	for _, language := range []string{"python", "node"} {
		for _, mode := range []string{"buffered", "streamed"} {
			all = append(all, way{"custom handler, " + mode + ", " + language, func(ctx context.Context, size int64) (figure, error) {
				app, err := b.app(language)
				if err != nil {
					return figure{}, err
				}
				path := filepath.Join(app, "read/function.json")
				text, err := os.ReadFile(path)
				if err != nil {
					return figure{}, err
				}
				text = []byte(strings.Replace(string(text), `"buffered"`, `"`+mode+`"`, 1))
				if err := os.WriteFile(path, text, 0o644); err != nil {
					return figure{}, err
				}
				return b.functions(ctx, b.program, app, "custom", "", size)
			}})
		}
	}
	return append(all, way{"plain HTTP, streamed body", b.plain}), nil
}

// app is a copy of one of the function apps.
func (b *bench) app(name string) (string, error) {
	dir, err := b.stage.Scratch(name)
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, os.DirFS(filepath.Join(b.apps, name)))
}

// azure are the ways to Azure's real Python worker, if one is installed that lists
// its functions.
func (b *bench) azure() (all []way, err error) {
	forms, err := pyworker.Installed(b.cache, "bench/pyworker/loop.py")
	if err != nil {
		return nil, err
	}
	if len(forms) == 0 || !forms[0].Shared {
		fmt.Fprintln(os.Stderr, "left out: gRPC, since Azure's complete Python worker is not installed (sh bench/pyworker/install.sh)")
		return nil, nil
	}
	real, err := filepath.Abs(filepath.Join(b.cache, "complete"))
	if err != nil {
		return nil, err
	}
	through := func(program, worker string) func(ctx context.Context, size int64) (figure, error) {
		return func(ctx context.Context, size int64) (figure, error) {
			app, err := b.app("grpc")
			if err != nil {
				return figure{}, err
			}
			return b.functions(ctx, program, app, "python", worker, size)
		}
	}
	bytes, err := b.unshared(real)
	if err != nil {
		return nil, err
	}
	all = append(all,
		way{"gRPC bytes, Azure's Python worker", through(b.program, bytes)},
		way{"gRPC bytes, the same, a bare host", b.again},
		way{"gRPC shared memory, /dev/shm", through(b.program, real)})
	small, err := b.smallMemory()
	if err != nil {
		fmt.Fprintf(os.Stderr, "left out: gRPC with shared files: %v\n", err)
		return all, nil
	}
	return append(all, way{"gRPC shared files, /dev/shm of 1 MiB", through(small, real)}), nil
}

// unshared is the real worker, told that it can't share payloads.
func (b *bench) unshared(real string) (string, error) {
	dir, err := b.stage.Scratch("unshared")
	if err != nil {
		return "", err
	}
	if err := os.Symlink(filepath.Join(real, "venv"), filepath.Join(dir, "venv")); err != nil {
		return "", err
	}
	script := fmt.Sprintf(`import os, sys
sys.path.insert(0, %q)
sys.path.append(os.environ["AzureWebJobsScriptRoot"])
from azure_functions_worker import constants, main
constants.SHARED_MEMORY_DATA_TRANSFER = "Nothing"  # it is told to the host as what the worker can do
main.main()
`, filepath.Join(real, "source"))
	return dir, os.WriteFile(filepath.Join(dir, "worker.py"), []byte(script), 0o644)
}

// smallMemory is stanch in a mount namespace of its own, where /dev/shm is as good
// as not there.
func (b *bench) smallMemory() (string, error) {
	program := filepath.Join(b.stage.Dir, "stanch-with-small-shm")
	script := fmt.Sprintf("#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs -o size=1m none /dev/shm && exec %q \"$@\"' stanch \"$@\"\n", b.program)
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		return "", err
	}
	if out, err := exec.Command(program, "version").CombinedOutput(); err != nil {
		return "", fmt.Errorf("mount a small /dev/shm: %w: %s", err, out)
	}
	return program, nil
}
