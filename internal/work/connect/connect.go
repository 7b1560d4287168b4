// Package connect opens the store of work that a connection names.
//
// A connection is a name in an app's settings, and its value says where the store
// is: a directory, an account of Azure Storage, NATS. Two connections to one place
// share one store, since stores hold locks; if they want it in different ways,
// that is an error. No error repeats a value, which may hold a key or a password.
// Begin with [New], [Connections.Open] and text.go, which has the forms.
package connect

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/ledger"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// Stores are the queues, blobs and ledger of one place.
type Stores struct {
	Kind   string // Azure, file or nats
	Target string // safe to print: the account, the directory, the hosts
	Queues queue.Store
	Blobs  blob.Store
	Ledger ledger.Store

	close func() error
}

// Config says what connections mean.
type Config struct {
	Lookup  func(name string) (value string, found bool) // an app setting, as funcapp.Settings.Lookup; nil: there are none
	Default string                                       // stands for a connection that is not set; empty: that is an error
	Base    string                                       // relative directories are below it; empty: the working directory
	Plain   bool                                         // messages in Azure's queues are plain text, and not base64
	Log     *slog.Logger                                 // nil for none
}

// Connections are the stores that were opened. All of it is safe for concurrent
// use.
type Connections struct {
	cfg Config

	mu     sync.Mutex
	closed bool
	named  map[string]*Stores
	placed map[string]placed
	closes []func() error
}

type placed struct {
	terms  string
	stores *Stores
}

// New makes the connections, and opens none.
func New(cfg Config) *Connections {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Connections{cfg: cfg, named: map[string]*Stores{}, placed: map[string]placed{}}
}

// Open opens the store of the connection with this name, or returns it if it is
// open. The empty name is that of funcapp.DefaultConnection. What can't be opened
// is tried anew at the next call.
func (c *Connections) Open(name string) (*Stores, error) {
	if name == "" {
		name = funcapp.DefaultConnection
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.named[name]; s != nil {
		return s, nil
	}
	p, err := c.find(name)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", name, err)
	}
	s, err := c.open(p)
	if err != nil {
		return nil, fmt.Errorf("connection %s: %w", name, err)
	}
	c.named[name] = s
	return s, nil
}

// OpenText opens the store that a text says, in the forms that a setting has.
func (c *Connections) OpenText(text string) (*Stores, error) {
	p, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open(p)
}

// find reads the settings of a connection: its own name with AzureWebJobs before
// it comes first, as in Azure.
func (c *Connections) find(name string) (place, error) {
	for _, full := range []string{"AzureWebJobs" + name, name} {
		if text := strings.TrimSpace(c.setting(full)); text != "" {
			return c.parse(text)
		}
	}
	for _, key := range []string{"accountName", "serviceUri", "blobServiceUri", "queueServiceUri"} {
		if c.setting(name+"__"+key) != "" || c.setting("AzureWebJobs"+name+"__"+key) != "" {
			return azureSettings(name, c.setting, c.cfg.Plain)
		}
	}
	if c.cfg.Default == "" {
		return place{}, fmt.Errorf("setting %s is not there\nhint: %s", name, forms)
	}
	p, err := c.parse(c.cfg.Default)
	if err == nil && name != funcapp.DefaultConnection {
		c.cfg.Log.Warn("connection "+name+" is not set: the default store stands for it", "store", p.target)
	}
	return p, err
}

func (c *Connections) setting(name string) string {
	if c.cfg.Lookup == nil {
		return ""
	}
	value, _ := c.cfg.Lookup(name)
	return value
}

// open is called with the lock held.
func (c *Connections) open(p place) (*Stores, error) {
	if c.closed {
		return nil, errors.New("the connections are closed")
	}
	if there, ok := c.placed[p.key]; ok {
		if there.terms != p.terms {
			return nil, fmt.Errorf("%s is open already, with other options\nhint: give all connections to it the same", p.target)
		}
		return there.stores, nil
	}
	s, err := p.open(c.cfg.Log)
	if err != nil {
		return nil, err
	}
	s.Kind, s.Target = p.kind, p.target
	c.placed[p.key] = placed{p.terms, s}
	c.closes = append(c.closes, s.close)
	return s, nil
}

// Close closes all stores, the last one first. Nobody may use them any more. It
// is safe twice.
func (c *Connections) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for i := len(c.closes) - 1; i >= 0; i-- {
		errs = append(errs, c.closes[i]())
	}
	c.closes, c.closed = nil, true
	return errors.Join(errs...)
}

// closers closes one after the other.
func closers(all ...io.Closer) func() error {
	return func() error {
		var errs []error
		for _, one := range all {
			errs = append(errs, one.Close())
		}
		return errors.Join(errs...)
	}
}
