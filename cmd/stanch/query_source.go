package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/foreign"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// querySource is the tables that a query asks: those of a data directory, those
// of foreign files, or none.
type querySource struct {
	table.Source
	name  string // where the rows come from, in a line
	why   string // why there are no tables, as a hint
	close func() error
}

// openQuerySource opens what --from names, or else what run recorded.
func openQuerySource(w world, from []string) (*querySource, error) {
	s := &querySource{Source: none{}, close: func() error { return nil }}
	if len(from) == 0 {
		dir := recorded(w)
		if dir == "" {
			s.why = "nothing is recorded here; --from names a data directory, or files that Azure exported"
			return s, nil
		}
		from = []string{dir}
	}
	for _, path := range from {
		if _, err := os.Stat(path); err != nil {
			return nil, usage(fmt.Errorf("open the telemetry: %w", err), "--from takes a data directory, a directory of files, or files")
		}
	}
	s.name = "from " + strings.Join(from, ", ")
	files, err := foreign.Open(from...)
	if err != nil {
		return nil, &codedError{code: exitUsage, err: err}
	}
	s.Source, s.close = files, files.Close
	if len(files.Tables()) == 0 {
		s.why = "there are no tables " + s.name + "; files are tables by their names, as requests.csv"
	}
	return s, nil
}

// recorded is the directory where run keeps its telemetry; empty if there is none.
func recorded(w world) string {
	return ""
}

// warnings are what the source left out so far.
func (s *querySource) warnings() []table.Warning {
	if teller, ok := s.Source.(interface{ Warnings() []table.Warning }); ok {
		return teller.Warnings()
	}
	return nil
}

func (s *querySource) empty() bool { return len(s.Tables()) == 0 }

// none is a source without tables.
type none struct{}

func (none) Tables() []schema.Table { return nil }

func (none) Scan(_ context.Context, name string, _ table.Request) ([]table.Split, error) {
	return nil, errors.New("scan " + filepath.Base(name) + ": there are no tables")
}
