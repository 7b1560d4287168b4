package faults_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // locks the file store's database

	"github.com/stanch-dev/stanch/internal/work/store/azurite"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
)

// depot is a store of work whose server can be ended. Its methods are for
// one goroutine at a time.
type depot interface {
	// own is the connection of the test itself, which no proxy is before.
	own() string
	// host is the connection of a host.
	host(i int) string
	// proxy is what is before the store for a host; nil for nothing.
	proxy(i int) *proxy
	// fell ends the server, hard where it may be, and lift brings it back.
	fell()
	lift()
	// vanish makes the store unreachable until lift.
	vanish()
}

// azureDepot is Azurite behind a proxy for each host. Azurite writes what it has
// acknowledged to the disk every five seconds, so that a SIGKILL loses messages,
// by its own design: it is ended by SIGTERM.
type azureDepot struct {
	t     *testing.T
	rig   *azurite.Rig
	front []*proxy
}

func newAzure(t *testing.T, hosts int) depot {
	a := &azureDepot{t: t, rig: azurite.New(t)}
	for range hosts {
		a.front = append(a.front, newProxy(t, a.rig))
	}
	return a
}

func (a *azureDepot) own() string { return a.rig.Connection() }

func (a *azureDepot) host(i int) string { return a.front[i].connection() }

func (a *azureDepot) proxy(i int) *proxy { return a.front[i] }

func (a *azureDepot) fell() {
	if err := a.rig.Stop(); err != nil {
		a.t.Errorf("stop Azurite: %v", err)
	}
}

func (a *azureDepot) vanish() {
	for _, p := range a.front {
		p.set("down")
	}
}

func (a *azureDepot) lift() {
	for _, p := range a.front {
		p.set("")
	}
	if err := a.rig.Again(a.t.Context()); err != nil {
		a.t.Errorf("start Azurite again: %v", err)
	}
}

// natsDepot is a cluster of three; the node that leads the queue is killed.
type natsDepot struct {
	t   *testing.T
	rig *natsrig.Rig
}

const nodes = 3

func newNATS(t *testing.T, _ int) depot {
	return &natsDepot{t, natsrig.New(t, nodes, natsrig.Options{})}
}

func (n *natsDepot) own() string      { return n.rig.URL() + "?replicas=3" }
func (n *natsDepot) host(int) string  { return n.own() }
func (n *natsDepot) proxy(int) *proxy { return nil }

func (n *natsDepot) fell() { n.rig.Kill(n.rig.Leader("stanch-queue-jobs")) }

func (n *natsDepot) vanish() {
	for i := range nodes {
		n.rig.Stop(i) // not killed: without Sync, all three at once may forget
	}
}

func (n *natsDepot) lift() {
	for i := range nodes {
		n.rig.Start(i)
	}
	n.rig.Settle("stanch-queue-jobs")
}

// fileDepot is a directory. It has no server: what stands for its failure is a
// lock on its database which is held for longer than anybody waits.
type fileDepot struct {
	t    *testing.T
	dir  string
	lock *sql.DB
	conn *sql.Conn
}

func newFile(t *testing.T, _ int) depot {
	return &fileDepot{t: t, dir: filepath.Join(t.TempDir(), "work")}
}

func (f *fileDepot) own() string      { return "file:" + f.dir }
func (f *fileDepot) host(int) string  { return f.own() }
func (f *fileDepot) proxy(int) *proxy { return nil }
func (f *fileDepot) fell()            { f.vanish() }

func (f *fileDepot) vanish() {
	if f.conn != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var err error
	if f.lock, err = sql.Open("sqlite", filepath.Join(f.dir, "work.db")+"?_pragma=busy_timeout(20000)"); err != nil {
		f.t.Fatal(err)
	}
	if f.conn, err = f.lock.Conn(ctx); err == nil {
		_, err = f.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	}
	if err != nil {
		f.t.Fatalf("lock the database: %v", err)
	}
}

func (f *fileDepot) lift() {
	if f.conn == nil {
		return
	}
	_, err := f.conn.ExecContext(context.Background(), "ROLLBACK")
	if err = errors.Join(err, f.conn.Close(), f.lock.Close()); err != nil && !errors.Is(err, os.ErrClosed) {
		f.t.Fatalf("unlock the database: %v", err)
	}
	f.conn = nil
}
