package listen

import (
	"crypto/sha256"
	"sync"

	"github.com/stanch-dev/stanch/internal/work/queue"
)

// doneMost is how many messages are remembered that are done and may still be in
// the store; the oldest are forgotten first.
const doneMost = 10_000

// doneList remembers what was done while the store did not take the end of it, so
// that a message which comes back for that is not worked on again. Whoever changed
// its text since means another message. The zero value is ready; safe for concurrent
// use.
type doneList struct {
	mu    sync.Mutex
	texts map[string][sha256.Size]byte // by id
	order []string                     // of their coming; some are gone
}

func (d *doneList) add(m *queue.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.texts == nil {
		d.texts = map[string][sha256.Size]byte{}
	}
	d.texts[m.ID] = sha256.Sum256(m.Body)
	d.order = append(d.order, m.ID)
	for len(d.order) > doneMost {
		delete(d.texts, d.order[0])
		d.order = d.order[1:]
	}
}

func (d *doneList) has(m *queue.Message) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, found := d.texts[m.ID]
	return found && text == sha256.Sum256(m.Body)
}

func (d *doneList) forget(m *queue.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.texts, m.ID)
	if len(d.texts) == 0 {
		d.order = nil
	}
}
