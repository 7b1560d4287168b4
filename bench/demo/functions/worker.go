package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/stanch-dev/stanch/bench/pyworker"
)

// pythonWorker is an installed form of Azure's Python worker.
type pythonWorker struct {
	name   string
	dir    string // as stanch's --language-worker takes it
	shared bool   // it reads shared payloads
}

// storageSDK is what the app without the binding imports, of the version that
// Azurite knows.
const storageSDK = "azure-storage-blob==12.28.0"

// findWorker installs what can be installed, and takes the most complete form that
// knows the app's programming model.
func findWorker(ctx context.Context, root string) (pythonWorker, error) {
	install := exec.CommandContext(ctx, "sh", filepath.Join(root, "bench/pyworker/install.sh"))
	said, failed := install.CombinedOutput()
	cache := filepath.Join(root, ".cache/pyworker")
	forms, err := pyworker.Installed(cache, filepath.Join(root, "bench/pyworker/loop.py"))
	if err != nil {
		return pythonWorker{}, err
	}
	for _, form := range forms {
		if !form.V2 {
			continue
		}
		w := pythonWorker{name: form.Name, dir: filepath.Join(cache, form.Name), shared: form.Shared}
		return w, w.bring(ctx)
	}
	if len(forms) > 0 {
		failed = errors.New("the only form that is here is of 2020, and does not know function_app.py")
	}
	return pythonWorker{}, fmt.Errorf("find Azure's Python worker: %w\n%s\nhint: it needs git and Python 3.8 to 3.12 (form complete), or Python 3.13 (form libraries), with venv", failed, said)
}

// bring installs the SDK beside the worker, once.
func (w pythonWorker) bring(ctx context.Context) error {
	python := filepath.Join(w.dir, "venv/bin/python")
	if exec.CommandContext(ctx, python, "-c", "import azure.storage.blob").Run() == nil {
		return nil
	}
	pip := exec.CommandContext(ctx, python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", storageSDK)
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("install %s for the worker: %w\n%s", storageSDK, err, out)
	}
	return nil
}

// store is the storage, as stanch's own verbs reach it.
type store struct{ program, connection string }

func (s *store) environ() []string { return []string{"AzureWebJobsStorage=" + s.connection} }

func (s *store) stanch(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Env = append(os.Environ(), s.environ()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("stanch %s %s: %w\n%s", args[0], args[1], err, out)
	}
	return nil
}
