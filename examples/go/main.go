// Command go is a worker to try stanch on: it serves, and it leaks, spikes, stalls or dies on request.
//
// It is written as an ordinary net/http program, so that what stanch does to
// it is what stanch would do to yours. The same endpoints, flags and
// environment variables exist in ../python and ../node; ../README.md lists
// them, and ../examples_test.go holds all three to one table. Begin with main,
// then memory.go (what leaks) and misbehave.go (what goes wrong).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	port := flag.String("port", env("PORT", "8000"), "port on 127.0.0.1; 0 takes a free one")
	socket := flag.String("socket", env("SOCKET", ""), "Unix socket to listen on, in place of the port")
	leakKB := flag.Int64("leak-kb", number("LEAK_KB"), "KiB that every /work keeps for good")
	flag.Parse()
	if err := run(*port, *socket, *leakKB); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until SIGTERM or SIGINT, then finishes what is in flight.
func run(port, socket string, leakKB int64) error {
	if code := os.Getenv("EXIT_AT_START"); code != "" {
		os.Exit(int(number("EXIT_AT_START")))
	}
	if err := orphan(number("ORPHANS")); err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	if os.Getenv("IGNORE_TERM") == "1" {
		signal.Ignore(syscall.SIGTERM)
	}
	time.Sleep(time.Duration(number("START_MS")) * time.Millisecond)
	if os.Getenv("NEVER_READY") == "1" {
		<-stop.Done()
		return nil
	}

	listener, err := listen(port, socket)
	if err != nil {
		return err
	}
	w := newWorker(listener, leakKB<<10, number("LEAK_STOP_MB")<<20)
	if rate, err := strconv.ParseFloat(env("GROW_MBPS", "0"), 64); err == nil && rate > 0 {
		go w.held.grow(stop, rate)
	}
	server := &http.Server{Handler: w.routes()}
	server.RegisterOnShutdown(w.sockets.leave)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Println("listening on", listener.Addr())

	select {
	case err = <-served:
		if !w.portClosed.Load() {
			return fmt.Errorf("serve: %w", err)
		}
		<-stop.Done() // /closeport: the process lives on without its port
	case <-stop.Done():
	}
	if err := server.Shutdown(context.Background()); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("finish what is in flight: %w", err)
	}
	w.sockets.wait()
	return nil
}

func listen(port, socket string) (net.Listener, error) {
	if socket == "" {
		return net.Listen("tcp", "127.0.0.1:"+port)
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the old socket: %w", err)
	}
	return net.Listen("unix", socket)
}

func env(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// number reads a whole number from the environment; absent and malformed are 0.
func number(name string) int64 {
	n, _ := strconv.ParseInt(os.Getenv(name), 10, 64)
	return n
}
