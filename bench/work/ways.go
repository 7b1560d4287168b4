package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// way is one way to feed the worker.
type way struct {
	name    string
	than    string // the way that it is compared to; empty for none
	blob    bool
	measure func(ctx context.Context, b *bench) (figure, error)
}

// figure is what one measurement gave.
type figure struct {
	rate   float64       // messages a second, or bytes
	stanch time.Duration // processor time of whoever takes the messages, per message; of a blob, of all
	worker time.Duration // of the worker
	twice  int           // messages that came again
	bytes  bool
}

func (f figure) String() string {
	if f.bytes {
		return fmt.Sprintf("%8.0f MB/s, %v of processor time", f.rate/1e6, f.stanch)
	}
	return fmt.Sprintf("%8.0f/s, processor time %v + worker %v a message, %d twice", f.rate, f.stanch.Round(100*time.Nanosecond), f.worker.Round(100*time.Nanosecond), f.twice)
}

// ways are all that were asked for; what they need is started.
func (b *bench) ways(ctx context.Context) ([]*way, error) {
	var all []*way
	add := func(w *way) {
		if b.wanted(w.name) {
			all = append(all, w)
		}
	}
	dir := func(scheme, options string) func() (string, error) {
		return func() (string, error) {
			d, err := b.stage.Scratch("store")
			return scheme + d + options, err
		}
	}
	fixed := func(text *string) func() (string, error) {
		return func() (string, error) { return *text, nil }
	}
	for _, s := range []struct {
		name  string
		store func() (string, error)
		n     int
	}{
		{"file", dir("file:", ""), b.messages},
		{"file?sync=normal", dir("file:", "?sync=normal"), b.messages},
		{"nats:DIR?sync=2s", dir("nats:", "?sync=2s"), b.messages},
		{"nats://", fixed(&b.natsURL), b.messages},
		{"azurite", fixed(&b.azurite), b.azure},
	} {
		bare := s.name + " bare loop"
		add(&way{name: s.name + " stanch run", than: bare, measure: func(ctx context.Context, b *bench) (figure, error) { return b.byStanch(ctx, s.store, s.n, b.app) }})
		add(&way{name: s.name + " plain HTTP", than: bare, measure: func(ctx context.Context, b *bench) (figure, error) { return b.byStanch(ctx, s.store, s.n, b.plain) }})
		add(&way{name: bare, measure: func(ctx context.Context, b *bench) (figure, error) { return b.byBare(ctx, s.store, s.n) }})
	}
	for _, w := range b.blobs() {
		add(w)
	}
	if err := b.servers(ctx, all); err != nil {
		return nil, err
	}
	return all, nil
}

// servers starts those that ways need.
func (b *bench) servers(ctx context.Context, all []*way) error {
	needs := func(store string) bool {
		for _, w := range all {
			if strings.Contains(w.name, store) {
				return true
			}
		}
		return false
	}
	if needs("nats://") {
		port, err := rig.FreePort()
		if err != nil {
			return err
		}
		dir, err := b.stage.Scratch("natsd")
		if err != nil {
			return err
		}
		p, err := rig.Start(rig.Command{Args: []string{b.natsd, fmt.Sprint(port), dir}})
		if err != nil {
			return err
		}
		b.stops = append(b.stops, func() { p.Stop(5 * time.Second) })
		b.natsURL = fmt.Sprintf("nats://127.0.0.1:%d", port)
	}
	if needs("azurite") {
		data, err := b.stage.Scratch("azurite")
		if err != nil {
			return err
		}
		r, err := azurite.Start(ctx, b.stage.Root, filepath.Clean(data))
		if err != nil {
			return err
		}
		b.stops = append(b.stops, r.Kill)
		b.azurite = r.Connection()
	}
	return nil
}
