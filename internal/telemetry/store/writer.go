package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/ndjson"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Options are how a directory is written.
type Options struct {
	// Writer names the writer in its files' names, for people; what tells writers
	// apart is added to it.
	Writer string
	// RetainAge and RetainBytes bound what is kept, whoever wrote it: older
	// segments go, and the oldest of too many. 0 is no bound.
	RetainAge   time.Duration
	RetainBytes int64
	// Tell is called, from a goroutine of the writer's, when rows begin to be lost,
	// when writing goes on, and when a torn segment was repaired. Nil is nobody.
	Tell func(message string)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// maxQueued is how many full frames wait for the disk at most: beyond, the oldest
// are lost, and counted.
const maxQueued = 16

// ErrClosed is a writer that was closed.
var ErrClosed = errors.New("the store's writer is closed")

// Writer appends rows. It is safe for concurrent use, and never waits for the
// disk but in Sync and Close.
type Writer struct {
	dir     string
	options Options
	id      string
	lost    atomic.Int64

	mu      sync.Mutex
	open    map[string]*batch // the frame that a table's rows go into
	queue   []*batch          // frames that are full
	free    []*batch
	closed  bool
	waiting []chan error // Syncs

	wake     chan struct{}
	done     chan struct{}
	segments map[string]*segment // of the flusher
}

// batch is rows that will be a frame.
type batch struct {
	table    string
	raw      []byte
	rows     int64
	from, to int64
}

// Open makes a writer for a directory, which is made if it is not there. Segments
// that a writer left when it was killed are repaired: what is behind their last
// whole frame is cut off.
func Open(dir string, options Options) (*Writer, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Tell == nil {
		options.Tell = func(string) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the store: %w\nhint: the directory of telemetry has to be one that stanch may write to", err)
	}
	if err := writeMarker(dir); err != nil {
		return nil, err
	}
	var unique [4]byte
	if _, err := rand.Read(unique[:]); err != nil {
		return nil, err
	}
	w := &Writer{
		dir: dir, options: options, id: plainWriter(options.Writer) + "." + hex.EncodeToString(unique[:]),
		open: map[string]*batch{}, segments: map[string]*segment{},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	w.tidy()
	go w.run()
	return w, nil
}

// Lost is how many rows could not be written so far.
func (w *Writer) Lost() int64 { return w.lost.Load() }

// Append takes a row of a table: one JSON object, without a line's end; at is its
// time in ticks. It copies the row. It is on disk a second later, or when a Sync
// that began after it has returned; where the disk does not take rows, the oldest
// go first, and are counted in Lost.
func (w *Writer) Append(table string, at int64, row []byte) error {
	if len(row) > MaxRow || !isTableName(table) {
		w.lost.Add(1)
		return fmt.Errorf("a row of %d bytes of the table %.40q can't be kept", len(row), table)
	}
	if len(row) == 0 || bytes.IndexByte(row, '\n') >= 0 {
		w.lost.Add(1)
		return fmt.Errorf("a row of the table %s can't be kept: it is not one line", table)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		w.lost.Add(1)
		return ErrClosed
	}
	b := w.open[table]
	if b != nil && len(b.raw)+len(row)+1 > MaxFrame {
		w.push(b)
		b = nil
	}
	if b == nil {
		b = w.take(table)
		b.from, b.to = at, at
		w.open[table] = b
	}
	b.raw = append(append(b.raw, row...), '\n')
	b.rows++
	b.from, b.to = min(b.from, at), max(b.to, at)
	return nil
}

// take gives an empty batch, one that was written if there is one.
func (w *Writer) take(table string) *batch {
	if n := len(w.free); n > 0 {
		b := w.free[n-1]
		w.free = w.free[:n-1]
		*b = batch{table: table, raw: b.raw[:0]}
		return b
	}
	return &batch{table: table}
}

// push queues a full batch; of too many, the oldest is lost.
func (w *Writer) push(b *batch) {
	if len(w.queue) >= maxQueued {
		oldest := w.queue[0]
		w.queue = append(w.queue[:0], w.queue[1:]...)
		w.lost.Add(oldest.rows)
		w.recycle(oldest)
	}
	w.queue = append(w.queue, b)
	delete(w.open, b.table)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// recycle keeps a batch for later, unless it has grown large.
func (w *Writer) recycle(b *batch) {
	if cap(b.raw) <= 2*MaxFrame && len(w.free) < 4 {
		w.free = append(w.free, b)
	}
}

// Sync waits until all rows that were appended before are on disk, but for those
// that Lost counted before. An error says that some may not be there.
func (w *Writer) Sync(ctx context.Context) error {
	wait := make(chan error, 1)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	w.waiting = append(w.waiting, wait)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	select {
	case err := <-wait:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close writes what there is, and ends. It is safe twice.
func (w *Writer) Close() error {
	wait := make(chan error, 1)
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		<-w.done
		return nil
	}
	w.closed = true
	w.waiting = append(w.waiting, wait)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	<-w.done
	return <-wait
}

// tidy does what is due when a writer begins, and each minute.
func (w *Writer) tidy() {
	now := w.options.Now()
	for _, message := range repair(w.dir, plainWriter(w.options.Writer), now) {
		w.options.Tell(message)
	}
	retain(w.dir, w.options)
	sweep(w.dir, now)
}

// abandon counts what could not be written before the end.
func (w *Writer) abandon() {
	w.mu.Lock()
	defer w.mu.Unlock()
	rows := int64(0)
	for _, b := range w.queue {
		rows += b.rows
	}
	w.queue = nil
	if rows > 0 {
		w.lost.Add(rows)
		w.options.Tell(fmt.Sprintf("telemetry ended before it could be written: %d rows were lost", rows))
	}
}

// run is the flusher: it writes full frames as they come and, once a second, all
// that there is.
func (w *Writer) run() {
	defer close(w.done)
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(MaxFrame), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic(err) // the options are constants
	}
	f := &flusher{w: w, encoder: encoder, tables: map[string]schema.Table{}, orders: map[string]*ndjson.Order{}}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	retained := w.options.Now()
	for {
		all := false
		select {
		case <-w.wake:
		case <-tick.C:
			all = true
		}
		w.mu.Lock()
		waiting, closed := w.waiting, w.closed
		w.waiting = nil
		all = all || len(waiting) > 0
		if all {
			for _, b := range w.open {
				w.push(b)
			}
		}
		w.mu.Unlock()
		err := f.flush()
		if all {
			err = errors.Join(err, f.sync())
			f.rotate(closed)
		}
		if closed {
			w.abandon()
		}
		for _, wait := range waiting {
			wait <- err
		}
		if closed {
			return
		}
		if now := w.options.Now(); now.Sub(retained) > time.Minute {
			retained = now
			w.tidy()
		}
	}
}
