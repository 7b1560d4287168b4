package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/crew"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/langworker"
	"github.com/stanch-dev/stanch/internal/work/room"
)

// contract chooses how the app's workers are spoken to, and which program they are.
func (f *feed) contract() error {
	if f.plain != nil {
		f.plainHTTP()
		return nil
	}
	if f.app.Host.Handler != nil {
		return f.customHandler(f.app.Host.Handler)
	}
	if len(f.app.Functions) == 0 && f.app.Model != funcapp.Indexed {
		return fmt.Errorf("the function app in %s has no functions\nhint: a function is a folder with a function.json, or for Python a function_app.py", f.folder)
	}
	return f.languageWorker()
}

// customHandler is a program that answers over HTTP.
func (f *feed) customHandler(h *funcapp.Handler) error {
	if len(f.cfg.Command) == 0 {
		program := h.Executable
		if h.InFolder {
			program = filepath.Join(f.folder, program)
		} else if _, err := exec.LookPath(program); err != nil && !strings.Contains(program, "/") {
			return fmt.Errorf("host.json starts the custom handler %q, which is neither in %s nor on PATH\nhint: build it into the folder, or install it", program, f.folder)
		}
		f.cfg.Command = append([]string{program}, h.Arguments...)
		if h.Script != "" {
			f.cfg.Command = append(f.cfg.Command, h.Script)
		}
		f.cfg.Command = append(f.cfg.Command, h.ScriptArguments...)
	}
	if h.Port > 0 {
		f.cfg.WorkerPort = h.Port
	}
	if h.StartTimeout > 0 {
		f.cfg.StartTime = h.StartTimeout
	}
	f.factor = room.EncodedFactor
	forwarded, binary := map[string]bool{}, map[[2]string]bool{}
	for _, fn := range f.app.Functions {
		forwarded[fn.Name] = (h.Forward || h.Proxy) && fn.Trigger.Type == funcapp.HTTPTrigger && len(fn.Inputs) == 0 &&
			len(fn.Outputs) == 1 && fn.Outputs[0].Type == funcapp.HTTP
		for _, out := range fn.Outputs {
			binary[[2]string{fn.Name, out.Name}] = out.Data == funcapp.BinaryData
		}
	}
	f.maker = crew.CustomHandler(customhandler.Config{
		Compat:  f.cfg.Compat == "azure",
		Forward: func(function string) bool { return forwarded[function] },
		Binary:  func(function, output string) bool { return binary[[2]string{function, output}] },
		Spool:   os.TempDir(), Log: f.line, HostName: functionrpc.Default().HostVersion,
	}, f.folder, nil)
	return nil
}

