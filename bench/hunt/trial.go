package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// trial is one hunt, and whether what it said is right.
type trial struct {
	Kind     string         `json:"kind"`
	Seed     uint64         `json:"seed"`
	Seconds  float64        `json:"seconds"`
	Summary  string         `json:"summary"`
	Wrong    string         `json:"wrong,omitempty"` // what is; empty if all is right
	Verdict  hunt.Verdict   `json:"verdict"`
	Class    hunt.Class     `json:"class,omitempty"`
	Truth    float64        `json:"truth"` // bytes a request; 0 where nothing leaks
	Rate     *hunt.Interval `json:"rate,omitempty"`
	AtMost   float64        `json:"at_most"` // the largest bound of all endpoints
	Blocks   int            `json:"blocks"`
	Requests int            `json:"requests"`
}

func (t trial) told() string {
	if t.Wrong != "" {
		return "WRONG: " + t.Wrong + " (" + t.Summary + ")"
	}
	return t.Summary
}

// kind is one kind of trial.
type kind struct {
	name  string
	many  bool // as many as -seeds says
	paths []string
	flags []string
	// command is the worker's, and its environment, for a seed; leaky is the
	// endpoint that leaks then, empty for none.
	command func(seed uint64) (args, env []string, leaky string)
	bytes   float64    // that it leaks a request
	class   hunt.Class // that it has to be called; empty for any
	judge   func(r hunt.Report) string
}

func (k kind) hunt(ctx context.Context, stanch string, seed uint64) (trial, error) {
	ctx, cancel := context.WithTimeout(ctx, longest+time.Minute)
	defer cancel()
	worker, env, leaky := k.command(seed)
	args := append([]string{"hunt", "--json", "--seed", fmt.Sprint(seed), "--for", longest.String()}, k.flags...)
	args = append(append(append(args, k.paths...), "--"), worker...)
	cmd := exec.CommandContext(ctx, stanch, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if ctx.Err() != nil {
		return trial{}, ctx.Err()
	}
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return trial{}, err
	}
	var r hunt.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return trial{}, fmt.Errorf("stanch %v printed no report: %w\n%s", args, err, errs.String())
	}
	t := trial{Kind: k.name, Seed: seed, Seconds: took.Seconds(), Summary: r.Summary, Verdict: r.Verdict, Blocks: r.Blocks}
	for _, f := range r.Findings {
		t.Requests += f.Requests
		t.AtMost = max(t.AtMost, f.AtMost)
		if f.Endpoint == leaky && f.Side == hunt.SideA {
			t.Truth, t.Class, t.Rate = k.bytes, f.Class, f.PerRequest
		}
	}
	t.Wrong = k.wrong(r, leaky, took, cmd.ProcessState.ExitCode())
	return t, nil
}

// wrong says what is wrong with a report; empty if nothing is.
func (k kind) wrong(r hunt.Report, leaky string, took time.Duration, code int) string {
	if took > longest {
		return fmt.Sprintf("it took %v", took)
	}
	for _, f := range r.Findings {
		if f.Side != hunt.SideA {
			continue
		}
		leaks := f.Endpoint == leaky
		switch {
		case leaks && f.Verdict != hunt.Leaks:
			return fmt.Sprintf("%s leaks, and is called %s", f.Endpoint, f.Verdict)
		case leaks && k.class != "" && f.Class != k.class:
			return fmt.Sprintf("%s leaks %s memory, and it is called %s", f.Endpoint, k.class, f.Class)
		case !leaks && f.Verdict == hunt.Leaks:
			return fmt.Sprintf("%s is clean, and is called a leak", f.Endpoint)
		}
	}
	if want := map[bool]int{true: 0, false: 3}[leaky == ""]; code != want {
		return fmt.Sprintf("the exit code is %d, and should be %d", code, want)
	}
	if k.judge != nil {
		return k.judge(r)
	}
	return ""
}

func summarize(name string, trials []trial) summary {
	s := summary{Kind: name, Trials: len(trials), Error: -1}
	var seconds []float64
	for _, t := range trials {
		seconds = append(seconds, t.Seconds)
		if t.Wrong == "" {
			s.Right++
		}
		if t.Truth == 0 {
			s.AtMost = max(s.AtMost, t.AtMost)
			continue
		}
		if t.Rate == nil {
			s.Missed++
			continue
		}
		s.Error = max(s.Error, math.Abs(t.Rate.Mid-t.Truth)/t.Truth)
		if t.Rate.Lo > t.Truth || t.Rate.Hi < t.Truth {
			s.Missed++
		}
	}
	slices.Sort(seconds)
	s.Median, s.Longest = seconds[len(seconds)/2], seconds[len(seconds)-1]
	return s
}
