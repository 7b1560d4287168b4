package faults_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/store/natsrig"
)

var (
	messages = flag.Int("messages", 0, "messages for each store; 0: a small schedule")
	rounds   = flag.Int("rounds", 1, "how often each fault happens")
	absence  = flag.Duration("absence", time.Minute, "the store's longest absence; of a small schedule two seconds")
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
		fmt.Fprintln(os.Stderr, serve())
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

// kinds of stores.
var depots = []struct {
	name    string
	open    func(t *testing.T, hosts int) depot
	proxied bool
	small   int // messages of the small schedule
	each    int // of whose faults it takes each so many
}{
	{"file", newFile, false, 400, 1},
	{"azurite", newAzure, true, 200, 5},
	{"nats", newNATS, false, 150, 4},
}

func TestNoMessageIsLost(t *testing.T) {
	if *messages == 0 {
		t.Parallel()
	}
	for _, row := range depots {
		t.Run(row.name, func(t *testing.T) {
			pc, n, times, each := pace{6 * time.Second, 4 * time.Second, *absence}, *messages, *rounds, 1
			if n == 0 {
				t.Parallel()
				pc, n, times, each = quick, row.small, 1, row.each
			}
			r := prepare(t, row.open(t, hosts), newPlan(*seed, n, times, each, row.proxied), pc)
			back := r.outage("start")
			for i := range hosts {
				r.instances[i] = r.launch(i)
			}
			<-back
			for _, i := range r.instances {
				select {
				case <-i.exited:
					t.Errorf("host %d has ended, want that it waits for its store", i.host)
				default:
				}
			}
			r.finish()
		})
	}
}

var quick = pace{2 * time.Second, 2 * time.Second, 2 * time.Second}

// With memory.oom.group, and where it is a pod that is too large, stanch dies with
// its worker, and nobody is left to say who it was.
func TestAMessageThatKillsItsHostTakesNobodyWithIt(t *testing.T) {
	t.Parallel()
	jobs := make([]job, 60)
	jobs[3].Do = "doom"
	r := prepare(t, newFile(t, hosts), &plan{jobs: numbered(jobs)}, quick)
	for i := range hosts {
		r.instances[i] = r.launch(i)
	}
	r.finish()
	if r.stanchDied < 3 || r.stanchDied > 6 {
		t.Errorf("the message has taken %d hosts with it, want no more than it has deliveries", r.stanchDied)
	}
}

// prepare fills a store; what happens to it happens in an order.
func prepare(t *testing.T, d depot, p *plan, pc pace) *run {
	t.Helper()
	r := &run{
		t: t, plan: p, depot: d, pace: pc, app: writeApp(t, pc.limit), dir: *keep, rand: rand.New(rand.NewPCG(*seed, 2)),
		ops: make(chan func()), quit: make(chan struct{}), keeper: make(chan func()),
		done: map[int]bool{}, count: map[string]int{}, killed: map[string]bool{},
	}
	if r.dir == "" {
		r.dir = t.TempDir()
	} else {
		r.dir = filepath.Join(r.dir, t.Name())
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
	r.keeping.Go(func() {
		for {
			select {
			case op := <-r.keeper:
				op()
			case <-r.quit:
				return
			}
		}
	})
	return r
}

// finish waits for the end, and checks what became of each message.
func (r *run) finish() {
	t, begun := r.t, time.Now()
	faults := 0
	for _, n := range r.plan.want(math.MaxInt) {
		faults += n
	}
	inTime := r.wait(time.Duration(len(r.plan.jobs))*50*time.Millisecond + time.Duration(faults)*5*time.Second + 2*time.Minute)
	took := time.Since(begun)
	r.over = true
	r.stop()
	close(r.quit)
	r.keeping.Wait()
	var complaints []string
	if !inTime {
		left, err := r.store.Queues.Depth(t.Context(), "jobs")
		complaints = append(complaints, fmt.Sprintf("after %v the queue still holds %+v, %v; %d of %d messages were put in, %d faults are due and did not happen",
			took, left, err, r.fed, len(r.plan.jobs), r.pending.Load()))
	}
	r.control.CloseClientConnections()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := check(r.plan.jobs, r.outcome())
	complaints = append(complaints, s.complaints...)
	// One whose victim another fault has ended a moment before finds nobody.
	hit, due := 0, 0
	var missed []string
	for fault, want := range r.plan.want(r.starts) {
		n := min(r.count[fault], want)
		hit, due = hit+n, due+want
		if n < want {
			missed = append(missed, fmt.Sprintf("%s %d of %d", fault, want-n, want))
		}
	}
	slices.Sort(missed)
	if hit < due*2/3 {
		complaints = append(complaints, fmt.Sprintf("%d faults happened, want two of three of the %d of the schedule; not: %s", hit, due, strings.Join(missed, ", ")))
	}
	notes := 0
	for _, err := range r.store.Ledger.Each(t.Context(), "kills/") {
		if err != nil {
			t.Fatal(err)
		}
		notes++
	}
	if len(complaints) > 0 {
		r.tail()
	}
	t.Logf("%s: %d messages, %d faults of %d (victim gone: %v), %.0f s\n"+
		"completed %d, poison %d (bystanders of two deaths among them %d), neither %d\n"+
		"completed or given up again %d, one %d times at most; outputs twice %d; stanch died %d times\n"+
		"kills just after an answer: before the output %d, before the settlement %d, after it %d; notes left in the ledger %d",
		filepath.Base(t.Name()), len(r.plan.jobs), hit, due, missed, took.Seconds(), s.completed, s.poison, len(s.bystanders), s.lost,
		s.duplicates, s.mostOften, s.outputs, r.stanchDied, s.beforeOut, s.beforeSettle, s.afterAll, notes)
	for _, about := range s.bystanders {
		t.Logf("a bystander of two deaths: %s", about)
	}
	for _, c := range complaints { // last, where they are seen first
		t.Error(c)
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
