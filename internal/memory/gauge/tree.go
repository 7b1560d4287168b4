package gauge

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// A walk may take this part of the time between walks, and so slows itself down
// on a machine where it is dear.
const (
	walkShare   = 200
	walkSlowest = 5 * time.Second
	slowShare   = 50
)

// walkTrees looks for new processes until ctx ends.
func (g *Gauge) walkTrees(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.treeDue:
		case <-timer.C:
		}
		begin := time.Now()
		g.walk(false)
		cost := time.Since(begin)
		g.say()
		timer.Reset(max(g.cfg.TreeEvery, min(walkShare*cost, walkSlowest)))
	}
}

// A survey is one worker as a walk finds it.
type survey struct {
	*worker
	group   *cgroup.Group
	born    uint64
	known   []*process // of the last walk
	live    []*process // those of them that no Read has found gone
	slow    slow
	found   map[int]stat // the processes that belong to it now
	exact   bool         // its cgroup told them
	problem error
}

// walk finds the processes of every worker, reads what is read seldom where it
// is due (or now, if all is set), and publishes both.
//
// A worker's processes are those in its cgroup, where it has one that holds it.
// Else they are its first process, those known from the last walk (which keeps
// the ones whose parents died), all that descends from them, and orphans: what
// was handed to one of this process's ancestors, or to this process, and still
// is in a process group or session of the worker's.
func (g *Gauge) walk(all bool) {
	g.look.Lock()
	defer g.look.Unlock()
	surveys, changed := g.begin()
	born := g.births() // before looking, so that a birth meanwhile counts next time
	if all || changed || born {
		if changed {
			g.others = nil
		}
		k := kin{gauge: g}
		for _, s := range surveys {
			s.collect(&k)
		}
		g.adopt(surveys, &k)
	} else {
		for _, s := range surveys {
			s.keep(g)
		}
	}
	for _, s := range surveys {
		g.publish(s, all)
	}
}

// begin is what the walk starts from, and whether workers came or went since
// the last one.
func (g *Gauge) begin() ([]*survey, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	changed := g.changed
	g.changed = false
	surveys := make([]*survey, len(g.workers))
	for i, w := range g.workers {
		surveys[i] = &survey{
			worker: w, group: w.group, born: w.born, slow: w.slow,
			known: w.processes, // publish makes a new slice, so that this one stays as it is
			found: map[int]stat{},
		}
		for _, p := range w.processes {
			if !p.gone {
				surveys[i].live = append(surveys[i].live, p)
			}
		}
		changed = changed || w.born == 0
	}
	return surveys, changed
}

// births reports whether a process or thread may have been made since it was
// last asked: /proc/loadavg ends in the last pid given out. It spares the walk
// where nothing forks.
func (g *Gauge) births() bool {
	var buf [128]byte
	b, err := g.census.read(buf[:])
	if err != nil {
		return true
	}
	last := string(b[strings.LastIndexByte(string(b), ' ')+1:])
	same := last == g.lastBorn
	g.lastBorn = last
	return !same
}

// add counts a process as the worker's, with all that descends from it.
func (s *survey) add(p stat, k *kin) {
	for queue := []stat{p}; len(queue) > 0; {
		p, queue = queue[0], queue[1:]
		if _, have := s.found[p.pid]; have || p.zombie || p.pid == os.Getpid() {
			continue
		}
		s.found[p.pid] = p
		for _, pid := range k.children(p, &s.problem) {
			if child, err := k.gauge.stat(pid); err == nil {
				queue = append(queue, child)
			}
		}
	}
}

// collect finds what the worker's cgroup or the process tree tells.
func (s *survey) collect(k *kin) {
	if s.group != nil && s.inGroup(k.gauge) {
		s.exact = true
		return
	}
	if p, err := k.gauge.stat(s.root); err == nil && (s.born == 0 || s.born == p.born) {
		s.add(p, k)
	}
	for _, p := range s.live {
		// A pid that has a new owner is another process's.
		if now, err := k.gauge.stat(p.pid); err == nil && now.born == p.born {
			s.add(now, k)
		}
	}
}

