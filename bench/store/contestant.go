package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/bench/telemetry/requests"
)

// contestant is a process that writes rows and says when it has.
type contestant struct {
	*rig.Process
	said *lines
	feed chan error // nil for one that makes its rows by itself
}

// lines takes a process's output and hands on its lines.
type lines struct {
	part []byte
	all  chan string
}

func newLines() *lines { return &lines{all: make(chan string, 1<<16)} }

func (l *lines) Write(b []byte) (int, error) {
	l.part = append(l.part, b...)
	for {
		line, rest, ok := bytes.Cut(l.part, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		select {
		case l.all <- string(line):
		default: // nobody needs so many
		}
		l.part = rest
	}
}

// next is the next line; ok is false when the process has ended and said no more.
func (c *contestant) next(ctx context.Context) (line string, ok bool) {
	select {
	case line := <-c.said.all:
		return line, true
	case <-ctx.Done():
		return "", false
	case <-c.Done:
	}
	select {
	case line := <-c.said.all:
		return line, true
	default:
		return "", false
	}
}

// done waits until the contestant says how many rows it wrote.
func (c *contestant) done(ctx context.Context) (rows int, err error) {
	for {
		line, ok := c.next(ctx)
		if !ok {
			return 0, errors.Join(ctx.Err(), errors.New("it ended before it was done: "+c.Exit()))
		}
		if rest, ok := strings.CutPrefix(line, "done "); ok {
			if c.feed != nil {
				if err := <-c.feed; err != nil {
					return 0, err
				}
			}
			rows, err := strconv.Atoi(strings.Fields(rest)[0])
			return rows, err
		}
		if line != "ready" {
			return 0, fmt.Errorf("it says %q", line)
		}
	}
}

// ours starts one of our own ways.
func (b *bench) ours(_ context.Context, name, dir string) (*contestant, error) {
	return b.write(name, dir, b.rate)
}

func (b *bench) write(name, dir string, rate int) (*contestant, error) {
	said := newLines()
	p, err := rig.Start(rig.Command{Output: said, Args: []string{
		b.writer, "-way", name, "-dir", dir, "-rate", strconv.Itoa(rate), "-seconds", strconv.Itoa(b.seconds),
	}})
	return &contestant{Process: p, said: said}, err
}

// peer starts one of Python's, which receives its rows through a pipe.
func (b *bench) peer(ctx context.Context, name, dir string) (*contestant, error) {
	pipe := filepath.Join(b.stage.Dir, "rows-"+name)
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	said := newLines()
	p, err := rig.Start(rig.Command{Output: said, Args: []string{
		b.python, filepath.Join(b.stage.Root, "bench", "store", "peer.py"), name, pipe, filepath.Join(dir, "requests.db"),
	}})
	if err != nil {
		return nil, err
	}
	c := &contestant{Process: p, said: said, feed: make(chan error, 1)}
	// For reading and writing, so that opening waits for nobody; closed as soon as
	// the peer has opened it, it would be an end.
	to, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		c.Stop(0)
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	if line, ok := c.next(ctx); !ok || line != "ready" {
		c.Stop(0)
		to.Close()
		return nil, fmt.Errorf("the peer says %q: %s", line, c.Exit())
	}
	go func() {
		defer to.Close()
		c.feed <- b.send(ctx, to)
	}()
	return c, nil
}

// send writes the rows as they become due.
func (b *bench) send(ctx context.Context, to *os.File) error {
	plan := requests.DefaultPlan(b.rate * b.seconds)
	plan.From, plan.Span = time.Now(), time.Duration(b.seconds)*time.Second
	stream, begin, sent := requests.New(plan), time.Now(), 0
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	var batch []byte
	for sent < plan.Rows {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		batch = batch[:0]
		for due := min(plan.Rows, int(time.Since(begin).Seconds()*float64(b.rate))); sent < due; sent++ {
			_, _, row := stream.Next()
			batch = append(append(batch, row...), '\n')
		}
		if _, err := to.Write(batch); err != nil {
			return fmt.Errorf("send rows: %w", err)
		}
	}
	return nil
}

// peakResident is the largest resident set that a process had, in bytes.
func peakResident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the peak of resident memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("read the peak of resident memory: there is none in the status")
}

// size is what the files of a directory take together, in bytes.
func size(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
