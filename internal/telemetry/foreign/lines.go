package foreign

import (
	"bytes"
	"errors"
	"io"

	"github.com/stanch-dev/stanch/internal/telemetry/members"
)

// lookLines finds the properties of lines of JSON, and the types of those that
// the guess wants.
func (f *file) lookLines(g *guess, in *stream, passed int64) error {
	var buf, name []byte
	at, from, line, first := int64(0), int64(0), 1, 1
	for passed+at < lookThrough {
		if at-from >= chunkSize && f.packing == plain {
			f.parts = append(f.parts, part{from: passed + from, to: passed + at, line: first})
			from, first = at, line
		}
		var read int64
		var err error
		buf, read, err = in.line(buf[:0])
		at += read
		line++
		if read == 0 || err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLong) {
			break
		}
		if errors.Is(err, errLong) || len(bytes.TrimSpace(buf)) == 0 {
			continue
		}
		name = g.object(buf, name, false)
	}
	f.parts = append(f.parts, part{from: passed + from, line: first})
	return nil
}

// object looks at the properties of an object. name is a buffer, given back.
func (g *guess) object(text, name []byte, stringly bool) []byte {
	// Of an object that ends wrong nothing is taken.
	if members.Each(text, func(_, _ []byte) bool { return true }) != nil {
		return name
	}
	_ = members.Each(text, func(key, value []byte) bool {
		name = members.AppendUnescaped(name[:0], key)
		i, known := g.index[string(name)]
		if !known {
			i = g.column(string(name))
		}
		if !g.settled(i) {
			g.seen[i] |= kindOfJSON(value, stringly)
		}
		return true
	})
	return name
}