// inGroup takes the processes of the worker's cgroup; it reports false if the
// worker's first process lives and is not among them.
func (s *survey) inGroup(g *Gauge) bool {
	pids, err := s.group.Procs()
	if err != nil {
		s.problem = err
		return false
	}
	for _, pid := range pids {
		// A thread of ours visits the group while it forks a worker there.
		if pid == os.Getpid() {
			continue
		}
		if p, err := g.stat(pid); err == nil && !p.zombie {
			s.found[pid] = p
		}
	}
	if _, ok := s.found[s.root]; ok {
		return true
	}
	root, err := g.stat(s.root)
	return err != nil || root.zombie || (s.born != 0 && root.born != s.born)
}

// keep takes over what was known, less what has ended.
func (s *survey) keep(g *Gauge) {
	for _, p := range s.live {
		if now, err := g.stat(p.pid); err == nil && now.born == p.born && !now.zombie {
			s.found[p.pid] = now
		}
	}
}

// publish makes the survey's result what Read looks at.
func (g *Gauge) publish(s *survey, all bool) {
	var next, opened []*process
	threads := 0
	for _, p := range s.live {
		if now, ok := s.found[p.pid]; ok && now.born == p.born {
			next = append(next, p)
			threads += now.threads
			delete(s.found, p.pid)
		}
	}
	moved := len(next) != len(s.known)
	for pid := range s.found {
		if p, err := g.open(pid); err == nil {
			opened = append(opened, p)
			threads += p.threads
			moved = true
		} else if !isGone(err) {
			s.problem = err
		}
	}
	next = append(next, opened...)
	slices.SortFunc(next, func(a, b *process) int { return a.pid - b.pid })
	result, slowProblem := g.lookSlowly(s.slow, next, moved, all)

	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.workers, s.worker) {
		for _, p := range opened {
			p.statm.close()
		}
		return
	}
	for _, p := range s.known {
		if !slices.Contains(next, p) {
			p.statm.close()
		}
	}
	w := s.worker
	for _, p := range next {
		if p.pid == w.root && w.born == 0 {
			w.born = p.born
		}
		// One that a Read found gone in the meantime takes its share along.
		result.stale = result.stale || p.gone
	}
	w.processes, w.threads, w.slow = next, threads, result
	g.problems.set(topic{aboutTree, w.id}, s.problem)
	if slowProblem != errNotDue {
		g.problems.set(topic{aboutSlow, w.id}, slowProblem)
	}
}

// kin answers who descends from whom, within one walk.
type kin struct {
	gauge   *Gauge
	parents map[int][]int // pid to children, where all of /proc had to be read
}

// children are the pids of a process's children. The kernel keeps them for each
// thread that forked; where it was built without CONFIG_PROC_CHILDREN, the
// parents of all processes are looked up once.
func (k *kin) children(p stat, problem *error) []int {
	if k.gauge.childless {
		return k.scan(problem)[p.pid]
	}
	tasks := []string{fmt.Sprint(p.pid)}
	if p.threads > 1 {
		entries, err := os.ReadDir(k.gauge.path(p.pid, "task"))
		if err != nil {
			return nil
		}
		tasks = tasks[:0]
		for _, e := range entries {
			tasks = append(tasks, e.Name())
		}
	}
	var pids []int
	for _, task := range tasks {
		b, err := os.ReadFile(k.gauge.path(p.pid, "task/"+task+"/children"))
		if err != nil {
			// Either the thread is gone or no thread has such a file.
			if _, err := os.Lstat(k.gauge.path(os.Getpid(), fmt.Sprintf("task/%d/children", os.Getpid()))); err != nil {
				k.gauge.childless = true
				return k.children(p, problem)
			}
			continue
		}
		pids = appendPids(pids, string(b))
	}
	return pids
}

// scan reads the parent of every process.
func (k *kin) scan(problem *error) map[int][]int {
	if k.parents != nil {
		return k.parents
	}
	k.parents = map[int][]int{}
	entries, err := os.ReadDir(k.gauge.cfg.Proc)
	if err != nil {
		*problem = fmt.Errorf("look for children: %w", err)
	}
	for _, e := range entries {
		for _, pid := range appendPids(nil, e.Name()) {
			if p, err := k.gauge.stat(pid); err == nil {
				k.parents[p.parent] = append(k.parents[p.parent], pid)
			}
		}
	}
	return k.parents
}
