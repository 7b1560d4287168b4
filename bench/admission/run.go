package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// way is how one run is bounded.
type way struct {
	name   string
	atOnce int
	admits bool
	azure  string // directory of Azure's Python worker; empty for the custom handler
}

// feed has all blobs worked on, and counts what came of it.
func (b *bench) feed(ctx context.Context, w way) (f figure, err error) {
	f = figure{Way: w.name, AtOnce: w.atOnce}
	group, err := rig.MakeGroup(b.limit)
	if err != nil {
		return f, err
	}
	defer group.Remove()
	if err := b.warm(); err != nil {
		return f, err
	}
	store, err := file.Open(b.dir, file.Options{})
	if err != nil {
		return f, err
	}
	defer store.Close()
	st, err := b.start(ctx, w, group)
	if err != nil {
		return f, err
	}
	defer st.Stop(20 * time.Second)
	usage := rig.Sampling(5*time.Millisecond, group.WorkingSet)
	defer usage.Stop()
	kills := rig.Sampling(10*time.Millisecond, func() (int64, error) { return group.Kills(), nil })
	defer kills.Stop()

	began, name := time.Now(), queueOf(w)
	for _, n := range b.names {
		if _, err := store.Put(ctx, name, []byte(n)); err != nil {
			return f, err
		}
	}
	if err := b.collect(ctx, store, name, began, &f); err != nil {
		return f, err
	}
	status, err := st.Status(ctx)
	if err != nil {
		return f, err
	}
	f.Kills, f.PeakMiB = kills.Last().Bytes, usage.Peak()>>20
	f.Deaths, f.Replaced = status.Events["worker_died"], status.Events["replace_done"]
	st.Stop(20 * time.Second)
	f.Wait, err = b.waits(ctx, st.Data)
	return f, err
}

func queueOf(w way) string {
	return strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(strings.ToLower(fmt.Sprintf("%s-%d", w.name, w.atOnce)))
}

// app is the folder of a way's function app.
func app(w way) string {
	if w.azure != "" {
		return "azure"
	}
	return "handler"
}

// start starts stanch with the worker, in the cgroup the one or both.
func (b *bench) start(ctx context.Context, w way, group *rig.Group) (*rig.Stanch, error) {
	folder, err := b.stage.Scratch("app")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(b.stage.Root, "bench/admission", app(w)))); err != nil {
		return nil, err
	}
	log, err := b.stage.Log(queueOf(w))
	if err != nil {
		return nil, err
	}
	worker := "#!/bin/sh\nexec python3 -u -B handler.py\n"
	c := rig.Command{Output: log, Env: []string{"QUEUE=" + queueOf(w), "FUNCTIONS_WORKER_RUNTIME=custom", "PYTHONDONTWRITEBYTECODE=1"}}
	flags := []string{"--app", folder, "--store", "file:" + b.dir, "--restart-budget", "1000/10m", "--restart-backoff", "100ms"}
	if w.admits {
		c.Group = group
		c.Env = append(c.Env, fmt.Sprint("MAX_CONCURRENT_INVOCATIONS=", w.atOnce))
	} else {
		worker = fmt.Sprintf("#!/bin/sh\necho $$ >%q && exec python3 -u -B handler.py\n", group.Procs())
		flags = append(flags, "--admission", "off", "--cgroup=false", "--max-concurrency", fmt.Sprint(w.atOnce))
	}
	if w.azure != "" {
		c.Env = append(c.Env, "FUNCTIONS_WORKER_RUNTIME=python")
		flags = append(flags, "--language-worker", w.azure)
	}
	if err := os.WriteFile(filepath.Join(folder, "worker.sh"), []byte(worker), 0o755); err != nil {
		return nil, err
	}
	st, err := b.stage.StartStanch(ctx, b.program, rig.Options{Command: c, Flags: flags})
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return st, nil
}

// collect takes the answers in until each blob is done or given up.
func (b *bench) collect(ctx context.Context, store *file.Store, name string, began time.Time, f *figure) error {
	ctx, cancel := context.WithTimeout(ctx, b.within)
	defer cancel()
	seen := map[string]bool{}
	var small, large []float64
	var bytes int64
	middle := b.middle()
	for len(seen)+f.Poison < b.blobs && ctx.Err() == nil {
		leases, err := store.Lease(ctx, name+"-done", queue.Ask{Max: 32, Hold: time.Minute})
		if err != nil && !errors.Is(err, work.ErrAbsent) && ctx.Err() == nil {
			return err
		}
		for _, l := range leases {
			n, err := b.check(l.Message().Body)
			if err != nil {
				return err
			}
			if err := l.Done(ctx); err != nil {
				return err
			}
			if seen[n] {
				f.Twice++
				continue
			}
			seen[n] = true
			after := l.Message().Inserted.Sub(began).Seconds()
			f.Seconds = max(f.Seconds, after)
			bytes += b.known[n].size
			if b.known[n].size < middle {
				small = append(small, after)
			} else {
				large = append(large, after)
			}
		}
		if depth, err := store.Depth(ctx, name+"-poison"); err == nil {
			f.Poison = int(depth.Total)
		}
		if len(leases) == 0 {
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	f.Done, f.MBPerSecond = len(seen), float64(bytes)/1e6/f.Seconds
	f.SmallDone, f.LargeDone = of(small), of(large)
	if b.keep != "" {
		text, err := os.ReadFile(filepath.Join(b.stage.Dir, name+".log"))
		return errors.Join(err, os.WriteFile(filepath.Join(b.keep, name+".log"), text, 0o644))
	}
	return nil
}

func (b *bench) check(answer []byte) (name string, err error) {
	var got struct {
		Name   string
		Bytes  int64
		SHA256 string
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", fmt.Errorf("read an answer: %w", err)
	}
	if want := b.known[got.Name]; got.Bytes != want.size || got.SHA256 != want.digest {
		return "", fmt.Errorf("blob %q: the worker read %d bytes with the digest %s, want %d with %s", got.Name, got.Bytes, got.SHA256, want.size, want.digest)
	}
	return got.Name, nil
}

// waits asks stanch's own rows how long invocations waited for room.
func (b *bench) waits(ctx context.Context, data string) (spread, error) {
	text, err := exec.CommandContext(ctx, b.program, "query", "--from", data, "--format", "json",
		`requests | where customDimensions.trigger == "queueTrigger" | project waited = todouble(customDimensions.waitedMs)`).Output()
	if err != nil {
		return spread{}, fmt.Errorf("ask how long they waited: %w", err)
	}
	var answer struct {
		Tables []struct{ Rows [][]float64 }
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Tables) == 0 {
		return spread{}, fmt.Errorf("read how long they waited: %w: %.300s", err, text)
	}
	var all []float64
	for _, row := range answer.Tables[0].Rows {
		all = append(all, row[0]/1000)
	}
	return of(all), nil
}

func of(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	slices.Sort(values)
	return spread{values[len(values)/2], values[min(len(values)*99/100, len(values)-1)]}
}
