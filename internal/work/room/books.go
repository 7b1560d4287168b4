package room

import (
	"cmp"
	"slices"
)

// Books are a room's figures, in bytes but for the counts.
type Books struct {
	Used, Ceiling, Base, Reserved int64
	Inside, Waiting               int
	Functions                     []FunctionBooks
}

// FunctionBooks are those of one function.
type FunctionBooks struct {
	Name            string
	Inside, Waiting int
	Factor          float64 // bytes for each byte of payload
	Fixed           int64
	Seen            int
}

// Books are the present figures, functions by name.
func (r *Room) Books() Books {
	b := Books{Used: r.used, Ceiling: r.ceiling, Base: r.base, Reserved: r.reserved, Inside: len(r.inside)}
	for _, l := range r.lines {
		b.Waiting += len(l.waiting)
		b.Functions = append(b.Functions, FunctionBooks{Name: l.function, Inside: l.inside, Waiting: len(l.waiting), Factor: l.cost.Factor(), Fixed: l.cost.Fixed(), Seen: l.cost.Seen()})
	}
	slices.SortFunc(b.Functions, func(x, y FunctionBooks) int { return cmp.Compare(x.Name, y.Name) })
	return b
}
