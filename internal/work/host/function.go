package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/room"
	"github.com/stanch-dev/stanch/internal/work/scan"
)

// function is one function with its bindings opened.
type function struct {
	def     funcapp.Function
	bounds  funcapp.Host // its settings
	stores  Stores       // of the trigger
	inputs  []binding
	outputs []binding
	factor  float64
	start   func(ctx, grace context.Context) // its trigger; nil for HTTP
	scanner *scan.Scanner                    // of a blob trigger

	succeeded atomic.Int64
	failed    atomic.Int64
	poisoned  atomic.Int64

	mu   sync.Mutex
	last string // the last error
}

// binding is an input or output with its store.
type binding struct {
	funcapp.Binding
	stores Stores
}

func (h *Host) prepare(def funcapp.Function) (*function, error) {
	f := &function{def: def, bounds: h.cfg.Settings, factor: h.cfg.Factor}
	if own, ok := h.cfg.Own[def.Name]; ok {
		f.bounds = own
	}
	var errs []error
	bind := func(b funcapp.Binding) binding {
		out := binding{Binding: b}
		if kept[b.Type] {
			var err error
			if out.stores, err = h.open(b.Connection); err != nil {
				errs = append(errs, fmt.Errorf("binding %s: connection %s: %w", b.Name, b.Connection, err))
			}
		}
		return out
	}
	t := def.Trigger
	buffered, streamed := t.Type == funcapp.BlobTrigger && !t.Streamed && !t.Deferred, t.Streamed || t.Deferred
	for _, b := range def.Inputs {
		f.inputs = append(f.inputs, bind(b))
		buffered, streamed = buffered || b.Type == funcapp.Blob && !b.Streamed, streamed || b.Streamed
	}
	for _, b := range def.Outputs {
		f.outputs = append(f.outputs, bind(b))
	}
	if streamed && !buffered {
		f.factor = room.StreamedFactor
	}
	f.stores = bind(def.Trigger).stores
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return f, h.connect(f)
}

// kept are the types of bindings that a store is behind.
var kept = map[funcapp.Type]bool{
	funcapp.QueueTrigger: true, funcapp.BlobTrigger: true, funcapp.TimerTrigger: true,
	funcapp.Queue: true, funcapp.Blob: true,
}

// connect makes a function's trigger.
func (h *Host) connect(f *function) error {
	switch f.def.Trigger.Type {
	case funcapp.QueueTrigger:
		return h.onQueue(f)
	case funcapp.BlobTrigger:
		return h.onBlobs(f)
	case funcapp.TimerTrigger:
		return h.onTimer(f)
	case funcapp.HTTPTrigger:
		return nil
	}
	return fmt.Errorf("its trigger is a %s, which stanch does not know\nhint: queueTrigger, blobTrigger, timerTrigger and httpTrigger are known", f.def.Trigger.Type)
}

// failing remembers the last error, for people.
func (f *function) failing(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = reason
}

func (f *function) lastError() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// system is what binding expressions may name beside the trigger's values.
func (c *call) system() expression.System {
	return expression.System{Method: c.f.def.Name, Now: c.begun, GUID: newGUID}
}
