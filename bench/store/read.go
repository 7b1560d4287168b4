package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// reading is what it takes to unpack rows, without looking into them.
type reading struct {
	Rows       int64   `json:"rows"`
	PackedMB   float64 `json:"packed_mb"`
	RawMB      float64 `json:"raw_mb"`
	Cores      int     `json:"cores"`
	Seconds    float64 `json:"seconds"` // the best of five, files in the page cache
	WriteEvery float64 `json:"write_rows_per_second"`
}

func (r *reading) String() string {
	return fmt.Sprintf("reading %d rows, %.0f MB that are %.0f packed, takes %.2f s on %d cores; they were written at %.0f rows/s",
		r.Rows, r.RawMB, r.PackedMB, r.Seconds, r.Cores, r.WriteEvery)
}

// read writes a directory of rows, and reads it.
func (b *bench) read(ctx context.Context) (*reading, error) {
	fill, err := b.stage.Build("./bench/telemetry", "fill")
	if err != nil {
		return nil, err
	}
	dir, err := b.stage.Scratch("read")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	begin := time.Now()
	if text, err := exec.CommandContext(ctx, fill, "-rows", strconv.Itoa(b.readRows), "-dir", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("write rows: %w\n%s", err, text)
	}
	r := &reading{Cores: runtime.GOMAXPROCS(0), Seconds: math.Inf(1), WriteEvery: float64(b.readRows) / time.Since(begin).Seconds()}
	packed, err := size(dir)
	if err != nil {
		return nil, err
	}
	for range 5 {
		var rows, raw atomic.Int64
		begin := time.Now()
		err := scan(ctx, dir, r.Cores, func(text []byte) error {
			rows.Add(int64(bytes.Count(text, []byte("\n"))))
			raw.Add(int64(len(text)))
			return nil
		})
		if err != nil {
			return nil, err
		}
		if rows.Load() != int64(b.readRows) {
			return nil, fmt.Errorf("%d rows were read of %d", rows.Load(), b.readRows)
		}
		r.Rows, r.RawMB, r.PackedMB = rows.Load(), float64(raw.Load())/1e6, float64(packed)/1e6
		r.Seconds = min(r.Seconds, time.Since(begin).Seconds())
	}
	return r, nil
}

// scan reads all requests of a directory with so many goroutines. What is damaged
// is an error here.
func scan(ctx context.Context, dir string, workers int, visit func(text []byte) error) error {
	d, err := store.OpenDir(dir)
	if err != nil {
		return err
	}
	runs, err := d.Scan("requests", math.MinInt64, math.MaxInt64)
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(runs); i = next.Add(1) - 1 {
				if err := runs[i].Each(ctx, func(text []byte, _ bool) error { return visit(text) }); err != nil {
					fail(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if damage := d.Damage(); len(damage) > 0 {
		return fmt.Errorf("damage: %v", damage)
	}
	return nil
}
