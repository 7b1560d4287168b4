package ndjson

import (
	"bytes"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Order checks that lines have their properties in the order of a table's
// columns, each at most once, without spaces between them: what a Scanner that is
// told so trusts.
type Order struct{ keys []string }

// NewOrder makes the check for a table.
func NewOrder(t schema.Table) *Order {
	o := &Order{}
	for _, c := range New(t, nil).columns {
		o.keys = append(o.keys, c.key)
	}
	return o
}

// Holds says whether all lines of a block are in order.
func (o *Order) Holds(block []byte) bool {
	for len(block) > 0 {
		end := bytes.IndexByte(block, '\n')
		if end < 0 || !o.line(block[:end]) {
			return false
		}
		block = block[end+1:]
	}
	return true
}

func (o *Order) line(b []byte) bool {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return false
	}
	for at, next := 1, 0; ; {
		if at == len(b)-1 {
			return b[at-1] != ','
		}
		for ; ; next++ {
			if next == len(o.keys) {
				return false
			}
			if key := o.keys[next]; len(b)-at > len(key) && string(b[at:at+len(key)]) == key {
				at += len(key)
				next++
				break
			}
		}
		n := skip(b[at:])
		if n <= 0 || at+n >= len(b) {
			return false
		}
		at += n
		if b[at] == ',' {
			at++
		} else if at != len(b)-1 {
			return false
		}
	}
}
