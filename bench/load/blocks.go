package load

import (
	"bytes"
	"fmt"
)

// BlockSize is the length of one block of the example workers' /stream.
const BlockSize = 1024

// Blocks checks the body of /stream as it comes: Count numbered blocks, so that
// one lost, doubled, moved or cut is noticed.
type Blocks struct {
	Count int64
	next  int64
	want  []byte // what is still to come of the block before next
}

// block is the k-th: its number, a letter that changes with it, a line end.
func block(b []byte, k int64) []byte {
	b = fmt.Appendf(b[:0], "%08d ", k)
	b = append(b, letters[k%26][len(b):]...)
	return b
}

// letters are the 26 block endings, each as long as a block.
var letters = func() (l [26][]byte) {
	for i := range l {
		l[i] = append(bytes.Repeat([]byte{byte('a' + i)}, BlockSize-1), '\n')
	}
	return l
}()

// Check takes the next piece.
func (b *Blocks) Check(piece []byte) error {
	for len(piece) > 0 {
		if len(b.want) == 0 {
			if b.next == b.Count {
				return Loss("body: long")
			}
			b.want = block(b.want[:0], b.next)
			b.next++
		}
		n := min(len(piece), len(b.want))
		if !bytes.Equal(piece[:n], b.want[:n]) {
			return Loss("body: wrong")
		}
		piece, b.want = piece[n:], b.want[n:]
	}
	return nil
}

// Whole reports whether the last byte has come.
func (b *Blocks) Whole() bool { return b.next == b.Count && len(b.want) == 0 }
