// Package record makes labelled traces of real programs: small workers in Python, Node, Go, Java and C that leak, and their clean twins.
//
// Each worker is a server in a memory cgroup of its own, driven over HTTP by seeded
// requests. What it holds is read by the gauge that `stanch run` reads with, so a trace is what the
// guard sees: the charge of the group less what the kernel can drop, the
// heap where the runtime tells, threads and page cache. A worker counts the bytes that it leaks, so
// the label's rate is what it did and not what was meant. Begin with [Subjects] and [Record].
package record

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// Every is how far apart the samples are.
const Every = 2 * time.Second

// Recording is a label and its samples.
type Recording struct {
	synth.Label
	Samples []trend.Sample
}

// run is one subject that is being recorded.
type run struct {
	Recording
	subject    Subject
	args       []string
	worker     *worker
	driver     *driver
	generation int
	died       bool // of its limit, and is not started anew
}

// Record runs all subjects at once for a time, each with its driver, and returns
// what was read until then or until ctx ends. The directory is for programs and
// their files. A subject that can't be built is told to the log and left out.
func Record(ctx context.Context, log *slog.Logger, subjects []Subject, dir string, last time.Duration) (recordings []*Recording, err error) {
	parent, err := cgroup.System().Own()
	if err != nil {
		return nil, fmt.Errorf("find the memory cgroup: %w", err)
	}
	defer parent.Close()
	config := gauge.Default()
	config.HeapEvery = 4 * time.Second
	g, err := gauge.New(config)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	ctx, stop := context.WithTimeout(ctx, last)
	defer stop()
	var runs []*run
	for _, s := range subjects {
		args, err := build(ctx, s, dir)
		if err != nil {
			log.Warn("a subject is left out", "subject", s.ID(), "error", err)
			continue
		}
		runs = append(runs, &run{subject: s, args: args})
	}
	g.Start(ctx)
	var drivers sync.WaitGroup
	defer drivers.Wait()
	defer stop() // before drivers are waited for
	begins := time.Now()
	for _, r := range runs {
		h := fnv.New64a()
		_, _ = h.Write([]byte(r.subject.ID()))
		r.driver = &driver{subject: r.subject, random: rand.New(rand.NewPCG(1, h.Sum64())), begins: begins}
		drivers.Go(func() { r.driver.run(ctx) })
		defer func() { err = errors.Join(err, r.end(g)) }()
	}
	var reading memory.Reading
	for tick := time.NewTicker(Every); ; {
		for _, r := range runs {
			if err := r.renew(ctx, g, parent); err != nil && ctx.Err() == nil {
				return nil, err
			}
		}
		now := time.Now()
		g.Read(now, &reading)
		for _, r := range runs {
			r.note(now.Sub(begins), reading.Worker(r.subject.ID()))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			for _, r := range runs {
				recordings = append(recordings, r.finish())
			}
			return recordings, nil
		}
	}
}

// renew starts the worker where none runs, or its time has come.
func (r *run) renew(ctx context.Context, g *gauge.Gauge, parent *cgroup.Group) (err error) {
	switch {
	case r.died:
		return nil
	case r.worker == nil:
	case r.worker.gone() && r.subject.Restart == 0:
		r.died = true
		return r.end(g)
	case r.worker.gone(), r.subject.Restart > 0 && time.Since(r.worker.begun) >= r.subject.Restart:
		if err := r.end(g); err != nil {
			return err
		}
	default:
		return nil
	}
	r.generation++
	if r.worker, err = start(ctx, parent, r.subject, r.args, r.generation); err != nil {
		return fmt.Errorf("record %s: %w", r.subject.ID(), err)
	}
	g.Track(r.subject.ID(), r.worker.cmd.Process.Pid, r.worker.group)
	if lang := r.subject.Lang; lang == "go" || lang == "node" || lang == "java" {
		g.TrackHeap(r.subject.ID(), fmt.Sprintf("http://127.0.0.1:%d/metrics", r.worker.port))
	}
	r.driver.aim(r.worker.port)
	return nil
}

// end ends the present worker, if there is one.
func (r *run) end(g *gauge.Gauge) error {
	if r.worker == nil {
		return nil
	}
	g.Untrack(r.subject.ID())
	r.driver.aim(0)
	w := r.worker
	r.worker = nil
	return w.stop()
}

// note keeps what the gauge says of the worker.
func (r *run) note(at time.Duration, w *memory.Worker) {
	if r.worker == nil || w == nil || w.Used() <= 0 || r.worker.gone() {
		return
	}
	s := trend.Sample{
		At: at.Round(time.Millisecond), Bytes: w.Used(), Limit: r.subject.Limit, Generation: uint64(r.generation),
		Requests: r.driver.requests.Load(), InFlight: float64(r.driver.inFlight.Load()), Goroutines: r.driver.goroutines.Load(),
		File: w.Charge.Reclaimable, Kernel: w.Charge.Kernel, Threads: int64(w.Tree.Threads),
	}
	if w.Heap.Known {
		s.Heap, s.Committed = w.Heap.Live, w.Heap.Committed
	}
	if entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.PID)); err == nil {
		s.FDs = int64(len(entries))
	}
	if age := time.Since(r.worker.begun).Seconds(); !r.subject.Clean && s.Requests > 0 {
		leaked := float64(r.driver.leaked.Load())
		r.Rate = synth.Rate{PerSecond: leaked / age, PerRequest: leaked / float64(s.Requests)}
	}
	r.Samples = append(r.Samples, s)
}

// finish labels what was recorded.
func (r *run) finish() *Recording {
	s := r.subject
	rate := r.Rate
	if s.Driver == "time" { // what it leaks does not follow requests
		rate.PerRequest = 0
	}
	r.Label = synth.Label{
		ID: s.ID(), Source: "recorded", Seed: 1, App: "worker", Lang: s.Lang, Mechanism: s.Mechanism, Driver: s.Driver, Limit: s.Limit,
		Rate: rate, Class: s.Class, Cause: s.Cause, Clean: s.Clean, License: "Apache-2.0", Load: string(s.Shape), Endpoints: map[string]float64{}, Events: []synth.Event{},
	}
	if s.Class == "" && !s.Clean {
		r.Class = "unknown"
	}
	if s.Driver == "requests" {
		r.Endpoints["/"] = rate.PerRequest
	}
	for i, sample := range r.Samples {
		if i > 0 && sample.Generation != r.Samples[i-1].Generation {
			r.Events = append(r.Events, synth.Event{At: sample.At.Seconds(), Kind: "restart"})
		}
		r.End = sample.At.Seconds()
	}
	if r.died {
		r.Events = append(r.Events, synth.Event{At: r.End, Kind: "killed at its limit"})
	}
	return &r.Recording
}
