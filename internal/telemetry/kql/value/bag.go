package value

import "iter"

// Bag is a property bag: values by name, in the order in which they came. It is
// filled by one goroutine; once it is in a Value, nobody changes it.
type Bag struct {
	keys   []string
	values []Value
	index  map[string]int // nil while the bag is small
}

const smallBag = 8

// NewBag makes an empty bag with room for n properties.
func NewBag(n int) *Bag {
	return &Bag{keys: make([]string, 0, n), values: make([]Value, 0, n)}
}

// Len is the number of properties.
func (b *Bag) Len() int { return len(b.keys) }

// Get is the value of a property; false if there is none.
func (b *Bag) Get(key string) (Value, bool) {
	if i := b.find(key); i >= 0 {
		return b.values[i], true
	}
	return Null, false
}

// Set gives a property its value; one that is there keeps its place.
func (b *Bag) Set(key string, v Value) {
	if i := b.find(key); i >= 0 {
		b.values[i] = v
		return
	}
	b.keys = append(b.keys, key)
	b.values = append(b.values, v)
	switch {
	case b.index != nil:
		b.index[key] = len(b.keys) - 1
	case len(b.keys) > smallBag: // here and not on the first look: readers share a bag
		b.index = make(map[string]int, 2*len(b.keys))
		for i, k := range b.keys {
			b.index[k] = i
		}
	}
}

// All goes through the properties in order.
func (b *Bag) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for i, k := range b.keys {
			if !yield(k, b.values[i]) {
				return
			}
		}
	}
}

func (b *Bag) find(key string) int {
	if b.index != nil {
		if i, ok := b.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range b.keys {
		if k == key {
			return i
		}
	}
	return -1
}
