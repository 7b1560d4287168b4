package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// connect makes a tunnel, and tells of it when it ends.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request, c *Call) {
	c.Tunnel = true
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil || host == "" || port == "" || strings.ContainsAny(host, "/@\\ ") || strings.Trim(port, "0123456789") != "" {
		http.Error(w, "stanch: CONNECT takes host:port", http.StatusBadRequest)
		return
	}
	c.Target, c.URL = r.Host, r.Host
	if p.loops(host, port) {
		p.deny(w, c, http.StatusLoopDetected, "the call is for this proxy itself")
		return
	}
	// Not the request's context: it ends when the client closes its half.
	target, err := p.dial(p.ctx, r.Host)
	if err != nil {
		status, reason := failure(err)
		p.deny(w, c, status, reason)
		return
	}
	p.tunnels.Add(1)
	defer p.tunnels.Done()
	client, ahead, err := http.NewResponseController(w).Hijack()
	if err != nil {
		target.Close()
		p.deny(w, c, http.StatusInternalServerError, "the tunnel could not be made: "+err.Error())
		return
	}
	c.Status = http.StatusOK
	err = p.tunnel(client, ahead.Reader, target, c)
	c.Success = err == nil
	if err != nil {
		c.Reason = err.Error()
	}
	p.over(c)
}

// dial connects to a target, through the parent proxy if it has to be.
func (p *Proxy) dial(ctx context.Context, target string) (net.Conn, error) {
	via, err := p.parent(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("which proxy leads to %s: %w", target, err)
	}
	if via == nil {
		return p.dialer.DialContext(ctx, "tcp", target)
	}
	if via.Scheme != "http" && via.Scheme != "https" {
		return nil, fmt.Errorf("a proxy of the kind %s:// is not supported", via.Scheme)
	}
	nc, err := p.dialer.DialContext(ctx, "tcp", via.Host)
	if err != nil {
		return nil, err
	}
	if via.Scheme == "https" {
		nc = tls.Client(nc, &tls.Config{ServerName: via.Hostname()})
	}
	_ = nc.SetDeadline(time.Now().Add(p.cfg.Dial))
	ask := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if via.User != nil {
		password, _ := via.User.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(via.User.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(nc, ask+"\r\n"); err != nil {
		nc.Close()
		return nil, err
	}
	// One byte at a time: what follows the head belongs to the tunnel.
	answer, err := http.ReadResponse(bufio.NewReaderSize(&slow{nc}, 16), nil)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the proxy %s answered %s", via.Host, answer.Status)
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	_ = nc.SetDeadline(time.Time{})
	return nc, nil
}

// slow hands out one byte at a time, up to a head's length.
type slow struct{ from io.Reader }

func (s *slow) Read(p []byte) (int, error) { return s.from.Read(p[:min(len(p), 1)]) }

// tunnel carries bytes both ways until both sides have closed, one has broken,
// or the proxy stops.
func (p *Proxy) tunnel(client net.Conn, ahead *bufio.Reader, target net.Conn, c *Call) error {
	defer client.Close()
	defer target.Close()
	stop := context.AfterFunc(p.ctx, func() {
		_ = client.SetDeadline(past)
		_ = target.SetDeadline(past)
	})
	defer stop()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return errors.New("the worker has left")
	}
	done := make(chan error, 1)
	var broken atomic.Bool
	go func() {
		n, err := p.carry(client, target, nil, &broken)
		c.In = n
		done <- err
	}()
	n, err := p.carry(target, client, ahead, &broken)
	c.Out = n
	back := <-done
	if p.ctx.Err() != nil {
		return errors.New("stanch stopped")
	}
	if err != nil {
		return fmt.Errorf("to the target: %w", err)
	}
	if back != nil {
		return fmt.Errorf("from the target: %w", back)
	}
	return nil
}

// past is a deadline that wakes whoever waits.
var past = time.Unix(1, 0)

// carry copies one direction to its end, and then closes that half, after which
// the other direction has to keep moving. A direction that breaks ends both.
func (p *Proxy) carry(to, from net.Conn, ahead *bufio.Reader, broken *atomic.Bool) (n int64, err error) {
	if ahead != nil && ahead.Buffered() > 0 {
		n, err = io.CopyN(to, ahead, int64(ahead.Buffered()))
	}
	for err == nil {
		var m int64
		m, err = io.Copy(to, from) // between sockets the kernel does it by itself
		n += m
		if err == nil {
			break
		}
		if m > 0 && errors.Is(err, os.ErrDeadlineExceeded) && p.ctx.Err() == nil && !broken.Load() {
			_ = from.SetReadDeadline(time.Now().Add(p.cfg.Linger)) // it still moves
			err = nil
		}
	}
	if err != nil {
		second := broken.Swap(true)
		_ = to.SetDeadline(past)
		_ = from.SetDeadline(past)
		if second {
			return n, nil // the first to break says why
		}
		return n, plain(err)
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // it may be closed already
	}
	_ = to.SetReadDeadline(time.Now().Add(p.cfg.Linger))
	return n, nil
}

// plain is an error without the addresses that package net puts around it.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
