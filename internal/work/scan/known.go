package scan

import "sync"

// known remembers keys lately seen, so that listings don't ask the ledger for
// them again. It forgets them in two halves, and never holds more than most.
type known struct {
	mu         sync.Mutex
	young, old map[string]struct{}
	most       int
}

func newKnown(most int) *known { return &known{young: map[string]struct{}{}, most: most} }

func (k *known) has(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.young[key]; ok {
		return true
	}
	_, ok := k.old[key]
	return ok
}

func (k *known) add(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.young) >= k.most/2 {
		k.old, k.young = k.young, map[string]struct{}{}
	}
	k.young[key] = struct{}{}
}
