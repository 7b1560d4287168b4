package functions_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/langworker"
)

const loop = "../../bench/pyworker/loop.py"

// worker starts a real Python worker as langworker says, over an app, and loads its
// functions.
func worker(t *testing.T, at string, app *funcapp.App, folder string, line func(contract.Line)) *functionrpc.Host {
	t.Helper()
	command, err := langworker.Find("python", "", []string{at}, os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	config := functionrpc.Default()
	config.Worker, config.Runtime, config.App, config.WorkerDir = "w-1", "python", dir, command.Dir
	config.Index, config.Shared, config.Line = command.Index, []string{t.TempDir()}, line
	host, err := functionrpc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	args, env := host.Args(), append(host.Env(), "PYTHONDONTWRITEBYTECODE=1", "AzureWebJobsFeatureFlags=EnableWorkerIndexing")
	if command.Ancient {
		args, env = args[:10], append(env, "PYTHONPATH="+dir)
	}
	cmd := exec.CommandContext(t.Context(), command.Program, append(command.Args, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(app.Settings.Environ(), env...)...)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the worker: %v", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); host.Exited(fmt.Errorf("it exited: %w", cmd.Wait())) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended; _ = host.Stop(t.Context()) })
	functions, err := host.Start(t.Context())
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	if functions == nil {
		functions = folders(t, dir, app)
	}
	var reported []funcapp.Reported
	for _, function := range functions {
		if err := host.Load(t.Context(), function); err != nil {
			t.Fatalf("Load %s: %v", function.Name, err)
		}
		reported = append(reported, funcapp.Reported{Name: function.Name, Bindings: function.Bindings})
	}
	if app.Model == funcapp.Indexed {
		_, mistakes := app.Indexed(reported)
		for _, mistake := range mistakes {
			t.Errorf("Indexed %s: %v, want no mistakes and no warnings", folder, mistake)
		}
	}
	return host
}

// folders are the functions of an app whose worker leaves it to the host to read
// their function.json.
func folders(t *testing.T, dir string, app *funcapp.App) (all []functionrpc.Function) {
	t.Helper()
	for _, function := range app.Functions {
		text, err := os.ReadFile(filepath.Join(dir, function.Folder, "function.json"))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Bindings []json.RawMessage }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		one := functionrpc.Function{Name: function.Name, Directory: filepath.Join(dir, function.Folder), ScriptFile: filepath.Base(function.Script), EntryPoint: function.Entry}
		for _, binding := range file.Bindings {
			one.Bindings = append(one.Bindings, string(binding))
		}
		all = append(all, one)
	}
	return all
}

// forms calls a test for each form of the real worker that is installed.
func forms(t *testing.T, test func(t *testing.T, form pyworker.Form, at string)) {
	t.Helper()
	cache := os.Getenv("STANCH_PYWORKER")
	if cache == "" {
		t.Skip("needs Azure's Python worker: make test-azure-worker")
	}
	found, err := pyworker.Installed(cache, loop)
	if err != nil || len(found) == 0 {
		t.Fatalf("workers installed in %s: got %v, %v; want at least one", cache, found, err)
	}
	for _, form := range found {
		at, err := filepath.Abs(filepath.Join(cache, form.Name)) // as langworker takes it
		if err != nil {
			t.Fatal(err)
		}
		t.Run(form.Name, func(t *testing.T) { test(t, form, at) })
	}
}

func TestRealWorkerDoesWhatTheTableSays(t *testing.T) {
	forms(t, func(t *testing.T, form pyworker.Form, at string) {
		for _, app := range []string{"python-v1", "python-v2"} {
			t.Run(app, func(t *testing.T) {
				if app == "python-v2" && !form.V2 {
					t.Skipf("the worker %s does not know the second model", form.Name)
				}
				var lines []string
				host := worker(t, at, read(t, app), app, func(line contract.Line) { lines = append(lines, line.Text) })
				for _, invocation := range invocations() {
					result, end, err := host.Invoke(t.Context(), invocation)
					if err != nil {
						t.Errorf("Invoke %s: %v", invocation.Function, err)
						continue
					}
					check(t, invocation.Function, app, result)
					end()
				}
				if diff := cmp.Diff("cat.jpg has 26 bytes", strings.Join(lines, "\n")); diff != "" {
					t.Errorf("lines of the log -want +got:\n%s", diff)
				}
			})
		}
	})
}

func TestRealWorkerRunsTheLoopOfTheLab(t *testing.T) {
	forms(t, func(t *testing.T, form pyworker.Form, at string) {
		if !form.V2 {
			t.Skipf("the worker %s does not know the second model", form.Name)
		}
		const app = "../../labs/binding-vs-sdk/binding"
		host := worker(t, at, read(t, app), app, nil)
		result, end, err := host.Invoke(t.Context(), &contract.Invocation{
			ID: id, Function: "loop",
			Inputs: []contract.Input{
				{Name: "msg", Binding: "queueTrigger", Value: contract.Value{Kind: contract.Text, Text: "image.png"}},
				{Name: "image", Binding: "blob", Binary: true, Value: contract.Value{Kind: contract.Bytes, Bytes: picture}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		if len(result.Outputs) != 1 || result.Outputs[0].Name != "again" || result.Outputs[0].Value.Text != "image.png" {
			t.Errorf("outputs of loop: got %+v, want the same message again", result.Outputs)
		}
	})
}
