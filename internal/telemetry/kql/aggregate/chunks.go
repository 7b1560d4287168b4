package aggregate

// chunks is a growing list of numbers that is never copied to grow: a list of
// pieces, the first of which are small.
type chunks[T int64 | float64] struct {
	pieces [][]T
	n      int
}

const (
	firstPiece = 64
	fullPiece  = 8192
)

// add appends, and tells how many bytes that took.
func (c *chunks[T]) add(v T) (grown int64) {
	last := len(c.pieces) - 1
	if last < 0 || len(c.pieces[last]) == cap(c.pieces[last]) {
		size := min(max(firstPiece, c.n), fullPiece)
		c.pieces = append(c.pieces, make([]T, 0, size))
		grown = int64(size)*8 + 24
		last++
	}
	c.pieces[last] = append(c.pieces[last], v)
	c.n++
	return grown
}

// at is the i-th number.
func (c *chunks[T]) at(i int) *T {
	for _, p := range c.pieces {
		if i < len(p) {
			return &p[i]
		}
		i -= len(p)
	}
	return nil
}

// join takes the pieces of another, which is not used again.
func (c *chunks[T]) join(o chunks[T]) {
	c.pieces = append(c.pieces, o.pieces...)
	c.n += o.n
}

// flat is all numbers in one, and leaves nothing behind.
func (c *chunks[T]) flat() []T {
	if len(c.pieces) == 1 {
		return c.pieces[0]
	}
	all := make([]T, 0, c.n)
	for _, p := range c.pieces {
		all = append(all, p...)
	}
	c.pieces, c.n = [][]T{all}, len(all)
	return all
}

func whole[T int64 | float64](all []T) chunks[T] { return chunks[T]{[][]T{all}, len(all)} }
