package file

import "sync"

// bells tell those who wait for a queue that something was put into it.
type bells struct {
	mu   sync.Mutex
	rung map[string]chan struct{} // closed when it rings
}

// hear is closed when the queue's bell rings next.
func (b *bells) hear(queue string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung[queue] == nil {
		b.rung[queue] = make(chan struct{})
	}
	return b.rung[queue]
}

func (b *bells) ring(queue string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bell := b.rung[queue]; bell != nil {
		close(bell)
		delete(b.rung, queue)
	}
}
