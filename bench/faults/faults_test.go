package faults_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
)

var (
	messages = flag.Int("messages", 0, "messages for each store; 0: a small schedule")
	rounds   = flag.Int("rounds", 1, "how often each fault happens")
	absence  = flag.Duration("absence", 4*time.Second, "the store's longest absence")
	seed     = flag.Uint64("seed", 1, "of the schedule")
	keep     = flag.String("keep", "", "directory that keeps the hosts' logs and the notes")
)

// program is stanch, built once.
var program string

func TestMain(m *testing.M) {
	if natsrig.Play() {
		return
	}
	if os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT") != "" {
		fmt.Fprintln(os.Stderr, work())
		os.Exit(1)
	}
	dir, err := os.MkdirTemp("", "stanch-faults-")
	if err == nil {
		program = filepath.Join(dir, "stanch")
		var said []byte
		if said, err = exec.Command("go", "build", "-o", program, "../../cmd/stanch").CombinedOutput(); err != nil {
			err = fmt.Errorf("build stanch: %w\n%s", err, said)
		}
	}
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func TestNoMessageIsLost(t *testing.T) {
	for _, row := range []struct {
		name    string
		open    func(t *testing.T, hosts int) depot
		proxied bool
		small   int // messages of the small schedule
	}{
		{"file", newFile, false, 500},
		{"azurite", newAzure, true, 500},
		{"nats", newNATS, false, 500},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := *messages
			if n == 0 {
				n = row.small
			}
			walk(t, row.open(t, hosts), newPlan(*seed, n, *rounds, row.proxied))
		})
	}
}

// walk runs a schedule to its end, and checks what became of each message.
func walk(t *testing.T, d depot, p *plan) {
	r := &run{
		t: t, plan: p, depot: d, app: writeApp(t), dir: *keep, ops: make(chan func()), quit: make(chan struct{}), keeper: make(chan func()), rand: rand.New(rand.NewPCG(*seed, 2)),
		done: map[int]bool{}, count: map[string]int{}, killed: map[string]bool{}, long: *absence,
	}
	if r.dir == "" {
		r.dir = t.TempDir()
	} else {
		r.dir = filepath.Join(r.dir, filepath.Base(t.Name()))
	}
	r.notes = filepath.Join(r.dir, "notes")
	if err := os.MkdirAll(r.notes, 0o755); err != nil {
		t.Fatal(err)
	}
	all := connect.New(connect.Config{})
	var err error
	if r.store, err = all.OpenText(d.own()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := all.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	r.fill()
	r.listen()
	var keeping sync.WaitGroup
	keeping.Go(func() {
		for {
			select {
			case op := <-r.keeper:
				op()
			case <-r.quit:
				return
			}
		}
	})
	begun := time.Now()
	for i := range hosts {
		r.instances[i] = r.launch(i)
	}
	inTime := r.wait(time.Duration(len(p.jobs))*20*time.Millisecond + 2*time.Minute)
	took := time.Since(begun)
	r.over = true
	r.stop()
	close(r.quit)
	keeping.Wait()
	if !inTime {
		left, err := r.store.Queues.Depth(t.Context(), "jobs")
		t.Errorf("after %v the queue still holds %+v, %v", took, left, err)
	}
	o := r.outcome()
	s := check(t, p.jobs, o)
	hit := 0
	for _, n := range r.count {
		hit += n
	}
	if want := p.faults + len(p.leasing); hit < want {
		t.Errorf("%d faults happened, want the %d of the schedule\n got %v\nwant %v", hit, want, r.count, p)
	}
	notes := 0
	for _, err := range r.store.Ledger.Each(t.Context(), "kills/") {
		if err != nil {
			t.Fatal(err)
		}
		notes++
	}
	t.Logf("%s: %d messages, %d faults, %.0f s: completed %d, poison %d (of which bystanders of two deaths %d), lost 0 unless said above; "+
		"completed again %d (one at most %d times), outputs twice %d; stanch died %d times; kills after an answer fell before the output %d, before the settlement %d, after it %d; notes left in the ledger %d",
		filepath.Base(t.Name()), len(p.jobs), hit, took.Seconds(), s.completed, s.poison, s.bystanders,
		s.duplicates, s.mostOften, s.outputs, r.stanchDied, s.beforeOut, s.beforeSettle, s.afterAll, notes)
	if t.Failed() {
		r.tail()
	}
}

// stop ends the hosts while it goes on doing ops.
func (r *run) stop() {
	ended := make(chan time.Duration, hosts)
	for _, i := range r.instances {
		go func() { ended <- i.end(r.t) }()
	}
	for left := hosts; left > 0; {
		select {
		case op := <-r.ops:
			op()
		case <-ended:
			left--
		}
	}
}

// tail shows the end of what the hosts said.
func (r *run) tail() {
	for i := range hosts {
		text, err := os.ReadFile(filepath.Join(r.dir, fmt.Sprintf("host%d.log", i)))
		if err != nil {
			r.t.Error(err)
		}
		lines := strings.Split(string(text), "\n")
		r.t.Logf("host %d ended with:\n%s", i, strings.Join(lines[max(0, len(lines)-25):], "\n"))
	}
}
