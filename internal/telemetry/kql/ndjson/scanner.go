// Package ndjson reads rows of a table out of lines of JSON, as segments and
// exported files hold them: each line an object with a property a column.
//
// It reads only what it is asked for. Columns nobody wants are passed over
// without being looked into; and where lines are known to hold their properties
// in the table's order (a store's do), a line is left as soon as the last wanted
// column is behind. A line that is no object is counted and left out, and so is
// a value that is not of its column's type, which becomes null: see Skipped.
package ndjson

import (
	"bytes"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// MaxLine is how long a line may be, in bytes; a longer one is left out.
const MaxLine = 8 << 20

// Scanner reads rows. It belongs to one goroutine.
type Scanner struct {
	columns []column
	last    int // the index of the last wanted one
	row     []value.Value
	blank   []value.Value // a row of nothing
	day     [10]byte      // a date, and its ticks: most rows are of the same day
	dayAt   int64
	skipped Skipped
}

// Skipped counts what could not be read.
type Skipped struct {
	Lines  int64 // that are no JSON objects, or too long
	Values int64 // that are not of their column's type
}

type column struct {
	key    string // "name": as it stands in a line
	name   string
	t      schema.Type
	wanted bool
}

// New makes a scanner of a table's lines that reads the columns of these indexes.
func New(t schema.Table, wanted []int) *Scanner {
	s := &Scanner{last: -1}
	for _, c := range t.Columns {
		s.columns = append(s.columns, column{key: string(value.AppendQuoted(nil, c.Name)) + ":", name: c.Name, t: c.Type})
		v := value.Null
		if c.Type == schema.String {
			v = value.String("")
		}
		s.blank = append(s.blank, v)
	}
	s.row = append(s.row, s.blank...)
	for _, i := range wanted {
		s.columns[i].wanted = true
		s.last = max(s.last, i)
	}
	return s
}

// Skipped is what could not be read so far.
func (s *Scanner) Skipped() Skipped { return s.skipped }

// Rows calls yield for every line of a block, which ends at a line's end or at
// that of the file. The row and its strings share the block's memory. ordered
// says that Order holds for the block.
func (s *Scanner) Rows(block []byte, ordered bool, yield func(row []value.Value) error) error {
	for len(block) > 0 {
		line := block
		if !ordered {
			if i := bytes.IndexByte(block, '\n'); i >= 0 {
				line, block = block[:i], block[i+1:]
			} else {
				block = nil
			}
			line = bytes.TrimRight(line, "\r")
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if !s.line(line) {
				s.skipped.Lines++
				continue
			}
		} else {
			// The end is looked for from where reading stopped: most of a line is
			// passed over once.
			read, ok := s.front(block)
			end := bytes.IndexByte(block[read:], '\n')
			if end < 0 {
				end = len(block) - read
			}
			line = block[:read+end]
			block = block[min(read+end+1, len(block)):]
			if len(line) == 0 {
				continue
			}
			if !ok || line[len(line)-1] != '}' {
				// Not as the store writes it: it is read with care.
				if !s.line(bytes.TrimRight(line, "\r")) {
					s.skipped.Lines++
					continue
				}
			}
		}
		if err := yield(s.row); err != nil {
			return err
		}
	}
	return nil
}

// front reads the wanted columns of a line whose properties are in order and
// written without spaces, and says how far it read. ok is false if the line is
// not like that.
func (s *Scanner) front(b []byte) (read int, ok bool) {
	for i := range s.columns[:s.last+1] {
		if s.columns[i].wanted {
			s.row[i] = s.blank[i]
		}
	}
	if b[0] != '{' {
		return 0, false
	}
	at := 1
	next := 0
	for next <= s.last {
		if at >= len(b) {
			return 0, false
		}
		if b[at] == '}' {
			return at, true
		}
		// The next column that this property can be.
		i := next
		for ; i < len(s.columns); i++ {
			key := s.columns[i].key
			if len(b)-at > len(key) && string(b[at:at+len(key)]) == key {
				break
			}
		}
		if i == len(s.columns) {
			return 0, false
		}
		if i > s.last {
			return at, true
		}
		at += len(s.columns[i].key)
		n := 0
		if s.columns[i].wanted {
			n = s.value(b[at:], i)
		} else {
			n = skip(b[at:])
		}
		if n <= 0 {
			return 0, false
		}
		at += n
		next = i + 1
		if at < len(b) && b[at] == ',' {
			at++
		} else if at >= len(b) || b[at] != '}' {
			return 0, false
		}
	}
	return at, true
}

// line reads a whole line, whatever the order of its properties.
func (s *Scanner) line(b []byte) bool {
	copy(s.row, s.blank)
	at := space(b, 0)
	if len(b) > MaxLine || at >= len(b) || b[at] != '{' {
		return false
	}
	at = space(b, at+1)
	if at < len(b) && b[at] == '}' {
		return space(b, at+1) == len(b)
	}
	expect := 0
	for {
		if at >= len(b) || b[at] != '"' {
			return false
		}
		n := skip(b[at:])
		if n <= 0 {
			return false
		}
		i := s.find(b[at:at+n], expect)
		at = space(b, at+n)
		if at >= len(b) || b[at] != ':' {
			return false
		}
		at = space(b, at+1)
		n = skip(b[at:])
		if n <= 0 {
			return false
		}
		if i >= 0 {
			expect = i + 1
			if s.columns[i].wanted && s.value(b[at:], i) <= 0 {
				return false
			}
		}
		at = space(b, at+n)
		if at >= len(b) {
			return false
		}
		if b[at] == '}' {
			return space(b, at+1) == len(b)
		}
		if b[at] != ',' {
			return false
		}
		at = space(b, at+1)
	}
}

// find is the column of a quoted name, looked for from expect on; −1 if there is
// none.
func (s *Scanner) find(quoted []byte, expect int) int {
	for range 2 {
		for i := expect; i < len(s.columns); i++ {
			if key := s.columns[i].key; string(quoted) == key[:len(key)-1] {
				return i
			}
		}
		if expect == 0 {
			break
		}
		expect = 0
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return -1
	}
	name, ok := value.ParseJSON(string(quoted))
	if !ok {
		return -1
	}
	for i, c := range s.columns {
		if c.name == name.Str() {
			return i
		}
	}
	return -1
}

// value reads the value of a column and tells its length; 0 if it has no end.
func (s *Scanner) value(b []byte, i int) int {
	t := s.columns[i].t
	if len(b) > 0 && b[0] == '"' {
		n := skipString(b)
		if n == 0 {
			return 0
		}
		s.row[i] = s.ofText(b[1:n-1], t)
		return n
	}
	if t == schema.Real || t == schema.Long || t == schema.Int {
		if v, n := number(b, t); n > 0 {
			s.row[i] = v
			return n
		}
	}
	n := skip(b)
	if n == 0 {
		return 0
	}
	text := share(b[:n])
	switch {
	case text == "null":
	case t == schema.Dynamic:
		v, ok := value.ParseJSON(string(b[:n]))
		if !ok {
			s.skipped.Values++
		}
		s.row[i] = v
	case t == schema.String:
		s.row[i] = value.String(text)
		if text == "true" || text == "false" {
			// Booleans in a column of texts are written as Application Insights does.
			s.row[i] = value.String(strings.ToUpper(text[:1]) + text[1:])
		}
	default:
		s.converted(i, value.String(text), t)
	}
	return n
}
