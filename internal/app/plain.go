package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/supervisor/crew"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/plainhttp"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/manifest"
	"github.com/stanch-dev/stanch/internal/work/room"
)

// readPlain reads the functions of stanch.yaml. Their worker runs where stanch does.
func readPlain(cfg *config.Run, environ []string) (*feed, []funcapp.Mistake, error) {
	folder, err := filepath.Abs(".")
	if err != nil {
		return nil, nil, err
	}
	app := &funcapp.App{Model: funcapp.Folders, Settings: funcapp.Environment(environ)}
	m, mistakes := manifest.Read(cfg.Functions, app.Settings.Lookup)
	app.Functions = m.Functions
	app.Host.Queues.Plain = cfg.Encoding == "none"
	f := newFeed(cfg, folder, app)
	f.plain = m
	return f, mistakes, nil
}

// plainHTTP has deliveries posted to the worker's own paths. Clients reach the same
// worker as they do without functions.
func (f *feed) plainHTTP() {
	// A worker holds a body once, and what it makes of it: no encoding comes on top.
	f.factor = room.SharedFactor
	f.maker = crew.PlainHTTP(plainhttp.Config{
		Path: func(function string) string { return f.plain.Paths[function] }, Spool: os.TempDir(), Lend: f.lend,
	}, nil)
}

// lend has the host lend what an invocation reads and writes. Workers are hired
// before there is a host, and get calls only from it.
func (f *feed) lend(ctx context.Context, inv *contract.Invocation) (urls map[string]string, end func()) {
	h := f.host.Load()
	if h == nil {
		return nil, func() {}
	}
	return h.Lend(ctx, inv)
}

// routed says that clients come in by the functions' routes, and not straight to
// the worker.
func (f *feed) routed() bool { return f != nil && f.plain == nil }

// where is the store of what no connection says: the setting, which may name a
// variable, or a directory below data.
func (f *feed) where(data string) (string, error) {
	store := f.cfg.Store
	switch {
	case store == "":
		// Other relative directories are below the functions' folder, this one is not.
		data, err := filepath.Abs(data)
		return "file:" + filepath.Join(data, "work"), err
	case strings.ContainsAny(store, ":="):
		return store, nil
	}
	value, found := f.app.Settings.Connection(store)
	if !found {
		return "", errors.New("store: it names a variable that is not set, or no store\nhint: file:DIR, nats:DIR, nats://HOST:4222, a connection string of Azure Storage, or the name of a variable that has one of them")
	}
	return value, nil
}

// setting is what the environment says of a connection. For functions of
// stanch.yaml the store that the file names comes first: who writes it there has no
// other in mind.
func (f *feed) setting(name string) (value string, found bool) {
	if f.plain != nil && f.cfg.Store != "" && strings.Contains(name, funcapp.DefaultConnection) {
		return "", false
	}
	return f.app.Settings.Connection(name)
}
