// Package natsrig runs real NATS servers for tests: one, or a cluster of three, each a process of its own on free ports of 127.0.0.1.
//
// A node is this test's own program, started again to be a server; so it can be
// killed as the kernel would kill it, while the test goes on. TestMain gives
// [Play] the word first. Begin with [New].
package natsrig

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// role is the variable that tells this program to be a node.
const role = "STANCH_NATSRIG_NODE"

// patience bounds every wait: electing leaders takes a new cluster some seconds.
const patience = time.Minute

// plan is what a node is told.
type plan struct {
	Name   string
	Port   int
	Route  int // where other nodes call; 0 for one that is alone
	Routes []string
	Dir    string
	Sync   bool
}

// Play makes this process a server if it was started as one, until the test that
// started it ends or kills it. It returns false at once in a test's own process.
func Play() bool {
	text := os.Getenv(role)
	if text == "" {
		return false
	}
	if err := play(text); err != nil {
		fmt.Println("node:", err)
	}
	return true
}

func play(text string) error {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	o := &server.Options{
		ServerName: p.Name, Host: "127.0.0.1", Port: p.Port, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: p.Dir, SyncAlways: p.Sync,
	}
	if p.Route > 0 {
		o.Cluster = server.ClusterOpts{Name: "rig", Host: "127.0.0.1", Port: p.Route}
		for _, route := range p.Routes {
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: route})
		}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		return fmt.Errorf("%s is not ready", p.Name)
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin) // ends when the test does
	s.Shutdown()
	s.WaitForShutdown()
	return err
}

// Rig is a cluster for one test. Its methods are for the test's goroutine.
type Rig struct {
	t     testing.TB
	nodes []*node
}

type node struct {
	plan plan
	cmd  *exec.Cmd
	stop io.Closer
}

// Options say what a rig's nodes do.
type Options struct {
	Sync bool // force every write to the disk
}

// New starts a rig of 1 or 3 nodes, waits until it takes streams of as many
// replicas, and ends it with the test.
func New(t testing.TB, nodes int, o Options) *Rig {
	t.Helper()
	r := &Rig{t: t}
	ports := free(t, 2*nodes)
	var routes []string
	for _, port := range ports[nodes:] {
		routes = append(routes, fmt.Sprintf("127.0.0.1:%d", port))
	}
	dir := t.TempDir()
	for i := range nodes {
		p := plan{Name: fmt.Sprintf("node%d", i), Port: ports[i], Dir: filepath.Join(dir, fmt.Sprint(i)), Sync: o.Sync}
		if nodes > 1 {
			p.Route, p.Routes = ports[nodes+i], routes
		}
		r.nodes = append(r.nodes, &node{plan: p})
	}
	t.Cleanup(func() {
		for i := range nodes {
			r.Stop(i)
		}
	})
	for i := range nodes {
		r.Start(i)
	}
	r.await()
	return r
}

// free are ports that nobody listens on. They are taken all at once, so that none
// comes twice.
func free(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// Start runs a node that is down, on the data that it had.
func (r *Rig) Start(i int) {
	r.t.Helper()
	n := r.nodes[i]
	if n.cmd != nil {
		return
	}
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := json.Marshal(n.plan)
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), role+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	n.cmd, n.stop = cmd, in
	if line, err := bufio.NewReader(out).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		r.t.Fatalf("%s says %q, %v; want ready", n.plan.Name, line, err)
	}
}

// Stop lets a node write what it holds, and waits until it is gone.
func (r *Rig) Stop(i int) {
	n := r.nodes[i]
	if n.cmd == nil {
		return
	}
	_ = n.stop.Close()
	_ = n.cmd.Wait() // how it ended is no concern of the test
	n.cmd = nil
}

// Kill ends a node by SIGKILL.
func (r *Rig) Kill(i int) {
	n := r.nodes[i]
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
	n.cmd = nil
}

// URL names all nodes.
func (r *Rig) URL() string {
	var all []string
	for _, n := range r.nodes {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", n.plan.Port))
	}
	return strings.Join(all, ",")
}

// Leader is the node that leads a stream.
func (r *Rig) Leader(stream string) int {
	r.t.Helper()
	at := -1
	r.ask("the leader of "+stream, func(ctx context.Context, js jetstream.JetStream) error {
		s, err := js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		info := s.CachedInfo()
		if info.Cluster == nil {
			at = 0
			return nil
		}
		for i, n := range r.nodes {
			if n.plan.Name == info.Cluster.Leader {
				at = i
				return nil
			}
		}
		return fmt.Errorf("%q leads it", info.Cluster.Leader)
	})
	return at
}

// Settle waits until all nodes that keep a stream have all of it.
func (r *Rig) Settle(stream string) {
	r.t.Helper()
	r.ask("the replicas of "+stream, func(ctx context.Context, js jetstream.JetStream) error {
		s, err := js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		if c := s.CachedInfo().Cluster; c != nil {
			for _, peer := range c.Replicas {
				if peer.Offline || !peer.Current {
					return fmt.Errorf("%s is not current", peer.Name)
				}
			}
		}
		return nil
	})
}

// await waits until the cluster can keep a stream on all of its nodes.
func (r *Rig) await() {
	r.t.Helper()
	r.ask("a stream of its own", func(ctx context.Context, js jetstream.JetStream) error {
		_, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "rig", Subjects: []string{"rig"}, Replicas: len(r.nodes)})
		if err != nil {
			return err
		}
		return js.DeleteStream(ctx, "rig")
	})
}

// ask tries until the cluster answers.
func (r *Rig) ask(what string, do func(context.Context, jetstream.JetStream) error) {
	r.t.Helper()
	conn, err := nats.Connect(r.URL(), nats.MaxReconnects(-1), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		once, done := context.WithTimeout(ctx, 2*time.Second)
		err = do(once, js)
		done()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			r.t.Fatalf("%s: %v", what, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
