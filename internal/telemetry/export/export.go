// Package export writes tables as files for other programs: the JSON that az
// monitor app-insights query prints, CSV, and Parquet.
//
// A table becomes a file of its name, which package foreign, and so stanch
// query, reads as that table again. Rows are streamed: what is kept is a row, or
// of Parquet a group of rows. A file is there when it is whole, and not before.
// Begin with [Tables].
package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Format is how a table is written.
type Format string

// The formats.
const (
	AppInsights Format = "appinsights"
	CSV         Format = "csv"
	Parquet     Format = "parquet"
)

// Formats are all formats.
func Formats() []Format { return []Format{AppInsights, CSV, Parquet} }

// Options say what is written.
type Options struct {
	Format Format
	// Tables are the names of those to write; none is all.
	Tables []string
	// From and To, both included, bound the tables' time columns, in ticks. A row
	// without a time is written only if From is 0.
	From, To int64
}

// Written is a file that was written.
type Written struct {
	Table string `json:"table"`
	File  string `json:"file"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"`
}

// Tables writes the tables of a source that have rows into a directory, which is
// made if it is not there. A file of the same name is replaced. An error leaves
// the files that were written before it.
func Tables(ctx context.Context, source table.Source, dir string, o Options) ([]Written, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory to export to: %w", err)
	}
	all := source.Tables()
	for _, name := range o.Tables {
		if !slices.ContainsFunc(all, func(t schema.Table) bool { return t.Name == name }) {
			return nil, fmt.Errorf("export %s: there is no table of that name", name)
		}
	}
	var written []Written
	for _, t := range all {
		if len(o.Tables) > 0 && !slices.Contains(o.Tables, t.Name) {
			continue
		}
		w, err := one(ctx, source, dir, t, o)
		if err != nil {
			return written, fmt.Errorf("export %s: %w", t.Name, err)
		}
		if w.Rows > 0 {
			written = append(written, w)
		}
	}
	return written, nil
}

// sink writes rows in a format.
type sink interface {
	row(row []value.Value) error
	// end writes what is left and what stands behind the rows.
	end() error
}

// counting counts the bytes of a file.
type counting struct {
	file *os.File
	n    int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	c.n += int64(n)
	return n, err
}

func one(ctx context.Context, source table.Source, dir string, t schema.Table, o Options) (w Written, err error) {
	want := make([]int, len(t.Columns))
	for i := range want {
		want[i] = i
	}
	splits, err := source.Scan(ctx, t.Name, table.Request{Columns: want, From: o.From, To: o.To})
	if err != nil {
		return w, err
	}
	w.Table = t.Name
	w.File = filepath.Join(dir, t.Name+map[Format]string{AppInsights: ".json", CSV: ".csv", Parquet: ".parquet"}[o.Format])
	file, err := os.CreateTemp(dir, ".export-*")
	if err != nil {
		return w, err
	}
	defer func() {
		if err != nil || w.Rows == 0 {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	counted := &counting{file: file}
	out := bufio.NewWriterSize(counted, 256<<10)
	var to sink
	switch o.Format {
	case AppInsights:
		to = newAppInsights(out, t)
	case CSV:
		to = newCSV(out, t)
	case Parquet:
		to = newParquet(out, t)
	default:
		return w, fmt.Errorf("no format is called %q", o.Format)
	}
	time := slices.IndexFunc(t.Columns, func(c schema.Column) bool { return c.Name == t.Time })
	for _, split := range splits {
		err := split.Rows(ctx, func(row []value.Value) error {
			if time >= 0 && !within(row[time], o.From, o.To) {
				return nil
			}
			w.Rows++
			return to.row(row)
		})
		if err != nil {
			return w, err
		}
	}
	if w.Rows == 0 {
		return w, nil
	}
	if err := errors.Join(to.end(), out.Flush(), file.Chmod(0o644), file.Close()); err != nil {
		return w, err
	}
	w.Bytes = counted.n
	return w, os.Rename(file.Name(), w.File)
}

func within(at value.Value, from, to int64) bool {
	if at.Kind() != value.KindDatetime {
		return from <= 0
	}
	return at.Long() >= from && at.Long() <= to
}
