// Package recorded gives what a store holds to queries, as tables: it joins the
// store, which knows of bytes, with KQL, which knows of rows.
//
// All of stanch's tables are there, recorded or not, so that a query for what
// never happened gives no rows, and not an error. What the store had to leave
// out is told by Warnings.
package recorded

import (
	"context"
	"fmt"
	"sync"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/ndjson"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// Source is the tables of a data directory. It is safe for concurrent use.
type Source struct {
	dir *store.Dir

	mu      sync.Mutex
	skipped map[string]ndjson.Skipped // by table
}

// Open opens a data directory.
func Open(path string) (*Source, error) {
	dir, err := store.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return &Source{dir: dir, skipped: map[string]ndjson.Skipped{}}, nil
}

// Tables are all tables that stanch keeps.
func (s *Source) Tables() []schema.Table { return schema.Tables() }

// Scan finds the frames that may hold what is wanted.
func (s *Source) Scan(_ context.Context, name string, want table.Request) ([]table.Split, error) {
	t, ok := schema.Find(name)
	if !ok {
		return nil, fmt.Errorf("there is no table %s", name)
	}
	runs, err := s.dir.Scan(name, want.From, want.To)
	if err != nil {
		return nil, err
	}
	splits := make([]table.Split, len(runs))
	for i, r := range runs {
		splits[i] = &split{source: s, table: t, columns: want.Columns, run: r}
	}
	return splits, nil
}

type split struct {
	source  *Source
	table   schema.Table
	columns []int
	run     *store.Run
}

func (s *split) Rows(ctx context.Context, yield func(row []value.Value) error) error {
	scanner := ndjson.New(s.table, s.columns)
	err := s.run.Each(ctx, func(block []byte, ordered bool) error { return scanner.Rows(block, ordered, yield) })
	if skipped := scanner.Skipped(); skipped != (ndjson.Skipped{}) {
		s.source.mu.Lock()
		defer s.source.mu.Unlock()
		all := s.source.skipped[s.table.Name]
		all.Lines += skipped.Lines
		all.Values += skipped.Values
		s.source.skipped[s.table.Name] = all
	}
	return err
}

// Warnings are the places of the store that can't be read, and the rows and values
// that were left out since the last Forget.
func (s *Source) Warnings() (all []table.Warning) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const most = 10
	damage := s.dir.Damage()
	for i, d := range damage {
		if i == most {
			all = append(all, table.Warning{Message: fmt.Sprintf("%d more places of the store were left out", len(damage)-most)})
			break
		}
		all = append(all, table.Warning{Message: d.String()})
	}
	for _, t := range schema.Tables() {
		if n := s.skipped[t.Name]; n.Lines > 0 {
			all = append(all, table.Warning{Message: fmt.Sprintf("%s: %d lines that are no rows were left out", t.Name, n.Lines)})
		}
		if n := s.skipped[t.Name]; n.Values > 0 {
			all = append(all, table.Warning{Message: fmt.Sprintf("%s: %d values that are not of their column's type are null", t.Name, n.Values)})
		}
	}
	return all
}

// Forget starts the count of rows and values anew. Places that can't be read are
// told again: the next answer lacks them as well.
func (s *Source) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.skipped)
}
