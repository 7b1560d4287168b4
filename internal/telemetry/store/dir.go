package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Dir reads a store. It is safe for concurrent use, and beside writers.
type Dir struct {
	path     string
	decoders sync.Pool

	mu     sync.Mutex
	damage []Damage
	more   Damage // beyond maxDamage
}

// maxDamage is how many places are told one by one.
const maxDamage = 1000

// Damage is something that could not be read and was left out.
type Damage struct {
	File   string
	Offset int64
	Bytes  int64
	Reason string
}

func (d Damage) String() string {
	return fmt.Sprintf("%s: %d bytes at %d were left out: %s", d.File, d.Bytes, d.Offset, d.Reason)
}

// OpenDir opens a directory for reading.
func OpenDir(path string) (*Dir, error) {
	if ok, err := checkMarker(path); err != nil {
		return nil, err
	} else if !ok {
		return nil, fmt.Errorf("%s: %w", path, ErrForeign)
	}
	return &Dir{path: path}, nil
}

// IsStore says whether a directory bears the mark of a store, of whatever format.
func IsStore(path string) bool {
	_, err := os.Stat(filepath.Join(path, markerName))
	return err == nil
}

// Damage is what was left out so far. Beyond a thousand places, the last entry
// stands for all the others.
func (d *Dir) Damage() []Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.Clone(d.damage)
	if d.more.Bytes > 0 {
		all = append(all, d.more)
	}
	return all
}

func (d *Dir) damaged(file string, offset, bytes int64, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := Damage{filepath.Base(file), offset, bytes, reason}
	switch {
	case slices.Contains(d.damage, found): // by another scan
	case len(d.damage) < maxDamage:
		d.damage = append(d.damage, found)
	default:
		d.more = Damage{found.File, offset, d.more.Bytes + bytes, "there are more such places than are told; this is the last of them, with the bytes of all"}
	}
}

// Tables are the names of the tables that have segments, sorted.
func (d *Dir) Tables() ([]string, error) {
	all, err := list(d.path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range all {
		names = append(names, l.table)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// runBytes is how many bytes of NDJSON a run holds, about.
const runBytes = 4 << 20

// Run is some frames of a segment that lie one behind the other; runs are read
// side by side.
type Run struct {
	dir    *Dir
	path   string
	frames []Frame
}

// Scan finds the frames of a table that may have rows between two times, both
// included, oldest segment first.
func (d *Dir) Scan(table string, from, to int64) (runs []*Run, err error) {
	all, err := list(d.path)
	if err != nil {
		return nil, err
	}
	for _, l := range all {
		if l.table != table {
			continue
		}
		frames, err := d.frames(l.path)
		if errors.Is(err, os.ErrNotExist) {
			continue // retention took it meanwhile
		}
		if err != nil {
			d.damaged(l.path, 0, l.size, err.Error()) // what was found before is read
		}
		run, raw := &Run{dir: d, path: l.path}, int64(0)
		for _, f := range frames {
			if f.To < from || f.From > to {
				continue
			}
			run.frames = append(run.frames, f)
			if raw += f.Raw; raw >= runBytes {
				runs = append(runs, run)
				run, raw = &Run{dir: d, path: l.path}, 0
			}
		}
		if len(run.frames) > 0 {
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// frames finds a segment's frames: by its index, and by walking what that does
// not cover.
func (d *Dir) frames(path string) (frames []Frame, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	at := int64(0)
	indexed := false
	if text, err := readSmall(path + indexSuffix); err == nil {
		if known, covers, err := readIndex(text, size); err == nil && belongs(f, known) {
			frames, at, indexed = known, covers, true
		}
	}
	for at < size {
		more, end, err := walk(f, at, size)
		frames = append(frames, more...)
		if err == nil {
			break
		}
		if !errors.Is(err, errNotWhole) {
			return frames, err
		}
		next, ok := resume(f, end+1, size)
		if !ok {
			// A segment without an index is being written, or its writer was killed:
			// its end may be torn, and nothing that was acknowledged is lost with it.
			if indexed || !isTorn(f, end, size) {
				d.damaged(path, end, size-end, "no frames")
			}
			break
		}
		d.damaged(path, end, next-end, "no frame")
		at = next
	}
	return frames, nil
}

// readSmall reads a file that is not absurdly large.
func readSmall(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > 64<<20 {
		return nil, errors.New("too large")
	}
	return os.ReadFile(path)
}

// decoding is what one goroutine unpacks with.
type decoding struct {
	decoder     *zstd.Decoder
	packed, raw []byte
}

func (d *Dir) decoder() (*decoding, error) {
	if x, ok := d.decoders.Get().(*decoding); ok {
		return x, nil
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxRow+MaxFrame))
	if err != nil {
		return nil, err
	}
	return &decoding{decoder: z}, nil
}

// Each calls visit with the NDJSON of each frame, which is visit's for the call.
// A frame that can't be unpacked is left out, and counted. ordered is the
// frame's. The error is visit's, the context's, or that of opening the file.
func (r *Run) Each(ctx context.Context, visit func(ndjson []byte, ordered bool) error) error {
	f, err := os.Open(r.path)
	if errors.Is(err, os.ErrNotExist) {
		r.dir.damaged(r.path, 0, 0, "the segment vanished while it was read")
		return nil
	}
	if err != nil {
		return fmt.Errorf("open a segment: %w", err)
	}
	defer f.Close()
	x, err := r.dir.decoder()
	if err != nil {
		return err
	}
	defer r.dir.decoders.Put(x)
	for _, frame := range r.frames {
		if err := ctx.Err(); err != nil {
			return err
		}
		if int64(cap(x.packed)) < frame.Length {
			x.packed = make([]byte, frame.Length)
		}
		x.packed = x.packed[:frame.Length]
		if _, err := f.ReadAt(x.packed, frame.Offset); err != nil {
			r.dir.damaged(r.path, frame.Offset, frame.Length, err.Error())
			continue
		}
		raw, err := x.decoder.DecodeAll(x.packed, x.raw[:0])
		x.raw = raw
		if err != nil {
			r.dir.damaged(r.path, frame.Offset, frame.Length, err.Error())
			continue
		}
		if err := visit(raw, frame.Ordered); err != nil {
			return err
		}
	}
	return nil
}
