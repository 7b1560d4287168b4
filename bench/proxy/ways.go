package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

// way is one way from the load generator to the backend.
type way struct {
	name   string
	addr   string
	conns  int // measured with hello at so many connections only; 0: all
	procs  []*rig.Process
	idle   int64 // resident bytes before any load, and after all of it
	loaded int64
}

func (w *way) stop() {
	for _, p := range w.procs {
		p.Stop(3 * time.Second)
	}
}

// resident is what the way's processes hold, with the processes below them.
func (w *way) resident() (sum int64) {
	for _, p := range w.procs {
		for _, pid := range append(below(p.PID), p.PID) {
			if n, err := rig.Resident(pid); err == nil {
				sum += n
			}
		}
	}
	return sum
}

func below(pid int) (pids []int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for text := range strings.FieldsSeq(string(b)) {
		var child int
		if _, err := fmt.Sscan(text, &child); err == nil {
			pids = append(append(pids, child), below(child)...)
		}
	}
	return pids
}

// startBackend starts the worker behind all ways.
func startBackend(ctx context.Context, stage *rig.Stage) (*backend, error) {
	ahead, err := stage.Build("./bench/proxy/ahead", "ahead")
	if err != nil {
		return nil, err
	}
	p, addr, err := startListening(ctx, ahead, "-kind", "backend")
	if err != nil {
		return nil, err
	}
	return &backend{p, addr, ahead}, nil
}

type backend struct {
	*rig.Process
	addr    string
	program string // which is the Go proxies too
}

// startNginx starts an nginx as a proxy.
func startNginx(ctx context.Context, stage *rig.Stage, workers int, upstream string) (*rig.Process, string, error) {
	port, err := rig.FreePort()
	if err != nil {
		return nil, "", err
	}
	dir, err := stage.Scratch("nginx")
	if err != nil {
		return nil, "", err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	conf := fmt.Sprintf(`
user root;
worker_processes %d;
daemon off;
pid %s/pid;
error_log stderr error;
events { worker_connections 4096; }
http {
	access_log off;
	keepalive_requests 1000000000;
	keepalive_timeout 600s;
	client_body_temp_path %s/body;
	proxy_temp_path %s/temp;
	fastcgi_temp_path %s/f;
	uwsgi_temp_path %s/u;
	scgi_temp_path %s/s;
	%s
	server {
		listen %s reuseport;
		%s
	}
}
`, workers, dir, dir, dir, dir, dir, dir, nginxUpstream(upstream), addr, nginxProxy)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, "", fmt.Errorf("configure nginx: %w", err)
	}
	p, err := rig.Start(rig.Command{Args: []string{"nginx", "-p", dir, "-c", file, "-e", "stderr"}, Output: os.Stderr})
	if err != nil {
		return nil, "", err
	}
	return p, addr, rig.WaitOK(ctx, "http://"+addr+"/hello", 10*time.Second, p)
}

// nginxProxy are the directives of nginx as a keep-alive proxy. Bodies are not
// written to disk first: that would halve its figures for them.
const nginxProxy = `
		client_max_body_size 0;
		location / {
			proxy_pass http://up;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_request_buffering off;
			proxy_max_temp_file_size 0;
		}`

func nginxUpstream(addr string) string {
	return "upstream up { server " + addr + "; keepalive 256; keepalive_requests 1000000000; }"
}

// startWays starts all proxies. What it returns is to be stopped, even with an
// error.
func startWays(ctx context.Context, stage *rig.Stage, b *backend, s settings) (ways []*way, err error) {
	wanted := func(name string) bool {
		return s.only == "" || slices.Contains(strings.Split(s.only, ","), name)
	}
	add := func(name string, start func() (*rig.Process, string, error)) {
		if err != nil || !wanted(name) {
			return
		}
		var w way
		var p *rig.Process
		if p, w.addr, err = start(); p != nil {
			w.name, w.procs = name, []*rig.Process{p}
			ways = append(ways, &w)
		}
		if err != nil {
			err = fmt.Errorf("start %s: %w", name, err)
		}
	}
	if wanted("direct") {
		ways = append(ways, &way{name: "direct", addr: b.addr})
	}
	for _, workers := range []int{1, 2} {
		add(fmt.Sprintf("nginx-%d", workers), func() (*rig.Process, string, error) {
			return startNginx(ctx, stage, workers, b.addr)
		})
	}
	add("haproxy", func() (*rig.Process, string, error) { return startHaproxy(ctx, stage, b.addr) })
	add("reverseproxy", func() (*rig.Process, string, error) {
		return startListening(ctx, b.program, "-kind", "reverseproxy", "-backend", b.addr)
	})
	add("stanch", func() (*rig.Process, string, error) {
		return startListening(ctx, b.program, "-kind", "stanch", "-backend", b.addr, "-profile", s.profile)
	})
	if wanted("stanch-run") {
		if w, runErr := startRun(ctx, stage, b); runErr == nil {
			ways = append(ways, w)
		} else {
			fmt.Fprintln(os.Stderr, "stanch run is left out:", runErr)
		}
	}
	return ways, err
}

func startListening(ctx context.Context, program string, args ...string) (*rig.Process, string, error) {
	port, err := rig.FreePort()
	if err != nil {
		return nil, "", err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	p, err := rig.Start(rig.Command{Args: append([]string{program, "-listen", addr}, args...), Output: os.Stderr})
	if err != nil {
		return nil, "", err
	}
	return p, addr, rig.WaitOK(ctx, "http://"+addr+"/hello", 10*time.Second, p)
}

func startHaproxy(ctx context.Context, stage *rig.Stage, backend string) (*rig.Process, string, error) {
	port, err := rig.FreePort()
	if err != nil {
		return nil, "", err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	file := filepath.Join(stage.Dir, "haproxy.cfg")
	conf := fmt.Sprintf(`
global
	maxconn 4096
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	option forwardfor
	http-reuse always
frontend in
	bind %s
	default_backend out
backend out
	server one %s pool-max-conn 512
`, addr, backend)
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, "", fmt.Errorf("configure haproxy: %w", err)
	}
	p, err := rig.Start(rig.Command{Args: []string{"haproxy", "-db", "-q", "-f", file}, Output: os.Stderr})
	if err != nil {
		return nil, "", err
	}
	return p, addr, rig.WaitOK(ctx, "http://"+addr+"/hello", 10*time.Second, p)
}

// startRun starts stanch run with a backend of its own as its worker.
func startRun(ctx context.Context, stage *rig.Stage, b *backend) (*way, error) {
	program, err := stage.Build("./cmd/stanch", "stanch")
	if err != nil {
		return nil, err
	}
	st, err := stage.StartStanch(ctx, program, rig.Options{Command: rig.Command{
		Args: []string{b.program, "-kind", "backend", "-listen", "127.0.0.1:{port}"}, Output: os.Stderr,
	}})
	if err != nil {
		return nil, err
	}
	return &way{name: "stanch-run", addr: st.Address, procs: []*rig.Process{st.Process}}, nil
}
