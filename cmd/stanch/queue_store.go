package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/app"
	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// storeFlags say which store queue and blob look into.
type storeFlags struct {
	store, data, encoding string
	asJSON                bool
}

const storeHelp = `The store is --store, else STANCH_STORE, else the one of the functions in stanch.yaml,
else the setting AzureWebJobsStorage from the environment or from local.settings.json in
this folder, else the store that stanch.yaml names, else the one that stanch run keeps
in its data directory. It is written as a connection: file:DIR, nats://HOST:4222,
nats:DIR, UseDevelopmentStorage=true or a connection string of Azure Storage.`

func (f *storeFlags) add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.store, "store", "", "the store, as a connection (default: see above)")
	flags.StringVar(&f.data, "data", "", "data directory of run (default: the one that run chooses)")
	flags.StringVar(&f.encoding, "encoding", "", "of messages in Azure's queues: base64 or none (default: as host.json says, else base64)")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON")
}

// with opens the store for one use. A signal ends the use, and not the program.
func (f *storeFlags) with(ctx context.Context, w world, use func(context.Context, *connect.Stores) error) (err error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, mistakes := funcapp.Read(os.DirFS("."), funcapp.Machine{Environ: w.environ, Processors: runtime.GOMAXPROCS(0)})
	cfg := connect.Config{Lookup: folder.Settings.Lookup, Plain: folder.Host.Queues.Plain, Log: slog.New(slog.NewTextHandler(w.stderr, nil))}
	switch f.encoding {
	case "":
	case "base64", "none":
		cfg.Plain = f.encoding == "none"
	default:
		return usage(fmt.Errorf("--encoding: there is no encoding %q", f.encoding), "base64 or none")
	}
	text, data := f.store, f.data
	for _, pair := range w.environ {
		if value, ok := cutVariable(pair, "STANCH_STORE"); ok && text == "" {
			text = value
		}
		if value, ok := cutVariable(pair, "STANCH_DATA"); ok && data == "" {
			data = value
		}
	}
	_, set := folder.Settings.Connection("")
	if text == "" {
		file, err := f.fromFile(w.environ)
		if err != nil {
			return err
		}
		if file.Store != "" && (!set || !file.Functions.Empty()) {
			text = file.Store
		}
		if data == "" {
			data = file.Data
		}
		if f.encoding == "" && !file.Functions.Empty() {
			cfg.Plain = file.Encoding == "none"
		}
	}
	if !strings.ContainsAny(text, ":=") {
		if value, found := folder.Settings.Connection(text); found && text != "" {
			text = value // the name of a variable, as run takes it
		}
	}
	if text == "" && !set {
		for _, m := range mistakes {
			if m.File == "local.settings.json" && m.Line > 0 && !m.Warning {
				return &codedError{code: exitUsage, err: m}
			}
		}
		if data, err = app.DataDir(data); err != nil {
			return err
		}
		cfg.Default = "file:" + filepath.Join(data, "work")
	}
	connections := connect.New(cfg)
	defer func() { err = errors.Join(err, connections.Close()) }()
	var stores *connect.Stores
	if text != "" {
		stores, err = connections.OpenText(text)
	} else {
		stores, err = connections.Open(funcapp.DefaultConnection)
	}
	if err != nil {
		return &codedError{code: exitUsage, err: fmt.Errorf("open the store: %w", err)}
	}
	err = use(ctx, stores)
	if errors.Is(err, work.ErrAbsent) {
		err = fmt.Errorf("%w in the %s store %s\nhint: `stanch queue ls` and `stanch blob ls` show what is there", err, stores.Kind, stores.Target)
	}
	return err
}

// fromFile is what stanch.yaml says, if it is there.
func (f *storeFlags) fromFile(environ []string) (config.Run, error) {
	cfg, file := config.Default(), "stanch.yaml"
	for _, pair := range environ {
		if value, ok := cutVariable(pair, "STANCH_CONFIG"); ok {
			file = value
		}
	}
	if err := cfg.File(file); err != nil && !os.IsNotExist(err) {
		return cfg, &codedError{code: exitUsage, err: err}
	}
	return cfg, nil
}

// printable is a text as a terminal may have it: what is no line end, tab or
// visible character is written as an escape.
func printable(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == unicode.ReplacementChar && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n', r == '\t', unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
