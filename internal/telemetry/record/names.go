package record

import (
	"sync"
	"sync/atomic"
)

// names knows the workers by their addresses, and the present band.
type names struct {
	host string
	band atomic.Pointer[string]

	mu      sync.Mutex
	ids     map[string]string // by address
	pids    map[string]int64  // by id
	present []string          // the workers that live, the oldest first
}

func (n *names) init(host string) {
	n.host = host
	n.ids, n.pids = map[string]string{}, map[string]int64{}
	healthy := "healthy"
	n.band.Store(&healthy)
}

// came notes a worker. Addresses are used again, so that the last one counts.
func (n *names) came(id, address string, pid int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids[address], n.pids[id] = id, pid
	n.present = append(n.present, id)
}

// went forgets one. Its address stays known until another worker has it: the
// rows of its last requests may still be waiting.
func (n *names) went(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pids, id)
	kept := n.present[:0]
	for _, other := range n.present {
		if other != id {
			kept = append(kept, other)
		}
	}
	n.present = kept
	if len(n.ids) > 64 {
		for address, other := range n.ids {
			if _, lives := n.pids[other]; !lives {
				delete(n.ids, address)
			}
		}
	}
}

// worker is the id at an address; empty where none is known.
func (n *names) worker(address string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ids[address]
}

func (n *names) pid(id string) int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pids[id]
}

// only is the worker's id where there is but one.
func (n *names) only() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.present) == 1 {
		return n.present[0]
	}
	return ""
}

// cloud adds the columns that say who a row is about.
func (r *Recorder) cloud(worker string) {
	r.row.text("cloud_RoleName", r.cfg.Role)
	r.row.text("cloud_RoleInstance", r.instance(worker))
	r.row.text("application_Version", r.cfg.Version)
}

// instance is the host, and the worker if there is one: web-7f9c/w3.
func (r *Recorder) instance(worker string) string {
	if worker == "" {
		return r.names.host
	}
	return r.names.host + "/" + worker
}
