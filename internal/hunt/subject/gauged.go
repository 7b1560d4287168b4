package subject

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

// worker is the name under which a gauge tracks the only one it has.
const tracked = "hunted"

// gauged looks at a process tree, or at the cgroup that a process is in.
type gauged struct {
	gauge      *gauge.Gauge
	group      *cgroup.Group // nil: the tree is judged
	pid        int
	proc       string
	find       func() (int, error) // the process anew, after it has ended; nil where there is no finding it
	heap       string
	generation uint64
	reading    memory.Reading
}

// newGauged begins to look at the process.
func newGauged(pid int, group *cgroup.Group, heap, proc string) (*gauged, error) {
	g, err := gauge.New(gauge.Config{Proc: proc})
	if err != nil {
		return nil, err
	}
	m := &gauged{gauge: g, group: group, heap: heap, proc: proc}
	m.track(pid)
	return m, nil
}

func (m *gauged) track(pid int) {
	m.pid = pid
	m.gauge.Track(tracked, pid, m.group)
	m.gauge.TrackHeap(tracked, m.heap)
}

func (m *gauged) look(ctx context.Context) (look, error) {
	at := time.Now()
	m.gauge.Look(ctx)
	if err := ctx.Err(); err != nil {
		return look{}, err
	}
	m.gauge.Read(at, &m.reading)
	w := m.reading.Worker(tracked)
	if w == nil || w.Tree.Processes == 0 {
		if m.find == nil {
			return look{}, &Ended{fmt.Sprintf("has ended: there is no process %d", m.pid)}
		}
		pid, err := m.find()
		if err != nil {
			return look{}, &Ended{"has ended, and is not back"}
		}
		m.generation++
		m.track(pid)
		return m.look(ctx)
	}
	l := look{at: time.Now(), hard: w.Tree.Used(), generation: m.generation}
	if m.group != nil {
		if !w.Charge.Known {
			return look{}, errors.New("read the container's memory: its cgroup does not tell")
		}
		l.hard = w.Charge.Anon + w.Charge.Shmem + w.Charge.Kernel
	}
	if w.Heap.Known {
		l.heap, l.committed, l.heapAt = w.Heap.Live, w.Heap.Committed, w.Heap.At
	}
	l.runtime = w.Heap.Runtime
	return l, nil
}

// tellsNoHeap ends asking for the heap.
func (m *gauged) tellsNoHeap() {
	m.heap = ""
	m.gauge.TrackHeap(tracked, "")
}

func (m *gauged) close() {
	m.gauge.Close()
	if m.group != nil {
		m.group.Close()
	}
}

// containerOf finds a process whose cgroup's path has this id in it: container
// runtimes name the cgroup of a container by its id.
func containerOf(proc, id string) (int, error) {
	if len(id) < 8 {
		return 0, fmt.Errorf("the container id %q is too short to be told from others\nhint: docker ps prints 12 characters of it", id)
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return 0, fmt.Errorf("find the container: %w", err)
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(proc, entry.Name(), "cgroup"))
		if err == nil && inPath(string(text), id) {
			return pid, nil // entries are sorted by name: any of them is in the same group
		}
	}
	return 0, fmt.Errorf("no process is in a cgroup of a container %q\nhint: the id is that of docker ps or crictl ps, and stanch has to see its processes", id)
}

// groupOf is the memory cgroup that a process is in. The cgroup package finds the
// one of /proc/self, so it is shown a proc whose self is that process.
func groupOf(proc string, pid int) (*cgroup.Group, error) {
	dir, err := os.MkdirTemp("", "stanch-hunt-")
	if err != nil {
		return nil, fmt.Errorf("find the cgroup: %w", err)
	}
	defer os.RemoveAll(dir)
	self := filepath.Join(dir, "self")
	if err := os.Mkdir(self, 0o700); err != nil {
		return nil, fmt.Errorf("find the cgroup: %w", err)
	}
	for from, to := range map[string]string{
		filepath.Join(proc, strconv.Itoa(pid), "cgroup"): "cgroup",
		filepath.Join(proc, "self", "mountinfo"):         "mountinfo",
	} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(self, to), text, 0o600)
		}
		if err != nil {
			return nil, fmt.Errorf("find the cgroup: %w", err)
		}
	}
	fs := cgroup.System()
	fs.Proc = dir
	group, err := fs.Own()
	if err != nil {
		group.Close()
		return nil, fmt.Errorf("find the cgroup of process %d: %w", pid, cgroup.ErrNoController)
	}
	return group, nil
}
