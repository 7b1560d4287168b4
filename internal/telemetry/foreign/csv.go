package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unsafe"
)

// records reads CSV as RFC 4180 has it, row for row. What is wrong costs one
// line: after a row that can't be read it goes on with the line behind the row's
// first, so that a quote that was never closed does not swallow the file.
type records struct {
	in      *stream
	comma   byte
	pending []byte // lines that were read and are to be read again
	buf     []byte
	fields  []string // of the last record; they share buf's memory
	line    int      // the line the last record began in
	next    int      // the line that is read next
	at      int64    // bytes behind the last record
}

func newRecords(in *stream, comma byte, line int) *records {
	return &records{in: in, comma: comma, next: line}
}

// errTorn is a row whose quotes are not closed.
var errTorn = errors.New("a quote is not closed")

// record reads the next record. An error that is not io.EOF is of the record:
// reading can go on. Empty lines are passed over.
func (r *records) record() error {
	for {
		r.buf = r.buf[:0]
		r.line = r.next
		first, quotes, lines := 0, 0, 0
		var end error
		for end == nil {
			from := len(r.buf)
			end = r.more()
			if errors.Is(end, errLong) {
				r.next += lines + 1
				return errLong
			}
			if end != nil && !errors.Is(end, io.EOF) {
				return io.EOF // what can't be read any further: the caller asks why
			}
			if len(r.buf) > from {
				lines++
			}
			if first == 0 {
				first = len(r.buf)
			}
			quotes += bytes.Count(r.buf[from:], []byte{'"'})
			if quotes%2 == 0 {
				break
			}
			if len(r.buf) > mostRow {
				break
			}
		}
		if len(r.buf) == 0 {
			return io.EOF
		}
		var behind []byte // the lines behind the first, before they are cut up
		if lines > 1 {
			behind = bytes.Clone(r.buf[first:])
		}
		err := errTorn
		if quotes%2 == 0 {
			err = r.split(bytes.TrimRight(r.buf, "\r\n"))
		}
		if err != nil && lines > 1 {
			r.pending = append(behind, r.pending...)
			r.next++
			r.at += int64(first)
			return err
		}
		r.next += lines
		r.at += int64(len(r.buf))
		if err != nil || len(r.fields) > 0 {
			return err
		}
	}
}

// more appends the next line to buf.
func (r *records) more() error {
	if len(r.pending) > 0 {
		i := bytes.IndexByte(r.pending, '\n') + 1
		if i > 0 {
			r.buf = append(r.buf, r.pending[:i]...)
			r.pending = r.pending[i:]
			return nil
		}
		r.buf = append(r.buf, r.pending...)
		r.pending = nil
	}
	before := len(r.buf)
	buf, read, err := r.in.line(r.buf)
	r.buf = buf
	if errors.Is(err, errLong) {
		r.at += int64(before) + read
	}
	return err
}

// split cuts a record into its fields; none for an empty line.
func (r *records) split(record []byte) error {
	r.fields = r.fields[:0]
	if len(bytes.TrimSpace(record)) == 0 {
		return nil
	}
	if bytes.IndexByte(record, 0) >= 0 {
		return errors.New("it holds NUL bytes")
	}
	rest := record
	for {
		field := rest
		if len(rest) > 0 && rest[0] == '"' {
			// The field is unquoted where it stands: it only gets shorter.
			end, to := 1, 0
			for {
				i := bytes.IndexByte(rest[end:], '"')
				if i < 0 {
					return errTorn
				}
				to += copy(rest[to:], rest[end:end+i])
				end += i + 1
				if end < len(rest) && rest[end] == '"' {
					rest[to] = '"'
					to++
					end++
					continue
				}
				break
			}
			field = rest[:to]
			if end < len(rest) && rest[end] != r.comma {
				return fmt.Errorf("something follows a quote: %.20q", rest[end:])
			}
			rest = rest[end:]
		} else {
			i := bytes.IndexByte(rest, r.comma)
			if i < 0 {
				i = len(rest)
			}
			field, rest = rest[:i], rest[i:]
		}
		r.fields = append(r.fields, unsafe.String(unsafe.SliceData(field), len(field)))
		if len(rest) == 0 {
			return nil
		}
		rest = rest[1:] // the comma
	}
}

// lookCSV reads the header, and the types of those columns that the guess wants.
func (f *file) lookCSV(g *guess, in *stream, passed int64) error {
	r := newRecords(in, f.comma, 1)
	if err := r.record(); err != nil {
		if errors.Is(err, io.EOF) {
			f.parts = []part{{from: passed, line: 1}} // a scan says why it is empty
			return nil
		}
		return fmt.Errorf("read the line of names: %w", err)
	}
	if len(r.fields) == 1 && f.comma == ',' && strings.Count(r.fields[0], ";") > 0 {
		f.comma, r.comma = ';', ';'
		header := []byte(strings.Clone(r.fields[0]))
		if err := r.split(header); err != nil {
			return fmt.Errorf("read the line of names: %w", err)
		}
	}
	indexes := make([]int, len(r.fields))
	for i, name := range r.fields {
		// The portal adds the zone to the names of moments.
		name = strings.Clone(strings.TrimSuffix(strings.TrimSpace(name), " [UTC]"))
		if name == "" {
			name = fmt.Sprintf("Column%d", i+1)
		}
		f.columns = append(f.columns, fileColumn{name})
		indexes[i] = g.column(name)
	}
	from, line := r.at, r.next
	for passed+r.at < lookThrough {
		if r.at-from >= chunkSize && len(r.pending) == 0 && f.packing == plain {
			f.parts = append(f.parts, part{from: passed + from, to: passed + r.at, line: line})
			from, line = r.at, r.next
		}
		err := r.record()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(r.fields) != len(indexes) {
			continue
		}
		for i, field := range r.fields {
			if field != "" && !g.settled(indexes[i]) {
				g.seen[indexes[i]] |= kindOfText(field)
			}
		}
	}
	f.parts = append(f.parts, part{from: passed + from, line: line})
	return nil
}
