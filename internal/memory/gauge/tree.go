package gauge

import (
	"context"
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
	// Looking through our ancestors' children is the dear part of a walk, and
	// finds only what was forked and left alone between two walks.
	adoptEvery = 4
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
	g.unadopted = g.unadopted || born
	adopt := all || changed || (g.unadopted && time.Since(g.adopted) >= adoptEvery*g.cfg.TreeEvery)
	if changed {
		g.others = nil
	}
	k := kin{gauge: g}
	for _, s := range surveys {
		if adopt || born {
			s.collect(&k)
		} else {
			s.keep(g)
		}
	}
	if adopt {
		g.adopt(surveys, &k)
		g.adopted, g.unadopted = time.Now(), false
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
