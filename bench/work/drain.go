package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/bench/work/report"
	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/connect"
)

// jobs is the queue that every way takes from.
const jobs = "jobs"

// patience bounds one measurement.
const patience = 3 * time.Minute

// fill puts n messages of 1 KiB into the queue.
func fill(ctx context.Context, text string, n int) error {
	c := connect.New(connect.Config{})
	defer c.Close()
	s, err := c.OpenText(text)
	if err != nil {
		return err
	}
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		group.Go(func() {
			for k := next.Add(1) - 1; k < int64(n) && errs[i] == nil; k = next.Add(1) - 1 {
				body := fmt.Appendf(nil, "job %08d ", k)
				body = append(body, strings.Repeat("x", 1024-len(body))...)
				_, errs[i] = s.Queues.Put(ctx, jobs, body)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// empty fails if the queue still holds something.
func empty(ctx context.Context, text string) error {
	c := connect.New(connect.Config{})
	defer c.Close()
	s, err := c.OpenText(text)
	if err != nil {
		return err
	}
	d, err := s.Queues.Depth(ctx, jobs)
	if err != nil && !errors.Is(err, work.ErrAbsent) {
		return err
	}
	if d.Total > 0 {
		return fmt.Errorf("the queue still holds %d messages", d.Total)
	}
	return nil
}

// files writes files into a new folder, and returns it.
func (b *bench) files(texts map[string]string) (string, error) {
	dir, err := b.stage.Scratch("app")
	if err != nil {
		return "", err
	}
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// app is a function app for Azure with a custom handler.
func (b *bench) app() (string, error) {
	return b.files(map[string]string{
		"host.json": fmt.Sprintf(`{"version":"2.0","extensions":{"queues":{"batchSize":32,"newBatchThreshold":96,"maxPollingInterval":"00:00:01"}},
			"customHandler":{"description":{"defaultExecutablePath":%q}}}`, b.worker),
		"work/function.json": `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":"jobs"}]}`,
	})
}

// plain is the same for a worker that takes messages as plain requests.
func (b *bench) plain() (string, error) {
	return b.files(map[string]string{"stanch.yaml": fmt.Sprintf(`command: [%q]
functions:
  work:
    queue: jobs
    path: /work
    batch: 32
    parallel: 128
`, b.worker)})
}

// byStanch has stanch run take the messages; form makes the folder that it runs in.
func (b *bench) byStanch(ctx context.Context, open func() (string, error), n int, form func() (string, error)) (f figure, err error) {
	store, err := open()
	if err != nil {
		return f, err
	}
	if err := fill(ctx, store, n); err != nil {
		return f, fmt.Errorf("fill the queue: %w", err)
	}
	folder, err := form()
	if err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	file := filepath.Join(folder, "report.json")
	st, err := b.begin(folder, store, file, n)
	if err != nil {
		return f, err
	}
	defer st.Stop(20 * time.Second)
	if b.profile != "" {
		go b.profiled(st.Admin)
	}
	r, err := report.Wait(ctx, file, st.Done)
	if err != nil {
		return f, err
	}
	if f, err = b.judge(r, st.PID, n); err != nil {
		return f, err
	}
	st.Stop(20 * time.Second)
	return f, empty(ctx, store)
}

// begin runs stanch in a folder.
func (b *bench) begin(folder, store, file string, n int) (*rig.Stanch, error) {
	log, err := b.stage.Log("stanch")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	port, err := rig.FreePort()
	if err != nil {
		return nil, err
	}
	admin, err := rig.FreePort()
	if err != nil {
		return nil, err
	}
	data, err := b.stage.Scratch("data")
	if err != nil {
		return nil, err
	}
	st := &rig.Stanch{Address: fmt.Sprintf("127.0.0.1:%d", port), Admin: fmt.Sprintf("127.0.0.1:%d", admin), Data: data}
	st.Process, err = rig.Start(rig.Command{
		Args: []string{b.stanch, "run", "--listen", st.Address, "--admin", st.Admin, "--data", data, "--shutdown-delay", "0s", "--memory-limit", "2GiB", "--cgroup=false"},
		Env:  []string{"BENCH_REPORT=" + file, fmt.Sprintf("BENCH_EXPECT=%d", n), "STANCH_STORE=" + store},
		Dir:  folder, Output: log,
	})
	return st, err
}

// byBare has the loop take them that people write without stanch.
func (b *bench) byBare(ctx context.Context, open func() (string, error), n int) (f figure, err error) {
	store, err := open()
	if err != nil {
		return f, err
	}
	if err := fill(ctx, store, n); err != nil {
		return f, fmt.Errorf("fill the queue: %w", err)
	}
	folder, err := b.stage.Scratch("bare")
	if err != nil {
		return f, err
	}
	log, err := b.stage.Log("bare")
	if err != nil {
		return f, err
	}
	defer log.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	port, err := rig.FreePort()
	if err != nil {
		return f, err
	}
	address, file := fmt.Sprintf("127.0.0.1:%d", port), filepath.Join(folder, "report.json")
	p, err := rig.Start(rig.Command{
		Args: []string{b.bare, b.worker, address},
		Env:  []string{"BENCH_REPORT=" + file, fmt.Sprintf("BENCH_EXPECT=%d", n), "BENCH_LISTEN=" + address, "BENCH_STORE=" + store}, Output: log,
	})
	if err != nil {
		return f, err
	}
	defer p.Stop(20 * time.Second)
	r, err := report.Wait(ctx, file, p.Done)
	if err != nil {
		return f, err
	}
	if f, err = b.judge(r, p.PID, n); err != nil {
		return f, err
	}
	p.Stop(20 * time.Second)
	return f, empty(ctx, store)
}

// profiled writes stanch's processor profile.
func (b *bench) profiled(admin string) {
	for range 100 {
		answer, err := http.Get("http://" + admin + "/debug/pprof/profile?seconds=3")
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		os.WriteFile(filepath.Join(b.profile, "stanch.pprof"), text, 0o600)
		return
	}
}

// judge makes a figure of a report; pid is the process that has the worker for a
// child.
func (b *bench) judge(r report.Report, pid, n int) (f figure, err error) {
	tree := rig.Tree(pid)
	if len(tree) < 2 {
		return f, fmt.Errorf("process %d has no worker", pid)
	}
	if f.stanch, err = rig.CPU(tree[0]); err != nil {
		return f, err
	}
	for _, child := range tree[1:] { // some of them may be about to end
		if took, err := rig.CPU(child); err == nil {
			f.worker += took
		}
	}
	if r.Count != n {
		return f, fmt.Errorf("the worker saw %d of %d messages", r.Count, n)
	}
	f.rate, f.twice = float64(r.Count)/r.Took.Seconds(), r.Twice
	f.stanch /= time.Duration(n)
	f.worker /= time.Duration(n)
	return f, nil
}
