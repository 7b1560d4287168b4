package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"sync"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab/rows"
)

// mostWaiting is how many bytes may wait for a disk that takes none. Whoever has a row
// never waits for it: it would be late with the load.
const mostWaiting = 64 << 20

// growing is a file of rows that are written a moment after they came.
type growing[T any] struct {
	name string // in the run
	form rows.Form[T]

	mu      sync.Mutex
	waiting []byte
	last    T
	count   int
	size    int64 // of what was taken, the header included

	file    *os.File // of whoever flushes
	written int64    // whole lines
	spare   []byte
	torn    bool // rows were lost: what came behind them would look like all that came
}

func grow[T any](root *os.Root, dir, name string, form rows.Form[T]) (*growing[T], error) {
	file, err := root.OpenFile(path.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	g := &growing[T]{name: name, form: form, file: file, waiting: []byte(form.Header + "\n")}
	g.size = int64(len(g.waiting))
	return g, g.flush()
}

// add takes a row.
func (g *growing[T]) add(row T) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := len(g.waiting)
	line, err := g.form.Append(g.waiting, row)
	switch grown := int64(len(line) - before); {
	case err != nil:
	case g.count > 0 && g.form.Check(g.last, row) != nil:
		err = g.form.Check(g.last, row)
	case g.count == g.form.Most:
		err = fmt.Errorf("there are more than %d rows", g.form.Most)
	case g.size+grown > g.form.MostBytes:
		err = fmt.Errorf("it is longer than %v", bytesize.Size(g.form.MostBytes))
	case len(line) > mostWaiting:
		err = fmt.Errorf("%v wait for the disk", bytesize.Size(before))
	default:
		g.waiting, g.last, g.count, g.size = line, row, g.count+1, g.size+grown
	}
	if err != nil {
		return fmt.Errorf("write a row of %s: %w", g.name, err)
	}
	return nil
}

// flush writes what waits. Of what the disk did not take whole, the torn line is cut off
// again. One goroutine flushes at a time.
func (g *growing[T]) flush() error {
	g.mu.Lock()
	text := g.waiting
	g.waiting = g.spare[:0]
	g.mu.Unlock()
	g.spare = text[:0]
	if len(text) == 0 || g.torn {
		return nil
	}
	n, err := g.file.Write(text)
	if err != nil {
		g.torn = true
		g.written += int64(bytes.LastIndexByte(text[:n], '\n') + 1)
		if cut := g.file.Truncate(g.written); cut != nil {
			err = errors.Join(err, cut)
		}
		return fmt.Errorf("write %s: %w", g.name, err)
	}
	g.written += int64(n)
	return nil
}

// close makes what was written last.
func (g *growing[T]) close() error {
	if err := errors.Join(g.file.Sync(), g.file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", g.name, err)
	}
	return nil
}
