package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/ndjson"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// flusher writes frames to segments. It belongs to the writer's goroutine.
type flusher struct {
	w       *Writer
	encoder *zstd.Encoder
	tables  map[string]schema.Table
	orders  map[string]*ndjson.Order
	packed  []byte
	lost    int64 // that was told
	failing bool
}

// flush writes the queue, oldest first. A batch that can't be written stays
// first in it.
func (f *flusher) flush() error {
	w := f.w
	for {
		w.mu.Lock()
		if len(w.queue) == 0 {
			w.mu.Unlock()
			f.recovered()
			return nil
		}
		b := w.queue[0]
		w.queue = append(w.queue[:0], w.queue[1:]...)
		w.mu.Unlock()
		err := f.write(b)
		w.mu.Lock()
		if err == nil {
			w.recycle(b)
			w.mu.Unlock()
			continue
		}
		if len(w.queue) < maxQueued {
			w.queue = append(w.queue, nil)
			copy(w.queue[1:], w.queue)
			w.queue[0] = b
		} else {
			w.lost.Add(b.rows)
		}
		w.mu.Unlock()
		f.failed(err)
		return err
	}
}

func (f *flusher) failed(err error) {
	if !f.failing {
		f.failing = true
		f.w.options.Tell(fmt.Sprintf("telemetry can't be written: %v; rows are kept in memory for a while, and then lost", err))
	}
}

func (f *flusher) recovered() {
	if lost := f.w.lost.Load(); f.failing || lost > f.lost && len(f.w.wake) == 0 {
		if f.failing || lost > f.lost {
			f.w.options.Tell(fmt.Sprintf("telemetry is written again; %d rows were lost", lost-f.lost))
		}
		f.failing, f.lost = false, lost
	}
}

// write appends a frame to its table's segment.
func (f *flusher) write(b *batch) error {
	s, err := f.segment(b.table)
	if err != nil {
		return err
	}
	frame := Frame{Raw: int64(len(b.raw)), Rows: b.rows, From: b.from, To: b.to, Ordered: f.isOrdered(b)}
	// The note stands before the frame, and tells its length: room is left for it.
	f.packed = f.encoder.EncodeAll(b.raw, append(f.packed[:0], make([]byte, noteSize)...))
	frame.Length = int64(len(f.packed) - noteSize)
	appendNote(f.packed[:0], frame)
	frame.Offset = s.size + noteSize
	if _, err := s.file.WriteAt(f.packed, s.size); err != nil {
		// What was written of it is cut off, so that the segment ends whole.
		return errors.Join(fmt.Errorf("write to %s: %w", filepath.Base(s.path), err), s.file.Truncate(s.size))
	}
	s.size += int64(len(f.packed))
	s.frames = append(s.frames, frame)
	if cap(f.packed) > 4*MaxFrame {
		f.packed = nil
	}
	return nil
}

// isOrdered checks that rows have their members in their table's order: readers
// trust it.
func (f *flusher) isOrdered(b *batch) bool {
	order, ok := f.orders[b.table]
	if !ok {
		if t, known := schema.Find(b.table); known {
			order = ndjson.NewOrder(t)
		}
		f.orders[b.table] = order
	}
	return order != nil && order.Holds(b.raw)
}

// segment is the one that a table is written to, a new one if need be.
func (f *flusher) segment(table string) (*segment, error) {
	if s := f.w.segments[table]; s != nil {
		if !s.isGone() {
			return s, nil
		}
		f.drop(table, "vanished while it was written")
	}
	now := f.w.options.Now()
	name := segmentName{table: table, start: now.UTC().Truncate(time.Second), writer: f.w.id}
	var file *os.File
	for try := 0; ; try++ {
		var err error
		path := filepath.Join(f.w.dir, name.String())
		file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_CLOEXEC, 0o644)
		if errors.Is(err, os.ErrNotExist) && try == 0 {
			// The directory vanished: it is made again.
			if err := errors.Join(os.MkdirAll(f.w.dir, 0o755), writeMarker(f.w.dir)); err != nil {
				return nil, err
			}
			continue
		}
		if errors.Is(err, os.ErrExist) && try < 1000 {
			name.start = name.start.Add(time.Second) // two in a second, or a clock that went back
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open a segment: %w", err)
		}
		if err := lock(file); errors.Is(err, syscall.EWOULDBLOCK) && try < 1000 {
			// Another writer looks whether it was left: it may, and gets an index.
			_ = file.Close()
			name.start = name.start.Add(time.Second)
			continue
		}
		if err := syncDir(f.w.dir); err != nil {
			return nil, errors.Join(fmt.Errorf("open a segment: %w", err), os.Remove(path), file.Close())
		}
		break
	}
	s := &segment{file: file, path: file.Name(), start: now}
	f.w.segments[table] = s
	return s, nil
}

// sync brings what was written to the disk. What is not sure to be there is an
// error, and counted: after a sync that went wrong the next one may report
// success for bytes that never got there, so that a new segment begins.
func (f *flusher) sync() (err error) {
	for table, s := range f.w.segments {
		if s.synced == len(s.frames) {
			continue
		}
		if e := syscall.Fdatasync(int(s.file.Fd())); e != nil {
			err = errors.Join(err, fmt.Errorf("sync %s: %w", filepath.Base(s.path), e))
			f.drop(table, "could not be synced: "+e.Error())
			continue
		}
		if s.isGone() {
			err = errors.Join(err, fmt.Errorf("sync %s: it vanished", filepath.Base(s.path)))
			f.drop(table, "vanished while it was written")
			continue
		}
		s.synced = len(s.frames)
	}
	return err
}

// drop gives a segment up; the next frame begins another.
func (f *flusher) drop(table, why string) {
	s := f.w.segments[table]
	delete(f.w.segments, table)
	lost := s.unsafe()
	f.w.lost.Add(lost)
	f.w.options.Tell(fmt.Sprintf("the segment %s %s; %d rows of it were not safe yet", filepath.Base(s.path), why, lost))
	_ = s.file.Close() // nothing of it is wanted any more
}

// rotate closes segments that are long or old enough, or all.
func (f *flusher) rotate(all bool) {
	now := f.w.options.Now()
	for table, s := range f.w.segments {
		if age := now.Sub(s.start); all || s.size >= rotateBytes || age >= rotateAfter || age < -rotateAfter {
			delete(f.w.segments, table)
			if err := s.close(); err != nil {
				f.w.options.Tell(fmt.Sprintf("close the segment %s: %v", filepath.Base(s.path), err))
			}
		}
	}
}
