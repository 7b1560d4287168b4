// Package memory is the vocabulary for how full a worker's memory is: charges, trees, heaps, pressure, readings.
//
// Its children measure (gauge and cgroup), judge (band) and, later,
// explain. They share these words and nothing else. All amounts are bytes, all
// times carry Go's monotonic clock, and a zero amount together with a false
// Known (or a nil pointer) means that this machine does not tell.
package memory

import "time"

// Unlimited is the limit of a group that has none.
const Unlimited int64 = 1<<63 - 1

// Charge is what the kernel charges to one cgroup.
type Charge struct {
	Usage       int64 `json:"usage"`       // memory.current (v2) or memory.usage_in_bytes (v1): all that is charged
	Reclaimable int64 `json:"reclaimable"` // page cache that the kernel can drop at once: active and inactive file less what is dirty, shared-memory or locked
	Anon        int64 `json:"anon"`        // anonymous memory
	File        int64 `json:"file"`        // page cache, all of it
	Shmem       int64 `json:"shmem"`       // tmpfs and shared memory: looks like cache and can't be dropped
	Kernel      int64 `json:"kernel"`      // slab that can't be reclaimed, stacks, page tables, sockets
	Peak        int64 `json:"peak"`        // the highest usage ever seen by the kernel; 0 if it does not tell
	Limit       int64 `json:"limit"`       // the smallest limit on the way up to the root; Unlimited if there is none
	OOMKills    int64 `json:"oom_kills"`   // processes that the kernel has killed for this group's limit
	OOMGroup    bool  `json:"oom_group"`   // memory.oom.group: one kill takes the whole group
	Known       bool  `json:"known"`       // false if there is no memory controller to ask
}

// WorkingSet is the part of the charge that the kernel can't drop at will, the
// number that decides whether it has to kill.
func (c Charge) WorkingSet() int64 { return max(c.Usage-c.Reclaimable, 0) }

// Tree is the sum over a worker process and all of its descendants.
type Tree struct {
	Processes int       `json:"processes"`
	RSS       int64     `json:"rss"`     // resident set, shared pages counted in each process
	Anon      int64     `json:"anon"`    // resident less file- and shm-backed pages, from statm
	PSS       int64     `json:"pss"`     // proportional set size at the last slow look; 0 before it
	Private   int64     `json:"private"` // private clean and dirty bytes at the last slow look; 0 before it
	Beside    int64     `json:"-"`       // of Private, what is no anonymous memory, such as relocated code, read in the same look
	Shared    int64     `json:"shared"`  // anonymous bytes that Anon counts more than once (copy-on-write after a fork), at the last slow look; 0 when processes came or went since
	Threads   int       `json:"threads"`
	FDs       int       `json:"fds"`     // open file descriptors at the last slow look; 0 before it
	SlowAt    time.Time `json:"slow_at"` // when PSS, Private and FDs were read
}

// Heap is what a worker's runtime says of its managed heap, read from the
// worker's own Prometheus endpoint or told by a preload.
type Heap struct {
	Runtime    string    `json:"runtime"`     // go, dotnet, node, jvm, python; empty while unknown
	Live       int64     `json:"live"`        // bytes in use by objects, after the last collection where the runtime tells
	Committed  int64     `json:"committed"`   // bytes that the heap holds from the system
	GCs        int64     `json:"collections"` // collections so far; 0 if the runtime does not tell
	Goroutines int64     `json:"goroutines,omitempty"`
	At         time.Time `json:"at"`
	Known      bool      `json:"known"`
}

// Pressure is the kernel's pressure-stall information for memory: total stall
// time since boot and the 10-second averages, in percent.
type Pressure struct {
	SomeTotal time.Duration `json:"some_total"`
	FullTotal time.Duration `json:"full_total"`
	SomeAvg10 float64       `json:"some_avg10"`
	FullAvg10 float64       `json:"full_avg10"`
	Known     bool          `json:"known"`
}

// Source names the signal that a decision rests on.
type Source string

// The sources, from the most to the least exact.
const (
	FromGroup     Source = "worker-cgroup"    // the charge of the workers' own cgroup
	FromContainer Source = "container-cgroup" // the charge of the container, stanch included
	FromTree      Source = "process-tree"     // sums over /proc, where no cgroup bounds the workers
)

// Worker is one worker's part of a reading.
type Worker struct {
	ID     string `json:"id"`
	PID    int    `json:"pid"`
	Tree   Tree   `json:"tree"`
	Heap   Heap   `json:"heap"`
	Charge Charge `json:"charge"` // of its own cgroup; Known is false where it has none
}

// Used is the best figure for what this worker holds: its own cgroup's working
// set where there is one, else the anonymous memory of its tree, scaled down by
// what its processes share where that is known.
func (w *Worker) Used() int64 {
	if w.Charge.Known {
		return w.Charge.WorkingSet()
	}
	return w.Tree.Used()
}

// Used is the tree's anonymous memory, each shared page counted once.
func (t Tree) Used() int64 { return max(t.Anon-t.Shared, 0) }

// Reading is one look at everything, by one gauge, at one moment. The gauge
// reuses its slices: a reader that keeps a reading takes a Clone.
type Reading struct {
	At        time.Time `json:"at"`
	Container Charge    `json:"container"`
	Group     Charge    `json:"group"` // the cgroup that holds all workers; Known is false where stanch may not make one
	Workers   []Worker  `json:"workers"`
	Pressure  Pressure  `json:"pressure"`
	Self      int64     `json:"self"` // stanch's own resident set

	Used    int64  `json:"used"`    // the figure that decides
	Limit   int64  `json:"limit"`   // what it is held against; Unlimited if nothing bounds it
	Decided Source `json:"decided"` // where Used and Limit come from
}

// Clone copies the reading so that it outlives the gauge's next look.
func (r *Reading) Clone() Reading {
	c := *r
	c.Workers = append([]Worker(nil), r.Workers...)
	return c
}

// Worker returns the part of the worker with this id, or nil.
func (r *Reading) Worker(id string) *Worker {
	for i := range r.Workers {
		if r.Workers[i].ID == id {
			return &r.Workers[i]
		}
	}
	return nil
}
