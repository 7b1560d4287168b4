package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Options is how to run stanch in front of a worker.
type Options struct {
	Command          // Args are the worker's command, with {port}
	Flags   []string // further flags of stanch run
	Data    string   // directory of post-mortems; empty takes a new one
}

// Stanch is a running `stanch run`.
type Stanch struct {
	*Process
	Address string // for clients
	Admin   string
	Data    string
}

// StartStanch starts the program in front of the worker and returns when it is
// ready, or with the reason why it is not in 30 seconds.
func (s *Stage) StartStanch(ctx context.Context, program string, o Options) (*Stanch, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	admin, err := FreePort()
	if err != nil {
		return nil, err
	}
	if o.Data == "" {
		if o.Data, err = s.Scratch("data"); err != nil {
			return nil, err
		}
	}
	st := &Stanch{Address: fmt.Sprintf("127.0.0.1:%d", port), Admin: fmt.Sprintf("127.0.0.1:%d", admin), Data: o.Data}
	args := []string{program, "run", "--listen", st.Address, "--admin", st.Admin, "--data", o.Data, "--shutdown-delay", "0s"}
	args = append(append(args, o.Flags...), "--")
	o.Args = append(args, o.Args...)
	if st.Process, err = Start(o.Command); err != nil {
		return nil, err
	}
	if err := WaitOK(ctx, "http://"+st.Admin+"/readyz", 30*time.Second, st.Process); err != nil {
		st.Stop(time.Second)
		return nil, fmt.Errorf("wait for stanch: %w", err)
	}
	return st, nil
}

// WaitOK returns when the URL answers 200, or with an error after so long, when
// ctx is done, or when the process (which may be nil) has ended.
func WaitOK(ctx context.Context, url string, patience time.Duration, p *Process) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var ended <-chan struct{}
	if p != nil {
		ended = p.Done
	}
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	last := "no answer"
	for {
		if res, err := client.Get(url); err == nil {
			text, _ := io.ReadAll(io.LimitReader(res.Body, 300))
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
			last = fmt.Sprintf("%s: %s", res.Status, text)
		}
		select {
		case <-ended:
			return fmt.Errorf("the process ended: %s", p.Exit())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %v: %s", url, patience, last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Status is the part of GET /status that benches read.
type Status struct {
	Ready   string           `json:"ready"`
	Band    json.RawMessage  `json:"band"`
	Used    int64            `json:"used"`
	Limit   int64            `json:"limit"`
	Self    int64            `json:"stanch_rss"`
	Decided string           `json:"decided_by"`
	Next    time.Duration    `json:"next_look"`
	Events  map[string]int64 `json:"events"`
	Levels  struct {
		Degraded, Critical, Emergency, Brink int64
	} `json:"levels"`
	Workers []struct {
		ID   string `json:"id"`
		PID  int    `json:"pid"`
		Used int64  `json:"used"`
	} `json:"workers"`
	Traffic struct {
		Requests int64            `json:"requests"`
		Retries  int64            `json:"retries"`
		Refused  map[string]int64 `json:"refused_or_failed"`
	} `json:"traffic"`
}

// admin is one for all: the admin listener is asked a few times a second.
var admin = &http.Client{Timeout: 5 * time.Minute}

// Status asks stanch how it is.
func (st *Stanch) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, st.ask(ctx, "GET", "/status", &s)
}

// Replace has a worker replaced, and returns when it has been.
func (st *Stanch) Replace(ctx context.Context) error {
	return st.ask(ctx, "POST", "/replace", nil)
}

func (st *Stanch) ask(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+st.Admin+path, nil)
	if err != nil {
		return err
	}
	res, err := admin.Do(req)
	if err != nil {
		return fmt.Errorf("ask stanch: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	if into == nil {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("read stanch's status: %w", err)
	}
	return nil
}

// PostMortems counts the files that stanch has written about deaths.
func (st *Stanch) PostMortems() int {
	count := 0
	for _, pattern := range []string{"*.json", "*/*.json"} {
		files, _ := filepath.Glob(filepath.Join(st.Data, pattern))
		count += len(files)
	}
	return count
}

// Log opens a file below the stage for a process's output.
func (s *Stage) Log(name string) (*os.File, error) {
	f, err := os.Create(filepath.Join(s.Dir, name+".log"))
	if err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	return f, nil
}
