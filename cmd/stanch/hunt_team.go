package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/drive"
	"github.com/stanch-dev/stanch/internal/hunt/subject"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
)

// team is one side of a hunt: a worker, and what drives it.
type team struct {
	side    hunt.Side
	subject *subject.Subject
	driver  *drive.Driver
	shots   map[string]*drive.Shot // by endpoint's name
	floor   hunt.Floor             // the last one
	deadly  map[string]bool        // endpoints that the worker died of
	printed *lastLines             // of a worker that was started; else nil
}

// parseReady reads when a worker is ready, as run does.
func parseReady(text string) (worker.Ready, error) {
	kind, arg, _ := strings.Cut(text, ":")
	switch {
	case text == "tcp":
		return worker.Ready{}, nil
	case kind == "http" && strings.HasPrefix(arg, "/"):
		return worker.Ready{Path: arg}, nil
	case kind == "log" && arg != "":
		return worker.Ready{Text: arg}, nil
	}
	return worker.Ready{}, fmt.Errorf("--ready %s is none of tcp, http:/path, log:text", text)
}

// roster is the workers of a hunt, and how to let go of them.
type roster struct {
	teams []*team
	ends  []func()
}

// close stops what was started, last first.
func (r *roster) close() {
	for _, end := range slices.Backward(r.ends) {
		end()
	}
	r.ends = nil
}

// roster starts or finds the workers, and asks each endpoint a few times.
func (q *huntRequest) roster(ctx context.Context, w world, c *chosen) (*roster, error) {
	r := &roster{}
	gather := r.attach
	if len(q.command) > 0 {
		gather = r.launch
	}
	err := gather(ctx, w, q, c)
	for _, t := range r.teams {
		t.deadly = map[string]bool{}
		if err == nil {
			err = t.aim(q.drive, c)
		}
		if err == nil {
			err = t.meet(ctx, q, c)
		}
	}
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (q *huntRequest) looking() subject.Config {
	return subject.Config{Heap: q.metrics, Collect: q.collect}
}

// attach finds the worker that runs.
func (r *roster) attach(ctx context.Context, _ world, q *huntRequest, c *chosen) error {
	if c.base == "" {
		return usage(errors.New("nothing says where the worker is"), "give the endpoints as URLs, or --at http://127.0.0.1:8000, or the worker's command after --")
	}
	s, err := subject.Attach(ctx, subject.Running{
		Base: c.base, PID: q.pid, Container: q.container, Stanch: q.stanch, Metrics: q.metrics != "",
	}, q.looking())
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	r.ends = append(r.ends, s.Close)
	r.teams = append(r.teams, &team{side: hunt.SideA, subject: s})
	return nil
}

// launch starts the worker, and the one that it is compared with.
func (r *roster) launch(ctx context.Context, w world, q *huntRequest, c *chosen) error {
	if c.base != "" {
		return usage(errors.New("the endpoints are at an address of their own, and a command is given too"), "with a command, endpoints are paths: stanch hunt /orders -- command")
	}
	host, err := process.NewHost(process.HostConfig{Sentinel: os.Getpid() != 1})
	if err != nil {
		return err
	}
	r.ends = append(r.ends, host.Close)
	ready, err := parseReady(q.ready)
	if err != nil {
		return err
	}
	sides := []hunt.Side{hunt.SideA, hunt.SideB}
	commands := [][]string{q.command}
	if q.vs != "" {
		commands = append(commands, []string{"sh", "-c", q.vs})
	}
	for i, command := range commands {
		printed := &lastLines{}
		s, err := subject.Launch(ctx, host, subject.Command{
			Args: command, Env: w.environ, Port: q.port, Ready: ready,
			StartTime: q.start, StopGrace: 10 * time.Second, Output: printed.add,
		}, q.looking())
		if err != nil {
			return printed.explain(ctx, err)
		}
		r.ends = append(r.ends, s.Close)
		r.teams = append(r.teams, &team{side: sides[i], subject: s, printed: printed})
	}
	return nil
}

// aim makes the driver for where the worker is now.
func (t *team) aim(cfg drive.Config, c *chosen) error {
	d, err := drive.New(t.subject.Base(), cfg)
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	t.driver, t.shots = d, map[string]*drive.Shot{}
	for _, e := range c.all {
		shot, err := d.Shot(e.Request)
		if err != nil {
			return &codedError{code: exitUsage, err: fmt.Errorf("%s: %w", e.Name(), err)}
		}
		t.shots[e.Name()] = shot
	}
	return nil
}

// meet asks each endpoint a few times before the hunt begins, so that a mistake is
// told at once. A worker that dies of it is started anew: that is for the hunt to
// find.
func (t *team) meet(ctx context.Context, q *huntRequest, c *chosen) error {
	for _, e := range append(c.all[:0:0], c.all...) {
		o := t.driver.Block(ctx, drive.Block{Shot: t.shots[e.Name()], Requests: 4, Number: 1 << 62})
		if err := ctx.Err(); err != nil {
			return &codedError{code: exitUndecided, err: errors.New("interrupted before the first block: nothing is known")}
		}
		if o.Answered() == 0 {
			if !t.subject.Launched() || !t.subject.Died() {
				return usage(fmt.Errorf("the worker at %s can't be reached: %s", t.subject.Base(), o.Failures()), "is it running, and is the address right?")
			}
			t.deadly[e.Name()] = true
			if err := t.subject.Revive(ctx); err != nil {
				return t.printed.explain(ctx, err)
			}
			if err := t.aim(q.drive, c); err != nil {
				return err
			}
			continue
		}
		status, _ := o.Main()
		hint := ""
		switch status {
		case 401, 403:
			hint = "it wants to know who asks: --header 'Authorization: …'"
		case 404, 410:
			hint = "is it right? With parameters, --key id=… names values that exist"
		case 405:
			hint = "is the method right? It is written before the path, as 'POST /orders'"
		default:
			if status >= 400 {
				c.notes = append(c.notes, fmt.Sprintf("%s answers %d: what is driven is its refusal", e.Name(), status))
			}
			continue
		}
		if c.byHand[e.Name()] {
			return usage(fmt.Errorf("the endpoint %s answers %d", e.Name(), status), "%s", hint)
		}
		c.drop(e.Name(), fmt.Sprintf("it answers %d", status))
	}
	if len(c.all) == 0 {
		return usage(fmt.Errorf("no endpoint is left to drive: %s", strings.Join(c.notes, "; ")), "name values that exist with --key, or endpoints by hand")
	}
	return nil
}

// lastLines keeps the end of what a worker prints.
type lastLines struct {
	mu    sync.Mutex
	lines []string
}

const keptLines = 10

func (l *lastLines) add(_ string, _ process.Stream, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) == keptLines {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, string(line[:min(len(line), 200)]))
}

// explain is the error of a worker that did not start, with its last lines.
func (l *lastLines) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &codedError{code: exitUndecided, err: errors.New("interrupted before the first block: nothing is known")}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	text := err.Error()
	for _, line := range l.lines {
		text += "\n\t" + line
	}
	return &codedError{code: exitUsage, err: errors.New(text)}
}
