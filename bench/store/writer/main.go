// Command writer is one of the contenders of bench/store: it writes rows of requests in one of our ways, and waits to be ended.
//
// It is a program of its own, so that what is measured of it, memory and
// processor time, is the writing and the making of rows, and nothing of the
// bench. The way "none" only makes them. Begin with ways.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/telemetry/requests"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// way is how rows get to the disk.
type way interface {
	add(at int64, row []byte) error
	sync() error // all that was added is on disk
	close() error
}

var ways = map[string]func(dir string) (way, error){"frames": openFrames, "ndjson": openPlain, "none": openNone}

func main() {
	name := flag.String("way", "frames", "frames, ndjson or none")
	dir := flag.String("dir", "", "where to write")
	rate := flag.Int("rate", 5000, "rows a second; 0 for as many as go, and a line for every sync")
	seconds := flag.Int("seconds", 60, "for how long")
	flag.Parse()
	if err := run(*name, *dir, *rate, *seconds); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(name, dir string, rate, seconds int) error {
	open, ok := ways[name]
	if !ok {
		return fmt.Errorf("there is no way %q", name)
	}
	w, err := open(dir)
	if err != nil {
		return err
	}
	plan := requests.DefaultPlan(5000 * 3600)
	plan.From, plan.Span = time.Now(), time.Hour // 5,000 a second, from now on
	stream := requests.New(plan)
	if rate == 0 {
		return hurry(w, stream)
	}
	// A hundred times a second what has become due.
	begin, written, bytes := time.Now(), 0, int64(0)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for total := rate * seconds; written < total; {
		<-tick.C
		for due := min(total, int(time.Since(begin).Seconds()*float64(rate))); written < due; written++ {
			at, _, row := stream.Next()
			bytes += int64(len(row)) + 1
			if err := w.add(at, row); err != nil {
				return err
			}
		}
	}
	if err := w.sync(); err != nil {
		return err
	}
	fmt.Println("done", written, bytes)
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	return w.close()
}

// hurry writes until it is killed, and tells after every sync how many rows are
// safe. Between two syncs goes no more than a store takes without losing rows.
func hurry(w way, stream *requests.Stream) error {
	for n := 0; ; {
		for range 3000 {
			at, _, row := stream.Next()
			if err := w.add(at, row); err != nil {
				return err
			}
			n++
		}
		if err := w.sync(); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

type frames struct{ w *store.Writer }

func openFrames(dir string) (way, error) {
	w, err := store.Open(dir, store.Options{Writer: "bench", Tell: func(m string) { fmt.Println(m) }})
	return frames{w}, err
}

func (f frames) add(at int64, row []byte) error { return f.w.Append("requests", at, row) }
func (f frames) close() error                   { return f.w.Close() }
func (f frames) sync() error {
	err := f.w.Sync(context.Background())
	if lost := f.w.Lost(); err == nil && lost > 0 {
		err = fmt.Errorf("%d rows were lost", lost)
	}
	return err
}

// plain is NDJSON in one file, synced each second. Each write ends with a line,
// so that only a write that is itself cut tears one.
type plain struct {
	file   *os.File
	buffer []byte
	synced time.Time
}

func openPlain(dir string) (way, error) {
	f, err := os.OpenFile(filepath.Join(dir, "requests.ndjson"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return &plain{file: f, synced: time.Now()}, err
}

func (p *plain) add(_ int64, row []byte) error {
	p.buffer = append(append(p.buffer, row...), '\n')
	if time.Since(p.synced) >= time.Second {
		return p.sync()
	}
	if len(p.buffer) >= 64<<10 {
		return p.flush()
	}
	return nil
}

func (p *plain) flush() error {
	_, err := p.file.Write(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}

func (p *plain) sync() error {
	p.synced = time.Now()
	if err := p.flush(); err != nil {
		return err
	}
	return syscall.Fdatasync(int(p.file.Fd()))
}

func (p *plain) close() error { return p.file.Close() }

// none makes the rows and drops them.
type none struct{ bytes int }

func openNone(string) (way, error) { return &none{}, nil }

func (n *none) add(_ int64, row []byte) error { n.bytes += len(row); return nil }
func (n *none) sync() error                   { return nil }
func (n *none) close() error                  { return nil }
