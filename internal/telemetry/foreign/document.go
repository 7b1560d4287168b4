package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// document reads JSON that is too large to be held, a row at a time.
type document struct {
	in   *stream
	buf  []byte // the last value that was kept
	line int
}

// errCut is a document that ends before its brackets are closed.
var errCut = errors.New("the document ends in the middle")

// tables calls of visitor what the document holds: a document of tables, as az
// and Kusto print, or an array of objects. found is false if it is neither.
func (d *document) tables(v visitor) (found bool, err error) {
	switch c := d.peek(); c {
	case '[':
		return true, d.each(func() error { return d.row(0, v) })
	case '{':
	default:
		return false, nil
	}
	n := 0
	err = d.members(func(key string) error {
		if !strings.EqualFold(key, "tables") || d.peek() != '[' {
			return d.value(false)
		}
		found = true
		return d.each(func() error {
			err := d.table(n, v)
			n++
			return err
		})
	})
	return found, err
}

// visitor is told what a document holds. Rows are raw JSON: arrays or objects,
// nil for one that is too long.
type visitor struct {
	name    func(table int, name string)
	columns func(table int, columns []value.Value)
	row     func(table int, raw []byte) error
}

func (d *document) table(n int, v visitor) error {
	if d.peek() != '{' {
		return fmt.Errorf("line %d: a table is no object", d.line)
	}
	return d.members(func(key string) error {
		switch strings.ToLower(key) {
		case "name", "tablename":
			if err := d.value(true); err != nil {
				return err
			}
			if name, ok := value.ParseJSON(string(d.buf)); ok {
				v.name(n, name.Str())
			}
			return nil
		case "columns":
			if err := d.value(true); err != nil {
				return err
			}
			columns, ok := value.ParseJSON(string(d.buf))
			if !ok {
				return fmt.Errorf("line %d: the columns of a table can't be read", d.line)
			}
			v.columns(n, columns.Elems())
			return nil
		case "rows":
			if d.peek() == '[' {
				return d.each(func() error { return d.row(n, v) })
			}
		}
		return d.value(false)
	})
}

func (d *document) row(n int, v visitor) error {
	switch err := d.value(true); {
	case errors.Is(err, errLong):
		return v.row(n, nil)
	case err != nil:
		return err
	}
	return v.row(n, d.buf)
}

// peek is the next byte that is no space; 0 at the end.
func (d *document) peek() byte {
	for {
		c, err := d.in.ReadByte()
		if err != nil {
			return 0
		}
		switch c {
		case '\n':
			d.line++
		case ' ', '\t', '\r':
		default:
			_ = d.in.UnreadByte()
			return c
		}
	}
}

// each reads an array, whose elements the function reads.
func (d *document) each(element func() error) error {
	return d.list('[', ']', element)
}

func (d *document) members(member func(key string) error) error {
	return d.list('{', '}', func() error {
		if d.peek() != '"' {
			return d.wrong()
		}
		if err := d.value(true); err != nil {
			return err
		}
		key, ok := value.ParseJSON(string(d.buf))
		if !ok || d.peek() != ':' {
			return d.wrong()
		}
		_, _ = d.in.ReadByte()
		return member(key.Str())
	})
}

func (d *document) list(open, closing byte, item func() error) error {
	if d.peek() != open {
		return d.wrong()
	}
	_, _ = d.in.ReadByte()
	if d.peek() == closing {
		_, _ = d.in.ReadByte()
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		switch d.peek() {
		case ',':
			_, _ = d.in.ReadByte()
		case closing:
			_, _ = d.in.ReadByte()
			return nil
		default:
			return d.wrong()
		}
	}
}

func (d *document) wrong() error {
	if d.peek() == 0 {
		return errCut
	}
	return fmt.Errorf("it is no JSON from line %d on", d.line)
}

// value passes over a value, and keeps it in buf if it is to be kept. What is
// between the brackets is not checked.
func (d *document) value(keep bool) error {
	d.buf = d.buf[:0]
	depth, quoted, escaped, long := 0, false, false, false
	first := d.peek()
	if first == 0 || strings.IndexByte(",:]}", first) >= 0 {
		return d.wrong()
	}
	for {
		c, err := d.in.ReadByte()
		if err != nil {
			if depth == 0 && !quoted && errors.Is(err, io.EOF) && len(d.buf) > 0 {
				return nil
			}
			return errCut
		}
		if depth == 0 && !quoted && bytes.IndexByte([]byte(",]}: \t\r\n"), c) >= 0 {
			_ = d.in.UnreadByte()
			break
		}
		if c == '\n' {
			d.line++
		}
		if len(d.buf) >= mostRow {
			long = true
		} else if keep {
			d.buf = append(d.buf, c)
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			continue
		case c == ']' || c == '}':
			depth--
		}
		if depth == 0 && !quoted && (c == ']' || c == '}' || c == '"') {
			break
		}
	}
	if long {
		return errLong
	}
	return nil
}
