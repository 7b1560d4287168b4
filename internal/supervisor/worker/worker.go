// Package worker starts instances of the worker, tells when one is ready, and brings one to its end.
//
// Every instance has an id, a place of its own to listen on, a process and,
// where the machine allows it, a cgroup, so that a limit and a kill are its
// own. It is ready once and dies once; both are channels to wait on. When to
// start and to stop is the guard's business. Begin with [Nursery.Start].
package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

// Output receives every line that an instance prints. The line is only valid
// during the call.
type Output func(id string, stream process.Stream, line []byte)

// Nursery starts instances.
type Nursery struct {
	host   *process.Host
	parent *cgroup.Group // of the instances' own groups; nil where none can be made
	output Output

	mu    sync.Mutex
	plan  Plan
	limit int64
	count int
	ports map[int]bool
}

// NewNursery takes the host of processes, the group in which each instance gets
// one of its own (nil for none) and the receiver of their lines.
func NewNursery(plan Plan, host *process.Host, parent *cgroup.Group, output Output) *Nursery {
	return &Nursery{plan: plan, host: host, parent: parent, output: output, limit: memory.Unlimited, ports: map[int]bool{}}
}

// Configure changes the plan for instances to come.
func (n *Nursery) Configure(plan Plan) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.plan = plan
}

// SetLimit sets the memory limit of the group of all instances and of
// instances to come, and the amount from which the kernel brakes them instead
// of killing. It does nothing without a group.
func (n *Nursery) SetLimit(limit, brink int64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.limit = limit
	if n.parent == nil {
		return nil
	}
	if err := n.parent.SetLimit(limit); err != nil {
		return err
	}
	return n.parent.Brake(brink)
}

// Plan is the present plan.
func (n *Nursery) Plan() Plan {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.plan
}

// Worker is one instance.
type Worker struct {
	ID       string
	Address  string
	Started  time.Time
	Upstream *proxy.Upstream

	nursery *Nursery
	plan    Plan
	place   place
	process *process.Process
	group   *cgroup.Group
	hired   Engagement // nil without a contract

	said chan struct{} // closed when the text of readiness was printed
	once sync.Once

	mu    sync.Mutex
	ready time.Time
}

// Start starts an instance and returns at once; [Worker.AwaitReady] waits until
// it serves.
func (n *Nursery) Start() (*Worker, error) {
	n.mu.Lock()
	n.count++
	id := fmt.Sprintf("w%d", n.count)
	plan, limit := n.plan, n.limit
	place, err := plan.place(id, func(port int) bool { return n.ports[port] })
	if err == nil && place.port != 0 {
		n.ports[place.port] = true
	}
	n.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("find a place to listen for %s: %w", id, err)
	}
	w := &Worker{
		ID: id, Address: place.address, Started: time.Now(),
		Upstream: proxy.NewUpstream(place.network, place.address, plan.Upstream),
		nursery:  n, plan: plan, place: place, said: make(chan struct{}),
	}
	var more, environ []string
	if plan.Hire != nil {
		if w.hired, err = plan.Hire(id, Address{place.network, place.address, place.port}); err != nil {
			w.release()
			return nil, fmt.Errorf("prepare the contract of %s: %w", id, err)
		}
		more, environ = w.hired.Args(), w.hired.Env()
	}
	spec := process.Spec{
		Name:        id,
		Dir:         plan.Dir,
		Args:        append(plan.args(id, place), more...),
		Env:         replaceEnv(plan.env(id, place, limit), environ),
		Output:      w.print,
		OOMScoreAdj: 500,
	}
	if n.parent != nil {
		if w.group, err = n.parent.Child(id); err != nil {
			w.release()
			return nil, fmt.Errorf("make a cgroup for %s: %w", id, err)
		}
		spec.Fork, spec.Add = w.group.Fork, w.group.Add
	}
	if w.process, err = n.host.Start(spec); err != nil {
		w.release()
		return nil, fmt.Errorf("start %s: %w", id, err)
	}
	if w.hired != nil {
		// The nursery's host of processes outlives them all and ends them.
		go func() {
			<-w.Done()
			w.hired.Exited(&ErrExited{w.Exit()})
		}()
	}
	return w, nil
}

func (w *Worker) print(stream process.Stream, line []byte) {
	if text := w.plan.Ready.Text; text != "" && bytes.Contains(line, []byte(text)) {
		w.once.Do(func() { close(w.said) })
	}
	w.nursery.output(w.ID, stream, line)
}

// PID is the process id of the instance's first process.
func (w *Worker) PID() int { return w.process.PID() }

// Network is what Address belongs to: "tcp" or "unix".
func (w *Worker) Network() string { return w.place.network }

// Group is the instance's own cgroup, or nil.
func (w *Worker) Group() *cgroup.Group { return w.group }

// Done is closed when the instance's first process has ended.
func (w *Worker) Done() <-chan struct{} { return w.process.Done() }

// Exit is how it ended; valid once Done is closed.
func (w *Worker) Exit() process.Exit { return w.process.Exit() }

// ReadyAt is when it became ready; zero before.
func (w *Worker) ReadyAt() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ready
}

// Signal sends a signal to the instance's process group.
func (w *Worker) Signal(sig syscall.Signal) error { return w.process.Signal(sig) }

// Freeze stops the whole process tree where it stands.
func (w *Worker) Freeze() error { return w.process.Freeze() }

// Kill ends the whole process tree; cause is remembered as the reason.
func (w *Worker) Kill(cause string) {
	w.Upstream.Abort(cause)
	w.process.Kill(cause)
}

// Stop ends the instance: SIGTERM, and SIGKILL after the grace or when ctx
// ends. It returns when the process is gone. Nothing should be in flight.
func (w *Worker) Stop(ctx context.Context, grace time.Duration) {
	w.Upstream.Close()
	if w.hired != nil {
		ending, cancel := context.WithTimeout(ctx, grace)
		w.hired.End(ending)
		cancel()
	}
	if err := w.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		w.Kill(fmt.Sprintf("SIGTERM could not be sent: %v", err))
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-w.Done():
	case <-timer.C:
		w.Kill(fmt.Sprintf("it ignored SIGTERM for %v", grace))
		<-w.Done()
	case <-ctx.Done():
		w.Kill("stanch stops and can't wait any longer")
		<-w.Done()
	}
}

// Release ends what the instance may have left behind and gives back its place
// and its cgroup. It is called once, after Done.
func (w *Worker) Release() {
	w.process.Kill("its first process has ended")
	w.release()
}

func (w *Worker) release() {
	w.Upstream.Abort("the worker has ended")
	if w.hired != nil {
		w.hired.Release()
	}
	if w.group != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		// A group that can't be removed is left to the next start: it is
		// empty and costs nothing.
		_ = w.group.Kill()
		_ = w.group.Remove(ctx)
	}
	w.nursery.mu.Lock()
	defer w.nursery.mu.Unlock()
	delete(w.nursery.ports, w.place.port)
}
