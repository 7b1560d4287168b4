package proxy

import (
	"errors"
	"fmt"
	"time"
)

// Config is what a Server needs to know. Begin with Default.
type Config struct {
	Head    int // bytes that a request's head may have; above it 431
	Line    int // bytes that a request line may have; above it 414
	Retries int // times that a safe request without a body is given to another worker

	HeadTimeout  time.Duration // from a request's first byte to the end of its head
	IdleTimeout  time.Duration // between two requests of one connection
	StallTimeout time.Duration // without a byte moving either way during an exchange; not for upgraded connections and event streams
	Unstarted    time.Duration // how long a request that reached no worker goes on looking for one
	DrainIdle    time.Duration // how long a connection that is idle when Drain is called may still bring a last request
	Linger       time.Duration // how long what a client still sends is read and dropped, so that it gets to see the answer that ended the connection

	// Observe, if not nil, is told of each finished request, on the goroutine
	// that served it. It must not keep the Done or the slices in it.
	Observe func(*Done)
	// Ledger, if not nil, records the requests that workers hold.
	Ledger Ledger
	// Logf, if not nil, gets the few lines that concern no single request.
	Logf func(format string, args ...any)
}

// Default is the configuration that stanch run uses.
func Default() Config {
	return Config{
		Head:         64 << 10,
		Line:         16 << 10,
		Retries:      3,
		HeadTimeout:  10 * time.Second,
		IdleTimeout:  75 * time.Second,
		StallTimeout: 10 * time.Minute,
		Unstarted:    10 * time.Second,
		DrainIdle:    time.Second,
		Linger:       2 * time.Second,
	}
}

// Check reports everything that is wrong with c at once.
func (c Config) Check() error {
	var errs []error
	atLeast := func(name string, got, least int) {
		if got < least {
			errs = append(errs, fmt.Errorf("%s is %d: it must be at least %d", name, got, least))
		}
	}
	positive := func(name string, d time.Duration) {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("%s is %v: it must be above zero", name, d))
		}
	}
	atLeast("head", c.Head, 1<<10)
	atLeast("line", c.Line, 256)
	atLeast("retries", c.Retries, 0)
	if c.Head > maxHead {
		errs = append(errs, fmt.Errorf("head is %d: it must be at most %d", c.Head, maxHead))
	}
	if c.Line > c.Head {
		errs = append(errs, fmt.Errorf("line is %d: it must not be above head, which is %d", c.Line, c.Head))
	}
	positive("head timeout", c.HeadTimeout)
	positive("idle timeout", c.IdleTimeout)
	positive("stall timeout", c.StallTimeout)
	positive("unstarted", c.Unstarted)
	positive("drain idle", c.DrainIdle)
	positive("linger", c.Linger)
	return errors.Join(errs...)
}

// UpstreamConfig is what an Upstream needs to know. Zero values stand for the
// defaults given here.
type UpstreamConfig struct {
	Dial    time.Duration // time for one connection to be made; 1 s
	IdleFor time.Duration // how long an idle connection is kept; 4 s, below the 5 s that Node and gunicorn allow
	Idle    int           // idle connections kept; 512
	Head    int           // bytes that an answer's head may have; 64 KiB
}

func (c UpstreamConfig) withDefaults() UpstreamConfig {
	if c.Dial <= 0 {
		c.Dial = time.Second
	}
	if c.IdleFor <= 0 {
		c.IdleFor = 4 * time.Second
	}
	if c.Idle <= 0 {
		c.Idle = 512
	}
	if c.Head <= 0 {
		c.Head = 64 << 10
	}
	c.Head = min(c.Head, maxHead)
	return c
}
