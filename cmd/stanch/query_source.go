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
	"github.com/stanch-dev/stanch/internal/telemetry/recorded"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
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
		dir := recordedDir(w)
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
	if below := filepath.Join(from[0], "telemetry"); len(from) == 1 && store.IsStore(below) {
		from = []string{below} // the data directory that run was given
	}
	if len(from) == 1 && store.IsStore(from[0]) {
		source, err := recorded.Open(from[0])
		if err != nil {
			return nil, &codedError{code: exitUsage, err: err}
		}
		s.Source = source
		return s, nil
	}
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

// recordedDir is the directory where run keeps its tables, found as run chooses
// it, but without making one; empty if there is none.
func recordedDir(w world) string {
	variables := map[string]string{}
	for _, pair := range w.environ {
		if name, value, found := strings.Cut(pair, "="); found {
			variables[name] = value
		}
	}
	const below = "telemetry"
	if dir := variables["STANCH_TELEMETRY_DIR"]; dir != "" {
		return dir
	}
	if dir := variables["STANCH_DATA"]; dir != "" {
		return filepath.Join(dir, below)
	}
	state := variables["XDG_STATE_HOME"]
	if home := variables["HOME"]; state == "" && home != "" {
		state = filepath.Join(home, ".local", "state")
	}
	for _, dir := range []string{"/var/lib/stanch", filepath.Join(state, "stanch"), filepath.Join(os.TempDir(), fmt.Sprintf("stanch-%d", os.Getuid()))} {
		if dir = filepath.Join(dir, below); store.IsStore(dir) {
			return dir
		}
	}
	return ""
}

// warnings are what the source left out so far.
func (s *querySource) warnings() []table.Warning {
	if teller, ok := s.Source.(interface{ Warnings() []table.Warning }); ok {
		return teller.Warnings()
	}
	return nil
}

// forget starts the count of what was left out anew.
func (s *querySource) forget() {
	if teller, ok := s.Source.(interface{ Forget() }); ok {
		teller.Forget()
	}
}

func (s *querySource) empty() bool { return len(s.Tables()) == 0 }

// none is a source without tables.
type none struct{}

func (none) Tables() []schema.Table { return nil }

func (none) Scan(_ context.Context, name string, _ table.Request) ([]table.Split, error) {
	return nil, errors.New("scan " + filepath.Base(name) + ": there are no tables")
}
