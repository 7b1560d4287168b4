package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/recorded"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// Tables are what a run's telemetry holds. All of it is read once: where a part can't be
// read there are no tables, since a count of what is left would look like an answer.
// The torn end that a killed stanch leaves is no such part. Call it once for each run.
func (b *Bundle) Tables(run int) (table.Source, error) {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, fmt.Errorf("open the tables of run %d: %w", run, err)
	}
	defer root.Close()
	name := path.Join(runDir(run), telemetryName)
	entries, err := listDir(root, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		// One reason for both: a folder of nothing goes when the bundle is sealed, and
		// what was derived before is derived again later.
		return nil, fmt.Errorf("open the tables of run %d: nothing was recorded", run)
	}
	if err != nil {
		return nil, fmt.Errorf("open the tables of run %d: %w", run, err)
	}
	for _, e := range entries {
		// The store opens what lies there by its name, and would follow a link.
		if !e.Type().IsRegular() {
			return nil, fmt.Errorf("open the tables of run %d: %s is %s", run, visible(path.Join(name, e.Name())), kindOf(e.Type(), false))
		}
	}
	dir := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := readable(dir); err != nil {
		// The store names where it lies, and a reason is to be the same anywhere.
		return nil, fmt.Errorf("open the tables of run %d: %s", run, strings.ReplaceAll(err.Error(), dir, name))
	}
	return recorded.Open(dir)
}

// readable reads all frames of a store.
func readable(path string) error {
	dir, err := store.OpenDir(path)
	if err != nil {
		return err
	}
	for _, t := range schema.Tables() {
		runs, err := dir.Scan(t.Name, 0, value.MaxDatetime)
		if err != nil {
			return err
		}
		for _, r := range runs {
			if err := r.Each(context.Background(), func([]byte, bool) error { return nil }); err != nil {
				return err
			}
		}
	}
	if damage := dir.Damage(); len(damage) > 0 {
		return fmt.Errorf("%d places of the telemetry can't be read; the first: %v", len(damage), damage[0])
	}
	return nil
}
