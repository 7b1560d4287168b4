package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// ErrClosed is what Serve returns after Shutdown.
var ErrClosed = errors.New("proxy: server closed")

// Server is the side that clients see. Its methods may be called from any
// goroutine.
type Server struct {
	cfg     Config
	backend Backend
	pools   pools
	count   counters
	ids     atomic.Uint64
	clock   atomic.Int64 // now, as the sweeper last saw it

	ctx      context.Context // ends when requests are no longer waited for
	stop     context.CancelFunc
	draining atomic.Bool
	drainAt  atomic.Int64
	wake     chan struct{} // tells the sweeper that there is a connection
	sweeping sync.Once
	work     sync.WaitGroup // connections, the sweeper, HTTP/2 servers
	retired  sync.WaitGroup // HTTP/2 servers that wait for their connections' end
	streams  sync.WaitGroup // HTTP/2 requests

	mu        sync.Mutex
	conns     []*conn
	flights   map[*flight]struct{} // of HTTP/2
	listeners map[net.Listener]struct{}
	closed    bool
	force     bool   // no connection may go on
	h2        *http2 // for new connections
	h2all     []*http2
}

// New returns a server that gets its seats from b.
func New(cfg Config, b Backend) (*Server, error) {
	if err := cfg.Check(); err != nil {
		return nil, fmt.Errorf("proxy config: %w", err)
	}
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	s := &Server{
		cfg: cfg, backend: b,
		wake:      make(chan struct{}, 1),
		flights:   map[*flight]struct{}{},
		listeners: map[net.Listener]struct{}{},
	}
	s.clock.Store(now())
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// Serve accepts connections on l, which it closes in the end, until Shutdown;
// then it returns ErrClosed. The connections must be sockets (TCP or Unix).
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	s.sweeping.Do(func() { s.work.Go(s.sweep) })
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if err != nil {
			if s.isClosed() {
				return ErrClosed
			}
			// Out of descriptors or memory: it passes, and the connections that
			// are there must go on.
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() {
				pause = min(max(2*pause, 5*time.Millisecond), time.Second)
				s.cfg.Logf("accept: %v; again in %v", err, pause)
				select {
				case <-time.After(pause):
				case <-s.ctx.Done():
				}
				continue
			}
			return fmt.Errorf("accept: %w", err)
		}
		pause = 0
		if err := s.start(nc); err != nil {
			nc.Close()
			s.cfg.Logf("client %v: %v", nc.RemoteAddr(), err)
		}
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) start(nc net.Conn) error {
	c, err := newConn(s, nc)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	c.index = len(s.conns)
	s.conns = append(s.conns, c)
	if len(s.conns) == 1 {
		s.wakeSweeper()
	}
	s.count.accepted.Add(1)
	s.count.connections.Add(1)
	s.work.Go(c.serve)
	return nil
}

func (s *Server) wakeSweeper() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// forget takes c out of the server's books.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.conns[len(s.conns)-1]
	s.conns[c.index] = last
	last.index = c.index
	s.conns[len(s.conns)-1] = nil
	s.conns = s.conns[:len(s.conns)-1]
	s.count.connections.Add(-1)
}

// Drain makes every connection end after its next answer, which says so; one
// that brings no further request within Config.DrainIdle is closed. HTTP/2
// clients get a GOAWAY. New connections are still served, each for one
// request, for which they have Config.HeadTimeout until Shutdown. Safe twice.
func (s *Server) Drain() {
	if s.draining.Swap(true) {
		return
	}
	s.drainAt.Store(now())
	s.drainHTTP2()
}

// Shutdown stops accepting, drains, and waits for the requests under way. When
// ctx ends first, they are cut off, and its error is returned. Either way no
// goroutine of the server is left when it returns. Safe twice.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		l.Close()
	}
	s.retireLocked()
	s.mu.Unlock()
	s.wakeSweeper()

	done := make(chan struct{})
	go func() {
		defer close(done)
		s.wait()
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		s.stop()
		s.cut()
		<-done
	}
	s.stop()
	return err
}

// wait waits for everything that the server has started, in an order in which
// nothing new can start behind it.
func (s *Server) wait() {
	s.work.Wait()
	s.mu.Lock()
	s.force = true // no stream begins any more
	s.mu.Unlock()
	s.streams.Wait()
	s.retired.Wait()
}

// cut ends everything at once.
func (s *Server) cut() {
	s.mu.Lock()
	s.force = true
	for _, c := range s.conns {
		c.flight.end(stopped)
		_ = c.nc.SetDeadline(past)
	}
	for f := range s.flights {
		f.end(stopped)
	}
	s.mu.Unlock()
	s.cutHTTP2()
}
