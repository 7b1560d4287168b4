package functionrpc

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// Function is one function of the app, as the worker lists it or as its
// function.json describes it.
type Function struct {
	ID         string // the worker's; Load makes one up if it is empty
	Name       string
	Directory  string   // where its files are
	ScriptFile string   // absolute, or within Directory
	EntryPoint string   // may be empty
	Bindings   []string // each as in function.json, JSON
	Retry      *Retry   // nil: none
	Properties map[string]string
}

// Retry is a function's retry policy.
type Retry struct {
	Max         int  // tries after the first; -1 without end
	Fixed       bool // else the delay doubles from Least to Most
	Delay       time.Duration
	Least, Most time.Duration
}

func functionOf(f *wire.RpcFunctionMetadata) Function {
	made := Function{
		ID: f.FunctionId, Name: f.Name, Directory: f.Directory, ScriptFile: f.ScriptFile,
		EntryPoint: f.EntryPoint, Bindings: f.RawBindings, Properties: f.Properties,
	}
	if r := f.RetryOptions; r != nil {
		made.Retry = &Retry{
			Max: int(r.MaxRetryCount), Fixed: r.RetryStrategy == wire.RpcRetryOptions_fixed_delay,
			Delay: r.DelayInterval.AsDuration(), Least: r.MinimumInterval.AsDuration(), Most: r.MaximumInterval.AsDuration(),
		}
	}
	return made
}

// Load lets the worker load a function, which may be invoked by its name then.
// The error is *contract.Failed with the traceback where the function's code is
// at fault, and *contract.Gone.
func (h *Host) Load(ctx context.Context, f Function) error {
	l, err := h.connected()
	if err != nil {
		return err
	}
	metadata, err := describe(f, h.config.Runtime)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, h.config.LoadTime, "load function "+f.Name)
	defer cancel()
	answer, _, err := l.ask(ctx, "load "+metadata.FunctionId, &wire.StreamingMessage{
		RequestId: h.config.Worker,
		Content: &wire.StreamingMessage_FunctionLoadRequest{FunctionLoadRequest: &wire.FunctionLoadRequest{
			FunctionId: metadata.FunctionId, Metadata: metadata,
		}},
	})
	if err == nil {
		err = failure(answer.GetFunctionLoadResponse().Result)
	}
	if err != nil {
		return fmt.Errorf("load function %s: %w", f.Name, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loaded[f.Name] = metadata.FunctionId
	return nil
}

func describe(f Function, runtime string) (*wire.RpcFunctionMetadata, error) {
	script := f.ScriptFile
	if script == "" && runtime == "python" {
		script = "__init__.py"
	}
	if script != "" && !filepath.IsAbs(script) {
		script = filepath.Join(f.Directory, script)
	}
	metadata := &wire.RpcFunctionMetadata{
		FunctionId: cmp.Or(f.ID, "function-"+f.Name), Name: f.Name, Directory: f.Directory,
		ScriptFile: script, EntryPoint: f.EntryPoint, Language: runtime,
		RawBindings: f.Bindings, Properties: f.Properties, Bindings: map[string]*wire.BindingInfo{},
	}
	if r := f.Retry; r != nil {
		metadata.RetryOptions = &wire.RpcRetryOptions{
			MaxRetryCount: int32(r.Max), DelayInterval: durationpb.New(r.Delay),
			MinimumInterval: durationpb.New(r.Least), MaximumInterval: durationpb.New(r.Most),
		}
		if r.Fixed {
			metadata.RetryOptions.RetryStrategy = wire.RpcRetryOptions_fixed_delay
		}
	}
	for _, raw := range f.Bindings {
		name, info, err := bindingOf(raw)
		if err != nil {
			return nil, fmt.Errorf("binding %s of function %s: %w", raw, f.Name, err)
		}
		metadata.Bindings[name] = info
	}
	return metadata, nil
}

// bindingOf reads one binding of function.json. The values are those of
// function.json, in any case; a direction that is left out is in.
func bindingOf(raw string) (name string, info *wire.BindingInfo, err error) {
	var b struct{ Name, Type, Direction, DataType string }
	if err := json.Unmarshal([]byte(raw), &b); err != nil {
		return "", nil, err
	}
	if b.Name == "" || b.Type == "" {
		return "", nil, fmt.Errorf("it has the name %q and the type %q\nhint: both are needed", b.Name, b.Type)
	}
	direction, known := wire.BindingInfo_Direction_value[strings.ToLower(cmp.Or(b.Direction, "in"))]
	if !known {
		return "", nil, fmt.Errorf("direction %q is unknown\nhint: in, out or inout", b.Direction)
	}
	dataType, known := wire.BindingInfo_DataType_value[strings.ToLower(cmp.Or(b.DataType, "undefined"))]
	if !known {
		return "", nil, fmt.Errorf("dataType %q is unknown\nhint: string, binary or stream", b.DataType)
	}
	return b.Name, &wire.BindingInfo{
		Type: b.Type, Direction: wire.BindingInfo_Direction(direction), DataType: wire.BindingInfo_DataType(dataType),
	}, nil
}
