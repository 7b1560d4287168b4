package foreign

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/ndjson"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// split reads one part of one file.
type split struct {
	source *Source
	file   *file
	table  schema.Table
	part   part
	want   []int
}

// look finds out what a file holds.
func (f *file) look(g *guess) error {
	in, err := f.open(part{})
	if err != nil {
		return err
	}
	defer in.close()
	passed, err := in.begin()
	if err != nil {
		return err
	}
	switch f.form {
	case formCSV:
		return f.lookCSV(g, in, passed)
	case formLines:
		return f.lookLines(g, in, passed)
	}
	return f.lookAzure(g, in, passed)
}

// Rows reads the part. The error is of the file, of the context or of yield.
func (s *split) Rows(ctx context.Context, yield func(row []value.Value) error) error {
	in, err := s.file.open(s.part)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.file.path, err)
	}
	defer in.close()
	lost := losses{}
	defer func() { s.source.note(s.file, s.part, lost) }()
	n := 0
	counted := func(row []value.Value) error {
		if n++; n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return yield(row)
	}
	switch s.file.form {
	case formCSV:
		err = s.csv(in, lost, counted)
	case formLines:
		err = s.lines(in, lost, counted)
	case formAzure:
		err = s.azure(in, lost, counted)
	}
	return err
}

// newRow is a row of nothing, and which of its columns are wanted.
func (s *split) newRow() (blank, row []value.Value, wanted []bool) {
	blank, wanted = make([]value.Value, len(s.table.Columns)), make([]bool, len(s.table.Columns))
	for i, c := range s.table.Columns {
		if c.Type == schema.String {
			blank[i] = value.String("")
		}
	}
	for _, i := range s.want {
		wanted[i] = true
	}
	return blank, append([]value.Value(nil), blank...), wanted
}

// places are the table's columns that a file's columns fill; −1 for those that
// nobody wants.
func (s *split) places(columns []fileColumn, wanted []bool) []int {
	index := map[string]int{}
	for i, c := range s.table.Columns {
		index[c.Name] = i
	}
	places := make([]int, len(columns))
	for n, c := range columns {
		places[n] = -1
		if i, known := index[c.name]; known && wanted[i] {
			places[n] = i
		}
	}
	return places
}

func (s *split) csv(in *stream, lost losses, yield func([]value.Value) error) error {
	r := newRecords(in, s.file.comma, s.part.line)
	blank, row, wanted := s.newRow()
	places := s.places(s.file.columns, wanted)
	for {
		switch err := r.record(); {
		case errors.Is(err, io.EOF):
			return s.ended(in, lost, r.next)
		case err != nil:
			lost.add("", r.line, err.Error)
			continue
		case len(r.fields) != len(places):
			lost.add("", r.line, func() string { return fmt.Sprintf("the row has %d fields, not %d", len(r.fields), len(places)) })
			continue
		}
		for n, field := range r.fields {
			i := places[n]
			if i < 0 {
				continue
			}
			column := s.table.Columns[i]
			v, ok := fromText(field, column.Type)
			if !ok {
				lost.add(column.Name, r.line, func() string { return fmt.Sprintf("%.40q is no %v", field, column.Type) })
				v = blank[i]
			}
			row[i] = v
		}
		if err := yield(row); err != nil {
			return err
		}
	}
}

// ended says why a file ends before its end: a packed one may be torn.
func (s *split) ended(in *stream, lost losses, line int) error {
	if _, err := in.ReadByte(); err != nil && !errors.Is(err, io.EOF) {
		lost.add("", line, func() string { return "the file can't be read any further: " + err.Error() })
	}
	return nil
}

func (s *split) lines(in *stream, lost losses, yield func([]value.Value) error) error {
	scanner := ndjson.New(s.table, s.want)
	var buf []byte
	line := s.part.line
	for ; ; line++ {
		var err error
		if buf, _, err = in.line(buf[:0]); errors.Is(err, errLong) {
			lost.add("", line, err.Error)
			continue
		}
		before := scanner.Skipped()
		if failed := scanner.Rows(buf, false, yield); failed != nil {
			return failed
		}
		if after := scanner.Skipped(); after != before {
			if after.Lines > before.Lines {
				lost.add("", line, func() string { return "the line is no object of JSON" })
			} else {
				s.blame(buf, line, lost)
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				lost.add("", line, func() string { return "the file can't be read any further: " + err.Error() })
			}
			return nil
		}
	}
}
