// Package design plans a hunt: which block comes next.
//
// The order is drawn by lot, so that nothing that goes with time (a cache that fills,
// a neighbour, a clock) can hide behind one endpoint. Every round holds each
// endpoint once and idleness once, so that all of them meet the same conditions. The lot is
// seeded: the same seed, endpoints and sizes give the same plan.
//
// In a comparison both sides get the same block one after the other, and who goes first
// changes from round to round: A B in one, B A in the next.
//
// Begin with Plan.Next.
package design

import (
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// Plan is the order of a hunt's blocks. It is not safe for concurrent use.
type Plan struct {
	endpoints []string
	sides     []hunt.Side
	lot       *rand.Rand
	first     []int // by place in endpoints: the side that went first in the last round
	round     int   // of the blocks in queue
	number    int
	queue     []hunt.Block
}

// New plans for the endpoints named, on one side or, in a pair, on two.
func New(seed uint64, endpoints []string, pair bool) *Plan {
	p := &Plan{
		endpoints: append(make([]string, controls(len(endpoints))), endpoints...),
		sides:     []hunt.Side{hunt.SideA},
		lot:       rand.New(rand.NewPCG(seed, 0x68756e74)),
		round:     -1,
	}
	if pair {
		p.sides = append(p.sides, hunt.SideB)
	}
	p.first = make([]int, len(p.endpoints))
	for i := range p.first {
		p.first[i] = p.lot.IntN(len(p.sides))
	}
	return p
}

// controls is the number of idle blocks in a round. What every endpoint is held
// against deserves more blocks than each of them: the root of their number would
// be best (C. Dunnett, Journal of the American Statistical Association 50, 1955),
// and most of that gain comes with the second.
func controls(endpoints int) int {
	if endpoints < 4 {
		return 1
	}
	return 2
}

// Next is the next block. Size says how long a block of an endpoint shall be
// ("" is idleness), and is asked once for every endpoint when a round begins; a
// size without For leaves the endpoint out of that round. A plan never ends: who drives
// it stops when the judge has decided.
func (p *Plan) Next(size func(endpoint string) hunt.Size) hunt.Block {
	for len(p.queue) == 0 {
		p.draw(size)
	}
	block := p.queue[0]
	p.queue = p.queue[1:]
	block.Number = p.number
	p.number++
	return block
}

// draw fills the queue with the next round.
func (p *Plan) draw(size func(endpoint string) hunt.Size) {
	p.round++
	for _, at := range p.lot.Perm(len(p.endpoints)) {
		length := size(p.endpoints[at])
		if length.For <= 0 && p.endpoints[at] != "" {
			continue
		}
		for i := range p.sides {
			side := p.sides[(p.first[at]+i)%len(p.sides)]
			p.queue = append(p.queue, hunt.Block{Round: p.round, Side: side, Endpoint: p.endpoints[at], Size: length})
		}
		p.first[at] = (p.first[at] + 1) % len(p.sides)
	}
	p.queue[len(p.queue)-1].Last = true
}
