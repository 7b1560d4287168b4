package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
)

// hosts is how many stanches take from the one queue.
const hosts = 2

// run is a schedule at work. What it does is done by the test's goroutine, as ops.
type run struct {
	t          *testing.T
	plan       *plan
	depot      depot
	store      *connect.Stores
	app, dir   string
	notes      string
	control    *httptest.Server
	ops        chan func()
	quit       chan struct{} // closed when no op is done any more
	rand       *rand.Rand
	instances  [hosts]*instance
	over       bool
	pace       pace
	keeping    sync.WaitGroup
	keeper     chan func() // what is done to the store, one after the other
	away       atomic.Bool // the store is
	starts     int
	fed        int // messages that were put in
	stanchDied int

	pending atomic.Int32  // faults that are due and have not happened yet
	pids    [hosts]string // the last handlers that started

	mu     sync.Mutex
	done   map[int]bool    // messages whose fault has happened
	count  map[string]int  // of faults
	killed map[string]bool // workers that the schedule killed, by pid
}

// fill puts the first messages and the blob that they name into the store.
func (r *run) fill() {
	r.t.Helper()
	ctx := r.t.Context()
	if _, err := r.store.Blobs.Put(ctx, blob.Name{Container: "inputs", Path: "a.bin"}, blob.Head{}, strings.NewReader(string(input())), blob.Want{}); err != nil {
		r.t.Fatal(err)
	}
	r.feed()
	if r.t.Failed() {
		r.t.FailNow()
	}
}

// The queue is kept short: Azurite sorts all of it for each lease.
const (
	shortest = 200
	portion  = 100
)

// feed puts the next messages in. One whose answer did not come is put again, and may be there twice.
func (r *run) feed() {
	next := r.plan.jobs[r.fed:min(len(r.plan.jobs), r.fed+portion)]
	r.fed += len(next)
	var putting sync.WaitGroup
	jobs := make(chan job, len(next))
	for _, j := range next {
		jobs <- j
	}
	close(jobs)
	for range 8 {
		putting.Go(func() {
			for j := range jobs {
				for tries := 0; ; tries++ {
					_, err := r.store.Queues.Put(r.t.Context(), "jobs", j.body())
					if err == nil {
						break
					}
					if tries == 240 { // Azurite takes a while to be back on a machine that is busy
						r.t.Errorf("put message %d: %v", j.N, err)
						return
					}
					time.Sleep(500 * time.Millisecond)
				}
			}
		})
	}
	putting.Wait()
}

// soon has an op done after a while.
func (r *run) soon(d time.Duration, op func()) {
	time.AfterFunc(d, func() { r.post(op) })
}

// post has an op done, if the run is not over.
func (r *run) post(op func()) {
	select {
	case r.ops <- op:
	case <-r.quit:
	}
}

// wait does ops until the queue is empty, and says whether it was in time.
func (r *run) wait(timeout time.Duration) bool {
	late := time.After(timeout)
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	for empty := 0; empty < 3; {
		select {
		case op := <-r.ops:
			op()
		case <-look.C:
			if r.away.Load() || r.pending.Load() > 0 {
				continue
			}
			ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Second)
			d, err := r.store.Queues.Depth(ctx, "jobs")
			cancel()
			switch {
			case err == nil && r.fed < len(r.plan.jobs) && d.Total < shortest:
				r.feed()
			case err == nil && d.Total == 0:
				empty++
				continue
			}
			empty = 0
		case <-late:
			return false
		}
	}
	return true
}

// ended starts a host again.
func (r *run) ended(i *instance) {
	if !i.asked.Load() {
		r.stanchDied++
	}
	if !r.over && r.instances[i.host] == i {
		r.instances[i.host] = r.launch(i.host)
	}
}

