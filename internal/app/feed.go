package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/supervisor/crew"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/telemetry/flight"
	"github.com/stanch-dev/stanch/internal/work/admit"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/host"
	"github.com/stanch-dev/stanch/internal/work/manifest"
)

// overtaking is how long small work may overtake large work that waits for room.
const overtaking = 10 * time.Second

// feed brings work to the workers: the functions of an app. A nil one brings
// nothing.
type feed struct {
	cfg       *config.Run
	folder    string
	app       *funcapp.App
	plain     *manifest.Manifest // of stanch.yaml; nil for a folder of Azure's
	stores    *connect.Connections
	admission *admit.Admission
	endpoint  *endpoint.Endpoint
	payloads  http.Server // serves endpoint
	front     door
	language  *crew.Language
	crew      *crew.Crew
	maker     crew.Maker
	factor    float64
	keeper    *guard.Guard
	j         *journal
	rows      *tables
	recorder  *flight.Recorder
	print     func(line []byte) // a line of a function, where people look for them

	host    atomic.Pointer[host.Host]
	left    atomic.Int64 // bytes until the memory limit
	slots   slots
	mu      sync.Mutex
	opened  map[*connect.Stores]host.Stores // as they are told of
	running sync.WaitGroup
	stop    context.CancelFunc // nothing new
	hurry   context.CancelFunc // what is in hand is broken off
	fed     chan struct{}      // closed when nothing is in hand any more
}

// readApp reads the functions that cfg names, and puts the worker's command into
// cfg. It returns nil if there are none.
func readApp(cfg *config.Run, environ []string, warn func(format string, args ...any)) (*feed, error) {
	f, mistakes, err := find(cfg, environ)
	if f == nil || err != nil {
		return nil, err
	}
	for _, m := range mistakes {
		if m.Warning {
			warn("%v", m)
		}
	}
	if err := funcapp.Faults(mistakes); err != nil {
		return nil, fmt.Errorf("%s has mistakes:\n%w", f.origin(), err)
	}
	if f.app.Host.MaxConcurrent > 0 && cfg.Concurrency == 0 {
		cfg.Concurrency = f.app.Host.MaxConcurrent
	}
	if cfg.RoleName == "" && f.plain == nil {
		cfg.RoleName = f.name()
	}
	return f, f.contract()
}

// find reads the function app that cfg names, or the functions of stanch.yaml, and
// tells what is wrong with them. It returns nil if there are none.
func find(cfg *config.Run, environ []string) (*feed, []funcapp.Mistake, error) {
	if !cfg.Functions.Empty() {
		return readPlain(cfg, environ)
	}
	if cfg.App == "" {
		return nil, nil, nil
	}
	folder, err := filepath.Abs(cfg.App)
	if err != nil {
		return nil, nil, err
	}
	app, mistakes := funcapp.Read(os.DirFS(folder), funcapp.Machine{Environ: environ, Processors: runtime.NumCPU()})
	return newFeed(cfg, folder, app), mistakes, nil
}

func newFeed(cfg *config.Run, folder string, app *funcapp.App) *feed {
	f := &feed{cfg: cfg, folder: folder, app: app, fed: make(chan struct{}), opened: map[*connect.Stores]host.Stores{}}
	f.left.Store(memory.Unlimited)
	return f
}

// origin is where the functions were read.
func (f *feed) origin() string {
	if f.plain != nil {
		return f.cfg.Functions.File
	}
	return "the function app in " + f.folder
}

// name is the app's, among those that share a store: as Azure has it, else the
// folder's. Functions of stanch.yaml have that of the role, if it is given.
func (f *feed) name() string {
	if f.plain != nil && f.cfg.RoleName != "" {
		return plainName(f.cfg.RoleName)
	}
	for _, setting := range []string{"AzureFunctionsWebHost__hostid", "WEBSITE_SITE_NAME", "CONTAINER_APP_NAME"} {
		if value, _ := f.app.Settings.Lookup(setting); value != "" {
			return plainName(value)
		}
	}
	return plainName(filepath.Base(f.folder))
}

// plainName is a name of lower-case letters, digits and single hyphens.
func plainName(s string) string {
	parts := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name := strings.Join(parts, "-")
	if name = strings.Trim(name[:min(len(name), 32)], "-"); name == "" {
		return "functions" // the folder is the root, or has no letter
	}
	return name
}

// open opens the stores and the door to the worker's memory.
func (f *feed) open(data string, j *journal, rows *tables, recorder *flight.Recorder, print func([]byte)) error {
	f.j, f.rows, f.recorder, f.print = j, rows, recorder, print
	f.slots.recorder = recorder
	if err := f.connect(data, j.say); err != nil {
		return err
	}
	f.admission = admit.New(roomConfig(f.cfg))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for payloads: %w", err)
	}
	f.endpoint = endpoint.New("http://" + l.Addr().String())
	f.front.open(f.cfg.HeaderTime, int(f.cfg.HeaderLimit), f.cfg.IdleTime)
	f.payloads = http.Server{Handler: f.endpoint, ReadHeaderTimeout: 10 * time.Second}
	f.running.Go(func() {
		if err := f.payloads.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			j.say("Payloads are not served any more: %v", err)
		}
	})
	return nil
}

// connect makes the connections to stores, and opens none. say is told what people
// should know of them.
func (f *feed) connect(data string, say says) error {
	store, err := f.where(data)
	if err != nil {
		return err
	}
	f.stores = connect.New(connect.Config{
		Lookup: f.setting, Default: store, Base: f.folder, Plain: f.app.Host.Queues.Plain,
		Log: slog.New(slog.NewTextHandler(say, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: untimed})),
	})
	return nil
}

// close takes down what open has put up.
func (f *feed) close() {
	if f.stop != nil {
		f.stop()
		f.hurry()
	}
	f.admission.Close()
	_ = f.payloads.Close()
	f.running.Wait()
	if err := f.stores.Close(); err != nil {
		f.j.say("Closing the stores of work: %v", err)
	}
}

// says writes lines as people are told things.
type says func(format string, args ...any)

func (s says) Write(line []byte) (int, error) {
	s("%s", strings.TrimSpace(string(line)))
	return len(line), nil
}

// untimed leaves out what the journal writes itself.
func untimed(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
