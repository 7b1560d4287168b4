// Package faults makes a dependency of the worker ill: a proxy stands before it, on a port of this machine, and lets calls be late, fail, or wait for nothing.
//
// The worker is given the proxy's address in place of the dependency's, and both mean
// the same dependency: path, user and all that is not the host stay as they are. Before
// an HTTP dependency a call is a request; before any other it is a connection. Which
// calls a fault befalls follows from a fixed seed and from how many calls came since it
// began, so that two runs that call alike suffer alike. An ill call gets well when its
// fault ends: what waited goes on. Nothing that is said here holds a target, since there
// may be a password in it. Begin with [Rewrite], or with [Listen] for one address.
package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/stanch-dev/stanch/internal/lab"
)

// Proxy is one dependency's. It is safe for concurrent use.
type Proxy struct {
	address  string
	target   target
	listener net.Listener
	server   *http.Server // nil before a dependency that is not HTTP, as is outward
	outward  *http.Transport

	now  atomic.Pointer[spell]
	all  atomic.Int64
	ill  atomic.Int64
	ctx  context.Context // ends with Close
	end  context.CancelFunc
	open sync.WaitGroup
}

// here is where proxies listen: this machine, by another address than the one that
// NO_PROXY has in most environments. Calls of HTTP go through the proxy that records
// them, then, and leave a row as a dependency's do that is elsewhere. Go's client is
// an exception, which asks no proxy for any address of this machine.
const here = "127.0.0.2:0"

// Listen stands before a dependency, given as a URL or as HOST:PORT, and listens on a
// free port of 127.0.0.2. It is well until Set says otherwise.
func Listen(address string) (*Proxy, error) {
	t, err := parse(address)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", here)
	if err != nil {
		return nil, fmt.Errorf("stand before a dependency: %w", err)
	}
	p := &Proxy{address: t.at(l.Addr().String()), target: t, listener: l}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.now.Store(&spell{over: make(chan struct{})})
	if t.web {
		p.server = p.web()
		p.open.Go(func() { _ = p.server.Serve(l) }) // it ends with Close, and says so
	} else {
		p.open.Go(p.accept)
	}
	return p, nil
}

// Address is what the worker is given: of the target's form, with the proxy's host and
// port. That of an https dependency is http: a certificate is for the dependency's own
// name.
func (p *Proxy) Address() string { return p.address }

// Set makes the dependency ill; nil makes it well. It ends the fault before it.
func (p *Proxy) Set(f *lab.Fault) {
	next := &spell{over: make(chan struct{})}
	if f != nil {
		fault := *f
		next.fault = &fault
	}
	close(p.now.Swap(next).over)
}

// Calls are how many calls a dependency had.
type Calls struct {
	All int64
	Ill int64 // that a fault befell
}

// Calls are those since Listen.
func (p *Proxy) Calls() Calls { return Calls{p.all.Load(), p.ill.Load()} }

// Close ends all calls and waits for them. It is safe twice.
func (p *Proxy) Close() error {
	p.end()
	var err error
	if p.server != nil {
		err = p.server.Close()
	} else {
		err = p.listener.Close()
	}
	p.open.Wait()
	if p.outward != nil {
		p.outward.CloseIdleConnections()
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
