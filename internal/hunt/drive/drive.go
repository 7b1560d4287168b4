// Package drive sends the requests of one block to one endpoint, and counts what came back.
//
// A hunt compares how memory grew over blocks, so the blocks have to be alike:
// which values the parameters have follows from the seed and the number of the
// request alone, whatever the concurrency and however fast the worker is. No
// connection outlives its block, so that none is held when memory is looked at.
// And sending is cheap: the client shares its processor with the worker that it
// measures, so it speaks HTTP/1.1 on its own buffers and allocates nothing for a
// request.
//
// Begin with Driver.Block; shot.go makes requests out of templates, conn.go
// speaks the protocol.
package drive

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config is how to drive. A zero field means the default.
type Config struct {
	Clients int               // requests under way at the same time; 4
	Rate    float64           // requests a second, spread over the clients; 0 sends as soon as an answer is there
	Timeout time.Duration     // the longest for one request; 30 s
	Seed    uint64            // of the parameters' values
	Keys    map[string]Values // what stands for {name}; 1 to 1000 for those that are not named
	Header  []string          // "Name: value", sent with each request
}

// Driver sends requests to one worker. Blocks are sent one after the other.
type Driver struct {
	cfg Config
	at  target
}

// target is where the worker listens.
type target struct {
	network, address string
	host             string // of the header
	prefix           string // of every path
	tls              *tls.Config
}

// New returns a driver for the worker at base: http://host:port, https://host,
// each with a path that goes before those of the endpoints, or
// unix:///run/worker.sock. It connects to nothing yet.
func New(base string, cfg Config) (*Driver, error) {
	at, err := parseTarget(base)
	if err != nil {
		return nil, err
	}
	for _, line := range cfg.Header {
		if name, _, ok := strings.Cut(line, ":"); !ok || !isToken(name) || strings.ContainsAny(line, "\r\n") {
			return nil, fmt.Errorf("the header %q is none\nhint: write it as 'Name: value'", name)
		}
	}
	if cfg.Clients < 0 || cfg.Rate < 0 || cfg.Timeout < 0 {
		return nil, fmt.Errorf("%d clients, a rate of %v and a timeout of %v: none may be negative", cfg.Clients, cfg.Rate, cfg.Timeout)
	}
	if cfg.Clients == 0 {
		cfg.Clients = 4
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	return &Driver{cfg: cfg, at: at}, nil
}

func parseTarget(base string) (target, error) {
	const hint = "\nhint: write it as http://127.0.0.1:8000"
	if path, ok := strings.CutPrefix(base, "unix://"); ok && strings.HasPrefix(path, "/") {
		return target{network: "unix", address: path, host: "localhost"}, nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return target{}, fmt.Errorf("the worker's address is no URL of http or https%s", hint)
	}
	if u.User != nil {
		return target{}, fmt.Errorf("the worker's address holds a password\nhint: --header 'Authorization: …'")
	}
	at := target{network: "tcp", address: u.Host, host: u.Host, prefix: strings.TrimRight(u.EscapedPath(), "/")}
	port := "80"
	if u.Scheme == "https" {
		port, at.tls = "443", &tls.Config{ServerName: u.Hostname()}
	}
	if u.Port() == "" {
		at.address = net.JoinHostPort(u.Hostname(), port)
	}
	return at, nil
}

// Block is one stretch of requests to one endpoint.
type Block struct {
	Shot     *Shot
	Requests int64         // at most so many
	For      time.Duration // and at most so long; 0 for as long as it takes
	Number   uint64        // of the block: other blocks have other values
}

// Block sends a block and waits for its last answer. It ends early when ctx
// does, or when for a second nobody was there to answer; what was
// sent until then is counted.
func (d *Driver) Block(ctx context.Context, b Block) Outcome {
	r := &round{driver: d, block: b, ctx: ctx, began: time.Now()}
	if b.For > 0 {
		var cancel context.CancelFunc
		r.ctx, cancel = context.WithDeadline(ctx, r.began.Add(b.For))
		defer cancel()
	}
	tallies := make([]tally, d.cfg.Clients)
	var clients sync.WaitGroup
	for i := range tallies {
		clients.Go(func() { r.client(&tallies[i]) })
	}
	clients.Wait()
	took := time.Since(r.began)
	for i := range tallies[1:] {
		tallies[0].merge(&tallies[1+i])
	}
	return tallies[0].outcome(took)
}

// round is one block while it is sent.
type round struct {
	driver   *Driver
	block    Block
	ctx      context.Context
	began    time.Time
	next     atomic.Int64
	answered atomic.Int64 // when the last answer came, since began
}

// silence is how long a worker may give no answer at all before a block is given
// up: it has gone, and nothing that is counted from there on means anything.
const silence = time.Second

// client sends one request after the other.
func (r *round) client(t *tally) {
	c := &conn{at: r.driver.at}
	defer c.close()
	stop := context.AfterFunc(r.ctx, c.interrupt)
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := func(d time.Duration) bool {
		timer.Reset(d)
		select {
		case <-timer.C:
			return true
		case <-r.ctx.Done():
			return false
		}
	}
	seed := mix(r.driver.cfg.Seed ^ mix(r.block.Number))
	for r.ctx.Err() == nil {
		n := r.next.Add(1) - 1
		if r.block.Requests > 0 && n >= r.block.Requests {
			return
		}
		// With a rate, an answer is late from when its request was due.
		from := time.Now()
		if rate := r.driver.cfg.Rate; rate > 0 {
			from = r.began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			if wait := time.Until(from); wait > 0 && !pause(wait) {
				return
			}
		}
		status, err := c.ask(r.ctx, r.block.Shot, seed, uint64(n), r.driver.cfg.Timeout)
		now := time.Now()
		switch {
		case err == nil:
			t.answer(status, now.Sub(from))
			r.answered.Store(int64(now.Sub(r.began)))
		case r.ctx.Err() != nil:
			return // it is ours that it was cut off
		default:
			t.lose(err)
			if now.Sub(r.began)-time.Duration(r.answered.Load()) > silence && isGone(err) {
				return
			}
			if !pause(10 * time.Millisecond) {
				return
			}
		}
	}
}
