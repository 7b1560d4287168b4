package proxy

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// HTTP/2 without TLS is left to net/http: its connections are handed to an
// http.Server, whose handler is stream.go. A server that has begun to drain
// takes no more connections, so those that come later get the next one.
type http2 struct {
	server *http.Server
	conns  *handover
}

func (s *Server) newHTTP2() *http2 {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	return &http2{
		server: &http.Server{
			Handler:     http.HandlerFunc(s.serveStream),
			Protocols:   &protocols,
			IdleTimeout: s.cfg.IdleTimeout,
			// The head's bytes are limited as in HTTP/1.1. net/http adds 4 KiB.
			MaxHeaderBytes: s.cfg.Head,
			ErrorLog:       discardLog,
		},
		conns: &handover{ch: make(chan net.Conn), done: make(chan struct{})},
	}
}

// serveH2 hands the connection over, and waits for its end.
func (c *conn) serveH2() bool {
	if !c.leave(stateHead, stateOther) {
		return false
	}
	nc := &handed{Conn: c.nc, ahead: append([]byte(nil), c.in.bytes()...), closed: make(chan struct{})}
	c.in.release()
	h := c.srv.currentHTTP2()
	if h == nil || !h.conns.give(nc) {
		return false
	}
	<-nc.closed
	return false
}

// currentHTTP2 returns the server for a new connection, starting it if it is
// the first; nil if none may start any more.
func (s *Server) currentHTTP2() *http2 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.force {
		return nil
	}
	if s.h2 == nil {
		h := s.newHTTP2()
		s.h2 = h
		s.h2all = append(s.h2all, h)
		// The caller is a connection, which s.work counts already.
		s.work.Go(func() { _ = h.server.Serve(h.conns) })
		if s.draining.Load() && s.closed {
			s.retireLocked()
			return h
		}
	}
	return s.h2
}

// drainHTTP2 sends a GOAWAY to the clients that are there.
func (s *Server) drainHTTP2() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retireLocked()
}

func (s *Server) retireLocked() {
	h := s.h2
	s.h2 = nil
	if h == nil {
		return
	}
	s.retired.Go(func() { _ = h.server.Shutdown(context.Background()) })
}

// cutHTTP2 closes all connections.
func (s *Server) cutHTTP2() {
	s.mu.Lock()
	all := s.h2all
	s.mu.Unlock()
	for _, h := range all {
		_ = h.server.Close()
	}
}

// handover is a listener whose connections are given to it.
type handover struct {
	ch   chan net.Conn
	done chan struct{}
	once sync.Once
}

func (h *handover) give(nc net.Conn) bool {
	select {
	case h.ch <- nc:
		return true
	case <-h.done:
		return false
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case nc := <-h.ch:
		return nc, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handover) Addr() net.Addr { return handoverAddr{} }

type handoverAddr struct{}

func (handoverAddr) Network() string { return "handover" }
func (handoverAddr) String() string  { return "handover" }

// handed is a connection whose first bytes were read already.
type handed struct {
	net.Conn
	ahead  []byte
	once   sync.Once
	closed chan struct{}
}

func (h *handed) Read(p []byte) (int, error) {
	if len(h.ahead) > 0 {
		n := copy(p, h.ahead)
		h.ahead = h.ahead[n:]
		return n, nil
	}
	return h.Conn.Read(p)
}

func (h *handed) Close() error {
	err := h.Conn.Close()
	h.once.Do(func() { close(h.closed) })
	return err
}
