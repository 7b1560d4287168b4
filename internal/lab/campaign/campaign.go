// Package campaign carries an experiment through: its controls, its rounds until it is
// decided, and the bundle that all of it goes into.
//
// It decides nothing but when to stop: on an interruption, which leaves a bundle that
// says so and has no verdict; when a subject can't go on; and after a round, where the
// experiment leaves that open, as soon as the verdict is clear. Begin with [Run].
package campaign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/lab/derive"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/trial"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// Config is what is run, and where what it leaves goes.
type Config struct {
	trial.Config
	Source  []byte // of the experiment's file, as it is run
	Out     string // the bundle's directory, absent or empty
	Version string // of stanch
	Small   bool   // as asked for, with Speed and Scale; 0 is the file's own
	Speed   float64
	Scale   float64
	Compare *lab.Pairing // the experiment was only made to compare; nil is as the file says
	// Begin is told of each run before it begins, and of how many there may be; nil is
	// nobody.
	Begin func(run timeline.Run, most int)
}

// Run carries it through. The result has no verdict where the campaign was interrupted;
// the error says what kept the lab from its work, and the bundle is sealed all the same
// where there is one.
func Run(ctx context.Context, cfg Config) (*derive.Result, error) {
	m := lab.Manifest{
		Name: cfg.Experiment.Name, Stanch: cfg.Version, Small: cfg.Small, Speed: cfg.Speed, Scale: cfg.Scale,
		Seed: cfg.Experiment.Load.Seed, Compare: cfg.Compare, Started: time.Now().UTC(), Machine: machine(),
	}
	if err := trial.Possible(); err != nil {
		return nil, err
	}
	w, err := bundle.Create(cfg.Out, cfg.Source, m)
	if err != nil {
		return nil, err
	}
	c := &campaign{cfg: cfg, w: w}
	ran := c.runs(ctx)
	// What was seen is kept whatever happened, and not given up with the work.
	end := context.WithoutCancel(ctx)
	state, why := lab.Complete, ""
	if ran != nil {
		state, why = lab.Aborted, ran.Error()
	}
	r, err := c.seal(end, state, why)
	return r, errors.Join(ran, err)
}

type campaign struct {
	cfg   Config
	w     *bundle.Writer
	order map[int]int // runs so far, by round
}

// runs are the controls, and rounds until the verdict is clear.
func (c *campaign) runs(ctx context.Context) error {
	e := c.cfg.Experiment
	c.order = map[int]int{}
	least, most := max(e.Repeat.Least, 1), max(e.Repeat.Most, e.Repeat.Least, 1)
	if !e.Repeat.UntilDecided {
		least = most
	}
	done := 0
	for rounds := least; rounds <= most; rounds++ {
		all := timeline.Runs(e, rounds)
		for _, run := range all[done:] {
			if c.cfg.Begin != nil {
				c.cfg.Begin(run, len(timeline.Runs(e, most)))
			}
			goOn, err := c.one(ctx, run)
			if err != nil || !goOn {
				return err
			}
		}
		done = len(all)
		if rounds == most {
			break
		}
		decided, err := c.decided(ctx)
		if err != nil || decided {
			return err
		}
	}
	return nil
}

// one does a run. It says whether there is any use in the next.
func (c *campaign) one(ctx context.Context, run timeline.Run) (goOn bool, err error) {
	sink, err := c.w.Run(run.Number)
	if err != nil {
		return false, err
	}
	c.order[run.Round]++
	order := c.order[run.Round]
	if err := sink.Begin(lab.Record{Number: run.Number, Role: string(run.Role), Variant: run.Variant, Round: run.Round, Order: order, Began: time.Now().UTC()}); err != nil {
		return false, errors.Join(err, sink.Close(lab.Record{Number: run.Number}))
	}
	record, err := trial.New(c.cfg.Config, run, sink).Run(ctx)
	record.Order, record.Began = order, record.Began.UTC()
	if closing := sink.Close(record); err == nil {
		err = closing
	}
	return record.Finished, err
}

// decided says whether another round could change anything: it could where the verdict
// is open, and the instrument is not what is wrong.
func (c *campaign) decided(ctx context.Context) (bool, error) {
	b, err := bundle.Open(c.cfg.Out)
	if err != nil {
		return false, err
	}
	r, err := derive.Evidence(ctx, b)
	if err != nil {
		return false, err
	}
	return r.Verdict.Outcome != verdict.Inconclusive || !strings.HasPrefix(r.Verdict.Next, verdict.Again), nil
}

// seal makes what follows from the evidence, and ends the bundle.
func (c *campaign) seal(ctx context.Context, state lab.State, why string) (*derive.Result, error) {
	ended := time.Now().UTC()
	b, err := bundle.Open(c.cfg.Out)
	if err != nil {
		return nil, err
	}
	b.Manifest.State, b.Manifest.Why, b.Manifest.Ended = state, why, ended
	r, err := derive.Derive(ctx, b)
	if err != nil {
		return r, errors.Join(err, c.w.Seal(lab.Aborted, fmt.Sprintf("nothing could be made of the evidence: %v", err), ended))
	}
	for _, name := range derive.Files() {
		if text, ok := r.Files[name]; ok {
			if err := c.w.Put(name, text); err != nil {
				return r, err
			}
		}
	}
	return r, c.w.Seal(state, why, ended)
}

// machine is where this is run.
func machine() lab.Machine {
	m := lab.Machine{Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Cgroup: "none"}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.Memory = int64(info.Totalram) * int64(info.Unit)
	}
	if group, err := cgroup.System().Own(); err == nil {
		m.Cgroup = fmt.Sprintf("v%d", group.Version())
		group.Close()
	}
	if clock, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource"); err == nil {
		m.Clock = strings.TrimSpace(string(clock))
	}
	return m
}
