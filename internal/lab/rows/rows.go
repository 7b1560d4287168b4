// Package rows writes the raw evidence of a run as lines of CSV and reads them back:
// samples of the worker, requests that were sent, and events.
//
// Evidence has one spelling. A number stands with the fewest digits that read back as
// it, what could not be read is an empty field, and a row is one line whatever its
// texts hold. What reads well and is spelt otherwise is refused, so that two files that
// say the same are the same. A file may end within a line, since its writer may have
// been killed: that line is left out and told. Begin with [Form] and [Read].
package rows

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// longest is how long a line may be. Texts are cut long before.
const longest = 64 << 10

// Form is how rows of one kind are written. It is safe for concurrent use.
type Form[T any] struct {
	// Header is the first line, without its end.
	Header string
	// Most is how many rows a file may have, and MostBytes how long it may be.
	Most      int
	MostBytes int64

	append func(to []byte, row T) ([]byte, error)
	parse  func(fields []string) (T, error)
	order  func(a, b T) int
	sorted bool // in the file, and not only when it was read
}

// Samples is the form of samples.csv. Its rows ascend by their time.
func Samples() Form[lab.Sample] {
	return Form[lab.Sample]{
		Header: sampleHeader(), Most: 2_000_000, MostBytes: 512 << 20,
		append: appendSample, parse: parseSample, sorted: true,
		order: func(a, b lab.Sample) int { return cmp.Compare(a.At, b.At) },
	}
}

// Sent is the form of sent.csv. A request gets its row when it is over, so rows stand
// in no order, and are read in the order that they were due in.
func Sent() Form[lab.Sent] {
	return Form[lab.Sent]{
		Header: "due,at,done,stream,number,key,status,request,lost", Most: 10_000_000, MostBytes: 2 << 30,
		append: appendSent, parse: parseSent,
		order: func(a, b lab.Sent) int {
			return cmp.Or(cmp.Compare(a.Due, b.Due), strings.Compare(a.Stream, b.Stream), cmp.Compare(a.Number, b.Number))
		},
	}
}

// Events is the form of events.csv. Several may tell of events, so rows that lie close
// may have changed places, and are read in the order of their time.
func Events() Form[lab.Event] {
	return Form[lab.Event]{
		Header: "at,kind,generation,code,text", Most: 1_000_000, MostBytes: 256 << 20,
		append: appendEvent, parse: parseEvent,
		order: func(a, b lab.Event) int { return cmp.Compare(a.At, b.At) },
	}
}

// Append writes a row's line with its end. The error is a row that could not be read
// back, such as one with an infinite number; to is then given back as it was.
func (f Form[T]) Append(to []byte, row T) ([]byte, error) {
	from := len(to)
	line, err := f.append(to, row)
	if err != nil {
		return to, err
	}
	line = append(line, '\n')
	if len(line)-from > longest {
		return to, fmt.Errorf("a row of %d bytes is longer than any may be (%d)", len(line)-from, longest)
	}
	return line, nil
}

// Parse reads a line without its end.
func (f Form[T]) Parse(line string) (T, error) {
	return f.read(line, &room{})
}

// room is used again from line to line.
type room struct {
	fields []string
	back   []byte
}

func (f Form[T]) read(line string, r *room) (row T, err error) {
	if r.fields, err = split(r.fields[:0], line); err != nil {
		return row, err
	}
	if want := strings.Count(f.Header, ",") + 1; len(r.fields) != want {
		return row, fmt.Errorf("%d fields stand where there are %d (%s)", len(r.fields), want, f.Header)
	}
	if row, err = f.parse(r.fields); err != nil {
		return row, err
	}
	if r.back, err = f.Append(r.back[:0], row); err != nil {
		return row, err
	}
	if back := r.back[:len(r.back)-1]; string(back) != line {
		return row, fmt.Errorf("it is spelt otherwise than stanch spells it, which is %.200q", back)
	}
	return row, nil
}

// Check says whether a row may follow another.
func (f Form[T]) Check(before, row T) error {
	if f.sorted && f.order(before, row) > 0 {
		return errors.New("it is earlier than the row before it")
	}
	return nil
}

// Read reads a file to its end. name is what errors call it; they name the line too.
// torn says how many bytes of a last line that has no end were left out. A file that
// ends within its header has no rows.
func Read[T any](name string, from io.Reader, form Form[T]) (all []T, torn int, err error) {
	lines := bufio.NewReaderSize(from, longest)
	header, size, reused := true, int64(0), &room{}
	for number := 1; ; number++ {
		text, err := lines.ReadSlice('\n')
		size += int64(len(text))
		switch {
		case size > form.MostBytes:
			return nil, 0, fmt.Errorf("%s, line %d: the file is longer than %v", name, number, bytesize.Size(form.MostBytes))
		case errors.Is(err, io.EOF):
			slices.SortStableFunc(all, form.order)
			return all, len(text), nil
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, 0, fmt.Errorf("%s, line %d: it is longer than %d bytes", name, number, longest)
		case err != nil:
			return nil, 0, fmt.Errorf("read %s: %w", name, err)
		}
		line := string(text[:len(text)-1])
		if header {
			if line != form.Header {
				return nil, 0, fmt.Errorf("%s, line 1: %.200q stands where the columns are: %s", name, line, form.Header)
			}
			header = false
			continue
		}
		row, err := form.read(line, reused)
		if err == nil && len(all) > 0 {
			err = form.Check(all[len(all)-1], row)
		}
		if err == nil && len(all) == form.Most {
			err = fmt.Errorf("there are more than %d rows", form.Most)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s, line %d: %w", name, number, err)
		}
		all = append(all, row)
	}
}
