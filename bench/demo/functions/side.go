package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/bench/rig"
)

// patience is how long a start, and the first message, may take.
const patience = time.Minute

// side is one of the variants, and what was seen of it. It is for one goroutine;
// its samplers are safe beside that.
type side struct {
	name, short string
	app         string
	env         []string

	process *rig.Process
	admin   string
	worker  pids

	begin    time.Time // of the first message
	took     time.Duration
	done     int64 // messages
	failed   int64
	died     int64 // workers
	atHalf   int64 // messages that were done half-way
	half     time.Time
	private  *rig.Sampler
	resident *rig.Sampler
	own      *rig.Sampler // stanch's
}

// status is what a side is asked for.
type status struct {
	Ready   string `json:"ready"`
	Workers []struct {
		PID int `json:"pid"`
	} `json:"workers"`
	Events map[string]int64 `json:"events"`
	Work   struct {
		Functions []struct {
			Succeeded, Failed int64
		} `json:"functions"`
	} `json:"work"`
}

// play runs the variant until its time is over, and shows it meanwhile.
func (sd *side) play(ctx context.Context, s settings, stage *rig.Stage, store *store, worker pythonWorker, screen *screen) error {
	if err := store.stanch(ctx, "queue", "put", "loop", "image.png", "--count", fmt.Sprint(s.messages)); err != nil {
		return err
	}
	log, err := stage.Log("output")
	if err != nil {
		return err
	}
	defer log.Close()
	if err := sd.start(ctx, s, stage, store, worker, log); err != nil {
		text, _ := os.ReadFile(log.Name()) // the error says enough without it
		return fmt.Errorf("%w\n%s", err, text[max(0, len(text)-3000):])
	}
	defer sd.stop()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	screen.begin()
	late := time.Now().Add(patience)
	for sd.took < s.duration {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-sd.process.Done:
			return fmt.Errorf("stanch ended: %s", sd.process.Exit())
		case <-tick.C:
			if err := sd.look(ctx, s); err != nil {
				return err
			}
			screen.progress(s, sd)
			if sd.done == 0 && time.Now().After(late) {
				text, _ := os.ReadFile(log.Name()) // the error says enough without it
				return fmt.Errorf("no message was done in %v, %d failed\n%s", patience, sd.failed, text[max(0, len(text)-3000):])
			}
		}
	}
	sd.stop()
	return store.stanch(ctx, "queue", "clear", "loop", "--yes")
}

func (sd *side) start(ctx context.Context, s settings, stage *rig.Stage, store *store, worker pythonWorker, log *os.File) error {
	port, err := rig.FreePort()
	if err != nil {
		return err
	}
	sd.admin = fmt.Sprintf("127.0.0.1:%d", port)
	data, err := stage.Scratch("data")
	if err != nil {
		return err
	}
	sd.process, err = rig.Start(rig.Command{
		Args: []string{
			store.program, "run", "--app", sd.app, "--language-worker", worker.dir, "--listen", "127.0.0.1:0", "--admin", sd.admin,
			"--data", data, "--shutdown-delay", "0s", "--memory-limit", fmt.Sprintf("%dMiB", s.limit>>20),
		},
		Env: append(append(store.environ(), "PYTHONDONTWRITEBYTECODE=1"), sd.env...), Output: log,
	})
	if err != nil {
		return err
	}
	if err := rig.WaitOK(ctx, "http://"+sd.admin+"/readyz", patience, sd.process); err != nil {
		sd.process.Stop(5 * time.Second)
		return fmt.Errorf("start stanch: %w", err)
	}
	const often = 50 * time.Millisecond
	sd.private = rig.Sampling(often, func() (int64, error) { return rig.Anonymous(sd.worker.get()) })
	sd.resident = rig.Sampling(often, func() (int64, error) { return rig.Resident(sd.worker.get()) })
	sd.own = rig.Sampling(often, func() (int64, error) { return rig.Resident(sd.process.PID) })
	return nil
}

// stop ends everything. The messages stay in the queue. It is safe twice.
func (sd *side) stop() {
	for _, sampler := range []*rig.Sampler{sd.private, sd.resident, sd.own} {
		sampler.Stop()
	}
	sd.process.Stop(15 * time.Second)
}

// look brings the counts up to date.
func (sd *side) look(ctx context.Context, s settings) error {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+sd.admin+"/status", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return fmt.Errorf("ask stanch how it is: %w", err)
	}
	defer answer.Body.Close()
	var st status
	if err := json.NewDecoder(answer.Body).Decode(&st); err != nil {
		return fmt.Errorf("read stanch's status: %w", err)
	}
	if len(st.Workers) > 0 {
		sd.worker.set(st.Workers[0].PID)
	}
	if len(st.Work.Functions) == 0 {
		return nil
	}
	sd.done, sd.failed, sd.died = st.Work.Functions[0].Succeeded, st.Work.Functions[0].Failed, st.Events["worker_died"]
	if sd.begin.IsZero() && sd.done > 0 {
		sd.begin = time.Now()
	}
	if !sd.begin.IsZero() {
		sd.took = time.Since(sd.begin)
	}
	if sd.half.IsZero() && sd.took >= s.duration/2 {
		sd.half, sd.atHalf = time.Now(), sd.done
	}
	return nil
}

// rate is messages a second.
func (sd *side) rate() float64 {
	if sd.took <= 0 {
		return 0
	}
	return float64(sd.done) / sd.took.Seconds()
}

// growth is by how many bytes the worker's private memory grew for each message of
// the second half, when it has warmed up: from that half's first third to its last,
// each by its lowest sample, which is what no message in flight has on top.
func (sd *side) growth() float64 {
	messages := sd.done - sd.atHalf
	if messages <= 0 || sd.half.IsZero() {
		return 0
	}
	third := (sd.took - sd.half.Sub(sd.begin)) / 3
	var first, last int64
	for _, sample := range sd.private.Stop() {
		switch at := sample.At.Sub(sd.half); {
		case at >= 0 && at < third && (first == 0 || sample.Bytes < first):
			first = sample.Bytes
		case at >= 2*third && (last == 0 || sample.Bytes < last):
			last = sample.Bytes
		}
	}
	return float64(last-first) / (float64(messages) * 2 / 3)
}

// result is the side as one of the benches would print it.
func (sd *side) result() map[string]any {
	return map[string]any{
		"messages": sd.done, "failed": sd.failed, "per_second": sd.rate(), "workers_died": sd.died,
		"private_peak_mib": sd.private.Peak() >> 20, "rss_peak_mib": sd.resident.Peak() >> 20, "stanch_peak_mib": sd.own.Peak() >> 20,
		"growth_bytes_per_message": sd.growth(),
	}
}

// pids is the present worker's process. It is safe for concurrent use.
type pids struct {
	mu  sync.Mutex
	pid int
}

func (p *pids) set(pid int) { p.mu.Lock(); p.pid = pid; p.mu.Unlock() }

// get is a process that is there: stanch's sampling leaves out what is not.
func (p *pids) get() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 || syscall.Kill(p.pid, 0) != nil {
		return -1
	}
	return p.pid
}
