package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

type bench struct {
	settings
	stage   *rig.Stage
	program string
	worker  []string
}

// trial is what one spike did.
type trial struct {
	kills       int64
	survived    bool // stanch, or in mode none the worker, is the process it was
	postMortems int
	refused     bool
	refusal     time.Duration // from the crossing; negative where stanch was ahead of it
	recovered   bool
	recovery    time.Duration
	peak        int64
	rate        float64 // MiB a second, from half to 90 % of the limit
	spike       string  // how the spike's own request ended
	polls       int64
	lost        map[string]int64
	log         []string
}

// criticalShare is the default level of the band that refuses. Where stanch
// tells another level, that is used.
const criticalShare = .90

// patience is how long a trial waits for the service to be well again.
const patience = 60 * time.Second

func (b *bench) trial(ctx context.Context, mode string) (trial, error) {
	group, err := rig.MakeGroup(b.limit)
	if err != nil {
		return trial{}, err
	}
	defer group.Remove()
	log, err := b.stage.Log("spike")
	if err != nil {
		return trial{}, err
	}
	defer log.Close()
	if err := b.stage.Cold(); err != nil {
		return trial{}, err
	}
	s, err := b.start(ctx, mode, rig.Command{Args: b.worker, Group: group, Nobody: mode != "own-cgroup", Output: log})
	if err != nil {
		return trial{}, err
	}
	defer s.Stop(2 * time.Second)

	usage := rig.Sampling(time.Millisecond, group.Usage)
	defer usage.Stop()
	kills := rig.Sampling(10*time.Millisecond, func() (int64, error) { return group.Kills(), nil })
	defer kills.Stop()
	p := &polls{}
	polling, stop := context.WithCancel(ctx)
	defer stop()
	var poller sync.WaitGroup
	var summary load.Summary
	run, err := p.run(s.address)
	if err != nil {
		return trial{}, err
	}
	poller.Go(func() { summary = run.Do(polling) })

	began, ended := p.waitOK(ctx, 300, time.Now()), ""
	asked := time.Now()
	if began {
		ended = spike(ctx, s.address, b.mb, b.mbps)
		if mode != "none" { // nobody would bring it back
			p.waitOK(ctx, 100, time.Now())
		}
	}
	stop()
	poller.Wait()
	if ctx.Err() != nil {
		return trial{}, ctx.Err()
	}
	if !began {
		return trial{}, errors.New("the worker did not answer before the spike")
	}

	t := trial{kills: kills.Last().Bytes, peak: usage.Peak(), spike: ended, survived: true, polls: summary.Sent, lost: summary.Reasons}
	select {
	case <-s.Done:
		t.survived = false
	default:
	}
	if s.stanch != nil {
		t.postMortems = s.stanch.PostMortems()
	}
	samples := usage.Stop()
	if half, ok := rig.Crossing(samples, b.limit/2); ok {
		if most, ok := rig.Crossing(samples, b.limit*9/10); ok && most.At.After(half.At) {
			t.rate = float64(most.Bytes-half.Bytes) / (1 << 20) / most.At.Sub(half.At).Seconds()
		}
	}
	if crossed, ok := rig.Crossing(samples, s.critical); ok {
		t.refusal, t.refused = p.firstLost(crossed.At, asked)
		if t.refused {
			t.recovery, t.recovered = p.firstOK(crossed.At, crossed.At.Add(t.refusal))
		}
	}
	text, _ := os.ReadFile(log.Name())
	t.log = strings.Split(string(text), "\n")
	return t, nil
}

// served is what a trial attacks.
type served struct {
	*rig.Process
	address  string
	critical int64 // bytes
	stanch   *rig.Stanch
}

func (b *bench) start(ctx context.Context, mode string, c rig.Command) (served, error) {
	critical := int64(criticalShare * float64(b.limit))
	if mode == "none" {
		port, err := rig.FreePort()
		if err != nil {
			return served{}, err
		}
		c.Args = rig.At(c.Args, port)
		p, err := rig.Start(c)
		if err != nil {
			return served{}, err
		}
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if err := rig.WaitOK(ctx, "http://"+address+"/healthz", 30*time.Second, p); err != nil {
			p.Stop(0)
			return served{}, err
		}
		return served{p, address, critical, nil}, nil
	}
	if mode == "own-cgroup" {
		if err := c.Group.Delegate(); err != nil {
			return served{}, err
		}
	}
	st, err := b.stage.StartStanch(ctx, b.program, rig.Options{Command: c})
	if err != nil {
		text, _ := io.ReadAll(io.LimitReader(c.Output.(*os.File), 4000))
		return served{}, fmt.Errorf("%w\n%s", err, text)
	}
	if status, err := st.Status(ctx); err == nil && status.Levels.Critical > 0 {
		critical = status.Levels.Critical
	}
	return served{st.Process, st.Address, critical, st}, nil
}

// spike asks for the memory, and says how the request ended.
func spike(ctx context.Context, address string, mb, mbps int) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", fmt.Sprintf("http://%s/spike?mb=%d&mbps=%d", address, mb, mbps), nil)
	if err != nil {
		return err.Error()
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	switch {
	case ctx.Err() != nil:
		return "no answer"
	case errors.Is(err, io.EOF):
		return "cut"
	case err != nil:
		return "error"
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "cut"
	}
	return fmt.Sprint("status ", res.StatusCode)
}
