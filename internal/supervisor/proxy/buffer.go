package proxy

import "sync"

// The buffers' sizes: most heads fit the first, most answers the second, bodies
// are carried in the third. A head above that gets a buffer of its own, which
// is not pooled.
const (
	smallBuffer  = 4 << 10
	mediumBuffer = 16 << 10
	largeBuffer  = 32 << 10
	maxHead      = 1 << 20
)

// buffer is memory for bytes on their way. len(b) is its size.
type buffer struct{ b []byte }

// pools hands out buffers; it is safe for concurrent use.
type pools struct{ small, medium, large sync.Pool }

// get returns a buffer of at least size bytes.
func (p *pools) get(size int) *buffer {
	pool, size := p.of(size)
	if pool == nil {
		return &buffer{make([]byte, size)}
	}
	if b, ok := pool.Get().(*buffer); ok {
		return b
	}
	return &buffer{make([]byte, size)}
}

func (p *pools) put(b *buffer) {
	if b == nil {
		return
	}
	if pool, size := p.of(len(b.b)); pool != nil && size == len(b.b) {
		pool.Put(b)
	}
}

func (p *pools) of(size int) (*sync.Pool, int) {
	switch {
	case size <= smallBuffer:
		return &p.small, smallBuffer
	case size <= mediumBuffer:
		return &p.medium, mediumBuffer
	case size <= largeBuffer:
		return &p.large, largeBuffer
	}
	return nil, size
}
