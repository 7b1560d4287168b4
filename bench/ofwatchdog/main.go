// Command ofwatchdog guards a worker in the way of OpenFaaS's of-watchdog: it proxies to one child, and exits when the child does.
//
// It stands in for the original, which can't be had through the Go module
// proxy, and follows version 0.11's http mode in what matters to a count of
// losses: one child started at once; each request copied by an http.Client with
// the original's limits on idle connections, and any failure of it answered
// with 500; a child that ends with an error ends the program with status 1, as
// its log.Fatalf does, with all that is in flight; a child that ends well
// leaves it running with nothing behind; SIGTERM goes to the child at once.
// Whoever wants the child back starts the program again.
//
//	ofwatchdog -listen 127.0.0.1:8080 -upstream http://127.0.0.1:8082 -- python3 worker.py --port 8082
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// The original's defaults.
const (
	execTimeout         = 10 * time.Second
	healthcheckInterval = 10 * time.Second
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "address for clients")
	upstream := flag.String("upstream", "http://127.0.0.1:8082", "where the child listens")
	flag.Parse()
	if err := run(*listen, *upstream, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, upstream string, command []string) error {
	if len(command) == 0 {
		return fmt.Errorf("no command to run\nhint: put it behind two dashes: ofwatchdog -- python3 app.py")
	}
	to, err := url.Parse(upstream)
	if err != nil {
		return fmt.Errorf("read the upstream: %w", err)
	}
	child := exec.Command(command[0], command[1:]...)
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return fmt.Errorf("start the child: %w", err)
	}
	died := make(chan error, 1)
	go func() {
		if err := child.Wait(); err != nil {
			died <- err
		}
	}()
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)

	server := &http.Server{Addr: listen, Handler: &proxy{to: to, client: newClient()}}
	served := make(chan error, 1)
	go func() { served <- server.ListenAndServe() }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case err := <-died:
		return fmt.Errorf("forked function has terminated: %w", err)
	case <-term:
		child.Process.Signal(syscall.SIGTERM)
		time.Sleep(healthcheckInterval) // as the original does before it shuts down
		ctx, cancel := context.WithTimeout(context.Background(), execTimeout)
		defer cancel()
		return server.Shutdown(ctx)
	}
}

func newClient() *http.Client {
	return &http.Client{
		Timeout: execTimeout,
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: execTimeout, KeepAlive: 10 * time.Second}).DialContext,
			MaxIdleConns:        100,
			MaxIdleConnsPerHost: 100,
			IdleConnTimeout:     500 * time.Millisecond,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type proxy struct {
	to     *url.URL
	client *http.Client
}

// ServeHTTP copies one request to the child and its answer back.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = p.to.Scheme, p.to.Host
	res, err := p.client.Do(out)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer res.Body.Close()
	for name, values := range res.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(res.StatusCode)
	io.Copy(w, res.Body)
}
