package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/rows"
)

// flushEvery is how long a row waits at most. It is written then, and not synced: the
// death of the lab takes nothing with it, while a sync a second would be input and
// output beside the worker that is measured. Files are synced when the run is closed.
const flushEvery = 250 * time.Millisecond

// RunWriter writes the folder of one run. It is safe for concurrent use. The first error
// stays: nothing is taken after it, and [RunWriter.Err] and [RunWriter.Close] tell it.
type RunWriter struct {
	writer  *Writer
	number  int
	samples *growing[lab.Sample]
	sent    *growing[lab.Sent]
	events  *growing[lab.Event]

	end   chan struct{}
	ended sync.WaitGroup
	once  sync.Once

	taking sync.RWMutex // held to read while a row is taken, so that none comes behind the last flush
	closed bool

	mu  sync.Mutex
	err error
}

func startRun(w *Writer, number int) (r *RunWriter, err error) {
	r = &RunWriter{writer: w, number: number, end: make(chan struct{})}
	dir := runDir(number)
	r.samples, err = grow(w.root, dir, samplesName, rows.Samples())
	if err != nil {
		return nil, err
	}
	if r.sent, err = grow(w.root, dir, sentName, rows.Sent()); err != nil {
		return nil, errors.Join(err, r.samples.close())
	}
	if r.events, err = grow(w.root, dir, eventsName, rows.Events()); err != nil {
		return nil, errors.Join(err, r.samples.close(), r.sent.close())
	}
	r.ended.Go(r.write)
	return r, nil
}

// Dir is the run's folder.
func (r *RunWriter) Dir() string {
	return filepath.Join(r.writer.dir, filepath.FromSlash(runDir(r.number)))
}

// Telemetry is the folder that stanch run records in. It makes it by itself.
func (r *RunWriter) Telemetry() string { return filepath.Join(r.Dir(), telemetryName) }

// Log is the file that the worker's lines go to. It is not there yet.
func (r *RunWriter) Log() string { return filepath.Join(r.Dir(), logName) }

// Sample takes a look at the worker. It is no earlier than the one before.
func (r *RunWriter) Sample(s lab.Sample) { take(r, r.samples, s) }

// Sent takes an arrival that is over, in whatever order.
func (r *RunWriter) Sent(s lab.Sent) { take(r, r.sent, s) }

// Event takes an event. Its text is cut at 8 KiB.
func (r *RunWriter) Event(e lab.Event) { take(r, r.events, e) }

func take[T any](r *RunWriter, file *growing[T], row T) {
	r.taking.RLock()
	defer r.taking.RUnlock()
	switch {
	case r.Err() != nil: // the run is spoilt, and its lab is told
	case r.closed:
		r.fail(fmt.Errorf("write a row of %s: the run is closed", file.name))
	default:
		r.fail(file.add(row))
	}
}

// Err is the first thing that could not be written, nil if there is none. The run is
// worth nothing then.
func (r *RunWriter) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *RunWriter) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("run %d: %w", r.number, err)
	}
}

// write is the goroutine that writes what came.
func (r *RunWriter) write() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.flush()
		case <-r.end:
			return
		}
	}
}

func (r *RunWriter) flush() {
	r.fail(cmp.Or(r.events.flush(), r.samples.flush(), r.sent.flush()))
}

// Begin writes what is known of a run before it has ended, so that one that was killed
// can be told from the others. It may be called again when more is known, such as the
// moment that seconds count from.
func (r *RunWriter) Begin(record lab.Record) error {
	record.Finished, record.Why = false, ""
	err := r.head(record)
	r.fail(err)
	return err
}

func (r *RunWriter) head(record lab.Record) error {
	if record.Number != r.number {
		return fmt.Errorf("it is said to be run %d", record.Number)
	}
	text, err := encodeHead(record)
	if err != nil {
		return err
	}
	return replace(r.writer.root, path.Join(runDir(r.number), headName), text)
}

// Close writes what is left, and the head of the record: all but its samples, arrivals
// and events, which are there. A run that something is missing of is not finished, and
// the file says why. The error is what [RunWriter.Err] told, or would have; a second
// Close gives it again.
func (r *RunWriter) Close(record lab.Record) error {
	r.once.Do(func() {
		r.taking.Lock()
		r.closed = true
		r.taking.Unlock()
		close(r.end)
		r.ended.Wait()
		r.flush()
		r.fail(cmp.Or(r.events.close(), r.samples.close(), r.sent.close()))
		if err := r.Err(); err != nil {
			record.Finished, record.Why = false, cmp.Or(record.Why, "its evidence is not whole: "+err.Error())
		}
		r.fail(r.head(record))
		r.writer.closed(r.number)
	})
	return r.Err()
}
