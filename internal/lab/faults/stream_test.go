package faults_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/faults"
)

// echo is a dependency that is not HTTP: it says what it hears.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Wait()
	})
	return l.Addr().String()
}

func dial(t *testing.T, p *faults.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// visit says hello on a connection of its own, which may be reset at any time.
func visit(p *faults.Proxy) error {
	conn, err := net.Dial("tcp", p.Address())
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	return say(conn, "hello")
}

// say sends a text and waits for its echo.
func say(conn net.Conn, text string) error {
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	_, err := until(conn, text, patience)
	return err
}

func TestBytesPassAsTheyAreUntilBothSidesHaveEnded(t *testing.T) {
	const delay = 200 * time.Millisecond
	p := before(t, echo(t))
	p.Set(&lab.Fault{Kind: lab.Slow, Delay: delay, Share: 1})
	conn := dial(t, p)
	sent := make([]byte, 8<<20)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(sent)
	began := time.Now()
	_ = conn.SetDeadline(began.Add(time.Minute))
	var writing sync.WaitGroup
	writing.Go(func() {
		if _, err := conn.Write(sent); err != nil {
			t.Errorf("write: %v", err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Errorf("end: %v", err)
		}
	})
	got, err := io.ReadAll(conn)
	writing.Wait()
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("the echo of %d bytes is %d bytes, %v", len(sent), len(got), err)
	}
	// 256 pieces, each late by itself, would take 51 s.
	if took := time.Since(began); took < delay || took > 25*time.Second {
		t.Errorf("8 MiB with a delay of %v took %v", delay, took)
	}
}

func TestAFailingDependencyResetsItsConnections(t *testing.T) {
	p := before(t, echo(t))
	old := dial(t, p)
	if err := say(old, "hello"); err != nil {
		t.Fatal(err)
	}
	p.Set(&lab.Fault{Kind: lab.Failing, Share: 1})
	if _, err := old.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection that was open: %v, want a reset", err)
	}
	if err := visit(p); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a new connection: %v, want a reset", err)
	}
	p.Set(nil)
	if err := say(dial(t, p), "hello"); err != nil {
		t.Errorf("a connection after the fault: %v", err)
	}
	if got, want := p.Calls(), (faults.Calls{All: 3, Ill: 2}); got != want {
		t.Errorf("Calls = %+v, want %+v", got, want)
	}
}

func TestOpenConnectionsAndNewOnesStallWhileItIsDown(t *testing.T) {
	p := before(t, echo(t))
	old := dial(t, p)
	if err := say(old, "hello"); err != nil {
		t.Fatal(err)
	}
	p.Set(&lab.Fault{Kind: lab.Down, Share: 1})
	conns := map[string]net.Conn{"an open connection": old, "a new connection": dial(t, p)}
	for why, conn := range conns {
		if _, err := io.WriteString(conn, "anybody?"); err != nil {
			t.Fatalf("%s: %v", why, err)
		}
		if got, err := until(conn, "anybody?", 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s says %q, %v while the dependency is down", why, got, err)
		}
	}
	p.Set(nil)
	for why, conn := range conns {
		if got, err := until(conn, "anybody?", patience); err != nil {
			t.Errorf("%s says %q, %v when it is back, want the echo", why, got, err)
		}
	}
}

func TestASlowConnectionAnswersEachTimeLater(t *testing.T) {
	p := before(t, echo(t))
	conn := dial(t, p)
	const delay = 60 * time.Millisecond
	p.Set(&lab.Fault{Kind: lab.Slow, Delay: delay, Share: 1})
	for range 3 {
		began := time.Now()
		if err := say(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < delay {
			t.Errorf("an answer took %v, want %v at least", took, delay)
		}
	}
}

func TestAShareOfConnectionsIsBefallen(t *testing.T) {
	p := before(t, echo(t))
	p.Set(&lab.Fault{Kind: lab.Failing, Share: 0.5})
	ill := 0
	const n = 200
	for range n {
		if err := visit(p); err != nil {
			ill++
		}
	}
	if ill < n/2-35 || ill > n/2+35 || p.Calls() != (faults.Calls{All: n, Ill: int64(ill)}) {
		t.Errorf("%d of %d connections were reset, want about half; Calls = %+v", ill, n, p.Calls())
	}
}
