package gauge

import (
	"fmt"
	"os"
	"strconv"
)

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
	tasks := []string{strconv.Itoa(p.pid)}
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
		b, err := slurp(k.gauge.path(p.pid, "task/"+task+"/children"), make([]byte, 256))
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