// listen hears from the handlers where they are.
func (r *run) listen() {
	r.control = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		q := req.URL.Query()
		host, _ := strconv.Atoi(q.Get("host"))
		step, fault := q.Get("step"), q.Get("fault")
		switch step {
		case "leasing":
			r.do(func() { r.started(host, q.Get("pid")) })
			return
		case "doom":
			r.do(func() { r.strike("stanch", host, "") })
			return
		}
		n, _ := strconv.Atoi(q.Get("n"))
		victim, want, _ := strings.Cut(fault, "@")
		outside := slices.Contains(storeSteps, want)
		if step != want && (!outside || step != "noted") {
			return
		}
		r.mu.Lock()
		again := r.done[n]
		r.done[n] = true
		r.mu.Unlock()
		if again {
			return
		}
		act := func() {
			r.pending.Add(1)
			defer r.pending.Add(-1)
			hit := false
			if victim == "store" || victim == "down" {
				hit = r.outage(victim) != nil
			} else {
				r.do(func() {
					pid := q.Get("pid")
					if outside {
						pid = r.pids[host] // the one of then may have been replaced
					}
					hit = r.strike(victim, host, pid)
				})
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if hit {
				r.count[fault]++
			} else {
				r.done[n] = false // the next delivery tries again, if there is one
			}
		}
		if outside {
			r.depot.proxy(host).arm(want, act)
			return
		}
		if step == "answered" {
			time.Sleep(rand.N(6 * time.Millisecond)) // so that the kill falls anywhere from the answer to the settlement
		}
		act()
		if victim == "hang" {
			fmt.Fprint(w, "hang")
		}
	}))
	r.t.Cleanup(func() {
		r.control.CloseClientConnections()
		r.control.Close()
	})
}

// do has the test's goroutine do something, and waits for it.
func (r *run) do(op func()) {
	done := make(chan struct{})
	select {
	case r.ops <- func() { defer close(done); op() }:
	case <-r.quit:
		return
	}
	select {
	case <-done:
	case <-r.quit:
	}
}

// started kills the host of a fresh handler while it leases, if its turn has come.
func (r *run) started(host int, pid string) {
	r.pids[host] = pid
	if r.starts++; r.plan.leasing[r.starts] {
		i := r.instances[host]
		r.soon(time.Duration(r.rand.Int64N(int64(30*time.Millisecond))), func() {
			if i.signal(syscall.SIGKILL) {
				r.note("stanch@leasing")
			}
		})
	}
}

func (r *run) note(fault string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count[fault]++
}

// strike does a fault, and says whether its victim was still there.
func (r *run) strike(victim string, host int, pid string) bool {
	i := r.instances[host]
	switch victim {
	case "stanch":
		return i.signal(syscall.SIGKILL)
	case "stop":
		i.asked.Store(true)
		return i.signal(syscall.SIGTERM)
	case "freeze":
		time.AfterFunc(r.pace.lease*3/2, func() { i.signal(syscall.SIGCONT) })
		return i.signal(syscall.SIGSTOP)
	case "worker":
		r.mu.Lock()
		r.killed[pid] = true
		r.mu.Unlock()
		n, err := strconv.Atoi(pid)
		return err == nil && syscall.Kill(n, syscall.SIGKILL) == nil
	case "429", "503", "half", "dropped":
		p := r.depot.proxy(host)
		p.set(victim)
		time.AfterFunc(2*time.Second, func() { p.set("") })
	}
	return true
}

// outage takes the store away, once the one before is over, and has it come back.
// It returns when the store is away; back is closed when it is there again, and nil
// if the run was over first.
func (r *run) outage(victim string) (back chan struct{}) {
	gone, lifted := make(chan struct{}), make(chan struct{})
	select {
	case r.keeper <- func() {
		defer close(lifted)
		r.away.Store(true)
		defer r.away.Store(false)
		pause := time.Second
		switch victim {
		case "store":
			r.depot.fell()
		case "down":
			r.depot.vanish()
			pause, r.pace.absence = r.pace.absence, min(r.pace.absence, 5*time.Second) // the first is the longest
		default:
			r.depot.vanish()
		}
		close(gone)
		time.Sleep(pause)
		r.depot.lift()
	}:
	case <-r.quit:
		return nil
	}
	<-gone
	return lifted
}
