package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

// load is what one measurement sends.
type load struct {
	name   string
	path   string
	conns  int
	bytes  int64  // of each body; then the figure is MB/s
	script string // for wrk; empty for plain GET
}

func loads(stage *rig.Stage) []load {
	post := filepath.Join(stage.Dir, "post.lua")
	// The stage is ours alone; a write that fails shows as a wrk that fails.
	_ = os.WriteFile(post, []byte("wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", 1024*1024)\n"), 0o644)
	return []load{
		{name: "hello-32", path: "/hello", conns: 32},
		{name: "hello-256", path: "/hello", conns: 256},
		{name: "post-1mib", path: "/post", conns: 8, bytes: 1 << 20, script: post},
		{name: "get-10mib", path: "/large", conns: 4, bytes: 10 << 20},
	}
}

// result is one measurement.
type result struct {
	rate     float64 // requests a second
	mbs      float64 // MB/s of bodies; 0 for hello
	p50, p99 float64 // milliseconds
	errors   int     // answers other than 2xx, and broken connections
}

func (r result) String() string {
	text := fmt.Sprintf("%8.0f req/s  p50 %6.2f  p99 %6.2f ms", r.rate, r.p50, r.p99)
	if r.mbs > 0 {
		text += fmt.Sprintf("  %6.0f MB/s", r.mbs)
	}
	if r.errors > 0 {
		text += fmt.Sprintf("  %d ERRORS", r.errors)
	}
	return text
}

func (l load) run(ctx context.Context, addr string, length time.Duration) (result, error) {
	args := []string{"-t1", fmt.Sprintf("-c%d", l.conns), fmt.Sprintf("-d%ds", max(1, int(length.Seconds()))), "--latency"}
	if l.script != "" {
		args = append(args, "-s", l.script)
	}
	out, err := exec.CommandContext(ctx, "wrk", append(args, "http://"+addr+l.path)...).CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	return l.parse(string(out))
}

var (
	rateLine   = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p50Line    = regexp.MustCompile(`\n\s+50%\s+([\d.]+)(us|ms|s)`)
	p99Line    = regexp.MustCompile(`\n\s+99%\s+([\d.]+)(us|ms|s)`)
	badLine    = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	socketLine = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
)

// parse reads what wrk prints.
func (l load) parse(text string) (r result, err error) {
	m := rateLine.FindStringSubmatch(text)
	if m == nil {
		return r, errors.New("wrk printed no rate:\n" + text)
	}
	if r.rate, err = strconv.ParseFloat(m[1], 64); err != nil {
		return r, fmt.Errorf("read wrk's rate: %w", err)
	}
	r.p50, r.p99 = millis(p50Line.FindStringSubmatch(text)), millis(p99Line.FindStringSubmatch(text))
	for _, line := range []*regexp.Regexp{badLine, socketLine} {
		if m := line.FindStringSubmatch(text); m != nil {
			for _, digits := range m[1:] {
				n, _ := strconv.Atoi(digits) // the expression takes digits only
				r.errors += n
			}
		}
	}
	r.mbs = r.rate * float64(l.bytes) / 1e6
	return r, nil
}

func millis(m []string) float64 {
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(m[1], 64)
	return n * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[m[2]]
}
