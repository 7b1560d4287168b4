// Package foreign gives tables out of files that came from elsewhere: CSV and
// NDJSON that was exported, the JSON that az monitor prints, all of it packed by
// gzip or zstd or not.
//
// A file's name is its table: requests.csv holds requests. A table that stanch
// knows has its classic columns, and behind them what else the files hold; of
// another the types are found by looking through the files once. Files are not
// trusted: what can't be read as a row is left out, what is not of its column's
// type is null, and both are counted and told by [Source.Warnings]. Memory does
// not grow with a file. Begin with [Open].
package foreign

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

const (
	// mostRow is how long a row may be in its file, in bytes.
	mostRow = 8 << 20
	// lookThrough is how much of a file is looked through for its columns' types.
	lookThrough = 256 << 20
	// chunk is how much of a file one split reads.
	chunkSize = 16 << 20
)

// Source is the tables of some files. It is safe for concurrent use.
type Source struct {
	tables []*fileTable

	mu   sync.Mutex
	lost map[lossKey]loss
}

// fileTable is a table and the files that hold its rows.
type fileTable struct {
	schema.Table
	files []*file
}

// Open looks through files, and those in directories, for tables. The error says
// which file can't be read at all.
func Open(paths ...string) (*Source, error) {
	s := &Source{lost: map[lossKey]loss{}}
	found, err := find(paths)
	if err != nil {
		return nil, err
	}
	guesses := map[string]*guess{}
	for len(found) > 0 {
		f := found[0]
		g := guesses[f.table]
		if g == nil {
			g = newGuess(f.table)
			guesses[f.table] = g
			s.tables = append(s.tables, &fileTable{Table: schema.Table{Name: f.table}})
		}
		if err := f.look(g); err != nil {
			return nil, fmt.Errorf("look through %s: %w", f.path, err)
		}
		found = append(f.others, found[1:]...)
		t, _ := s.find(f.table)
		t.files = append(t.files, f)
	}
	for _, t := range s.tables {
		t.Table = guesses[t.Name].table()
	}
	return s, nil
}

func (s *Source) find(name string) (*fileTable, bool) {
	i := slices.IndexFunc(s.tables, func(t *fileTable) bool { return t.Name == name })
	if i < 0 {
		return nil, false
	}
	return s.tables[i], true
}

// Tables are the tables of all files.
func (s *Source) Tables() []schema.Table {
	tables := make([]schema.Table, len(s.tables))
	for i, t := range s.tables {
		tables[i] = t.Table
	}
	return tables
}

// Scan is the rows of a table, file after file. Rows outside of the time that is
// wanted are given too.
func (s *Source) Scan(_ context.Context, name string, want table.Request) ([]table.Split, error) {
	t, ok := s.find(name)
	if !ok {
		return nil, fmt.Errorf("scan %s: no file is called so", name)
	}
	var splits []table.Split
	for _, f := range t.files {
		for _, part := range f.parts {
			splits = append(splits, &split{source: s, file: f, table: t.Table, part: part, want: want.Columns})
		}
	}
	return splits, nil
}

// Close is there for symmetry: a Source holds no file open between scans.
func (s *Source) Close() error { return nil }
