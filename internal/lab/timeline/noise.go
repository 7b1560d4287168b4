package timeline

import (
	"encoding/binary"
	"io"
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// noise is a row of numbers that follows from a seed and a name. Only the generator's
// bits are used, which are documented and stay; what a release of Go may compute
// differently from them is computed here.
type noise struct{ source *rand.PCG }

func newNoise(seed uint64, names ...string) *noise {
	low, high := uint64(14695981039346656037), seed // FNV-1a
	for _, name := range names {
		for i := range len(name) {
			low = (low ^ uint64(name[i])) * 1099511628211
		}
		low = (low ^ 0xff) * 1099511628211 // so that ab, c is not a, bc
	}
	return &noise{rand.NewPCG(high, low)}
}

func (n *noise) bits() uint64 { return n.source.Uint64() }

// unit is a number from 0 to before 1.
func (n *noise) unit() float64 { return float64(n.bits()>>11) / (1 << 53) }

// pick is the index of a share; 0 if there are none.
func (n *noise) pick(shares []float64) int {
	total := 0.0
	for _, s := range shares {
		total += s
	}
	at := n.unit() * total
	for i, s := range shares {
		if at < s {
			return i
		}
		at -= s
	}
	return max(len(shares)-1, 0)
}

// Payload is the bytes of an arrival or of a blob that is there at the start: so many,
// noise that no compression makes smaller, and the same for the same content. It is
// read once.
func Payload(content uint64, size bytesize.Size) io.Reader {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], content)
	return io.LimitReader(rand.NewChaCha8(seed), int64(size))
}
