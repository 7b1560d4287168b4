package crew

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/supervisor/worker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
)

// Language hires Azure's language workers.
type Language struct {
	cfg     functionrpc.Config
	environ []string
	say     func(format string, args ...any)

	mu        sync.Mutex
	functions []functionrpc.Function // of the app's files; nil where the worker is asked
	listed    []functionrpc.Function
	known     chan struct{} // closed when listed is
}

// NewLanguage makes the maker of language workers. functions are those of the app's
// files, nil where the worker lists them. cfg's Worker is ignored: every instance
// has an id of its own.
func NewLanguage(cfg functionrpc.Config, functions []functionrpc.Function, environ []string, say func(format string, args ...any)) *Language {
	return &Language{cfg: cfg, functions: functions, environ: environ, say: say, known: make(chan struct{})}
}

// Functions waits for the first worker to list the app's functions. The error is
// ctx's cause.
func (l *Language) Functions(ctx context.Context) ([]functionrpc.Function, error) {
	select {
	case <-l.known:
		return l.listed, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Hire is a Maker.
func (l *Language) Hire(id string, _ worker.Address) (Hand, error) {
	cfg := l.cfg
	cfg.Worker = functionrpc.Default().Worker
	cfg.Index = l.functions == nil
	rpc, err := functionrpc.New(cfg)
	if err != nil {
		return nil, err
	}
	return &languageWorker{Host: rpc, language: l, id: id}, nil
}

type languageWorker struct {
	*functionrpc.Host
	language *Language
	id       string
}

// Env is the app's settings, and what the worker is told by its host.
func (w *languageWorker) Env() []string {
	environ := w.language.environ
	return append(environ[:len(environ):len(environ)], w.Host.Env()...)
}

// Ready shakes hands, and has the functions loaded. One that can't be loaded is
// told; it is an error only if none can.
func (w *languageWorker) Ready(ctx context.Context) error {
	l := w.language
	listed, err := w.Start(ctx)
	if err != nil {
		return err
	}
	load := listed
	if l.functions != nil {
		load = l.functions
	}
	var errs []error
	for _, f := range load {
		if err := w.Load(ctx, f); err != nil {
			if gone := (*contract.Gone)(nil); errors.As(err, &gone) || ctx.Err() != nil {
				return err
			}
			errs = append(errs, fmt.Errorf("load function %s: %w", f.Name, err))
			l.say("Function %s could not be loaded in worker process %s: %v", f.Name, w.id, trace(err))
		}
	}
	if len(errs) > 0 && len(errs) == len(load) {
		return errors.Join(errs...)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listed == nil {
		l.listed = load
		close(l.known)
	}
	return nil
}

// trace is a failure with its traceback.
func trace(err error) string {
	if failed := (*contract.Failed)(nil); errors.As(err, &failed) && failed.Stack != "" {
		return err.Error() + "\n" + strings.TrimSpace(failed.Stack)
	}
	return err.Error()
}

// End asks the worker to end itself.
func (w *languageWorker) End(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_ = w.Stop(asking) // a signal follows
}

// Release removes what was shared.
func (w *languageWorker) Release() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = w.Stop(now)
}