// languageWorker is one of Azure's own.
func (f *feed) languageWorker() error {
	version, _ := f.app.Settings.Lookup("FUNCTIONS_WORKER_RUNTIME_VERSION")
	var places []string
	if f.cfg.LanguageWorker != "" {
		places = []string{f.cfg.LanguageWorker}
	}
	program, err := langworker.Find(f.app.Runtime, version, places, f.app.Settings.Lookup)
	if err != nil {
		return err
	}
	if len(f.cfg.Command) == 0 {
		f.cfg.Command = append([]string{program.Program}, program.Args...)
	}
	cfg := functionrpc.Default()
	cfg.Runtime, cfg.App, cfg.WorkerDir = f.app.Runtime, f.folder, program.Dir
	cfg.Memory, cfg.Line, cfg.System = f.left.Load, f.line, f.system
	environ := []string{"FUNCTIONS_WORKER_RUNTIME=" + f.app.Runtime, "AzureWebJobsScriptRoot=" + f.folder}
	if f.app.Model == funcapp.Indexed {
		if !program.Index {
			return fmt.Errorf("the %s worker in %s is too old for an app without function.json files: it can't list functions", f.app.Runtime, program.Dir)
		}
		environ = append(environ, "AzureWebJobsFeatureFlags=EnableWorkerIndexing")
	}
	share, err := sharing(f.app.Settings.Lookup)
	if err != nil {
		return err
	}
	if !share {
		cfg.Shared = nil
	}
	f.factor = room.GRPCFactor
	if share && f.app.Runtime == "python" && !program.Ancient {
		f.factor = room.SharedFactor
	}
	var functions []functionrpc.Function
	if f.app.Model == funcapp.Folders {
		var errs []error
		for _, fn := range f.app.Functions {
			if fn.Disabled {
				continue
			}
			one, err := described(f.folder, fn)
			errs = append(errs, err)
			functions = append(functions, one)
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	f.language = crew.NewLanguage(cfg, functions, environ, f.say)
	hire := f.language.Hire
	if program.Ancient {
		hire = func(id string, at worker.Address) (crew.Hand, error) {
			h, err := f.language.Hire(id, at)
			return ancient{Hand: h, folder: f.folder}, err
		}
	}
	f.maker = hire
	return nil
}

// sharing tells whether large payloads may pass through files that the worker maps.
// Azure's host does so only where the setting says 1; here it is what keeps a worker
// small, so that only a 0 turns it off.
func sharing(lookup func(name string) (string, bool)) (bool, error) {
	const name = "FUNCTIONS_WORKER_SHARED_MEMORY_DATA_TRANSFER_ENABLED"
	value, _ := lookup(name)
	switch strings.ToLower(value) {
	case "", "1", "true", "t", "yes", "y": // the words that Azure's worker knows
		return true, nil
	case "0", "false", "f", "no", "n":
		return false, nil
	}
	return false, fmt.Errorf("setting %s is %q\nhint: 0 hands payloads over on the stream, 1 or no such setting through shared memory", name, value)
}

// ancient is a worker of 2020, which takes ten arguments, and looks for functions
// on PYTHONPATH.
type ancient struct {
	crew.Hand
	folder string
}

func (a ancient) Args() []string { return a.Hand.Args()[:10] }

func (a ancient) Env() []string { return append(a.Hand.Env(), "PYTHONPATH="+a.folder) }

// described is a function of a function.json as a worker loads it.
func described(folder string, fn funcapp.Function) (functionrpc.Function, error) {
	out := functionrpc.Function{
		Name: fn.Name, Directory: filepath.Join(folder, fn.Folder), EntryPoint: fn.Entry, ScriptFile: filepath.Join(folder, fn.Script),
	}
	all := append(append([]funcapp.Binding{fn.Trigger}, fn.Inputs...), fn.Outputs...)
	for _, b := range all {
		direction := "in"
		if b.Out {
			direction = "out"
		}
		text, err := json.Marshal(bindingText{string(b.Type), b.Name, direction, string(b.Data)})
		if err != nil {
			return out, err
		}
		out.Bindings = append(out.Bindings, string(text))
	}
	if r := fn.Retry; r != nil {
		out.Retry = &functionrpc.Retry{Max: r.Max, Fixed: !r.Exponential, Delay: r.Delay, Least: r.Least, Most: r.Most}
	}
	return out, nil
}

// bindingText is what a worker needs to know of a binding.
type bindingText struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	Direction string `json:"direction"`
	Data      string `json:"dataType,omitempty"`
}

// retryText is a worker's retry policy as a function.json has it.
func retryText(r *functionrpc.Retry) string {
	if r == nil {
		return ""
	}
	policy := map[string]any{"maxRetryCount": r.Max}
	if r.Fixed {
		policy["strategy"], policy["delayInterval"] = "fixedDelay", spanText(r.Delay)
	} else {
		policy["strategy"], policy["minimumInterval"], policy["maximumInterval"] = "exponentialBackoff", spanText(r.Least), spanText(r.Most)
	}
	text, err := json.Marshal(policy)
	if err != nil {
		return "" // of texts and numbers there is none
	}
	return string(text)
}

// spanText is a TimeSpan as .NET writes it.
func spanText(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%d.%02d:%02d:%02d.%07d", s/86400, s/3600%24, s/60%60, s%60, (d%time.Second)/100)
}
