package function

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// network6 is an IPv6 address and how many of its leading bits count.
type network6 struct {
	address [16]byte
	bits    int
}

func (n network6) masked(bits int) [16]byte {
	for i := range n.address {
		switch left := bits - 8*i; {
		case left <= 0:
			n.address[i] = 0
		case left < 8:
			n.address[i] &= 0xff << (8 - left)
		}
	}
	return n.address
}

// mapped is an IPv4 address among the IPv6 ones, ::ffff:a.b.c.d, and its prefix
// counted from the front.
func mapped(a network4) (n network6) {
	n.address[10], n.address[11] = 0xff, 0xff
	for i := range 4 {
		n.address[12+i] = byte(a.address >> (24 - 8*i))
	}
	n.bits = 96 + a.bits
	return n
}

// parse6 reads an IPv6 address, or an IPv4 one as the IPv6 one that it maps to.
// Kusto takes ::a.b.c.d for a mapped one, too, with a prefix as of IPv4.
func parse6(s string) (n network6, ok bool) {
	if a, ok := parse4(s); ok {
		return mapped(a), true
	}
	if rest, found := strings.CutPrefix(s, "::"); found {
		if a, ok := parse4(rest); ok {
			return mapped(a), true
		}
	}
	s, prefix, masked := strings.Cut(s, "/")
	n.bits = 128
	if masked {
		if n.bits, ok = decimal(prefix, 128); !ok {
			return n, false
		}
	}
	front, back, gap := strings.Cut(s, "::")
	head, ok1 := groups(front, !gap)
	tail, ok2 := groups(back, true)
	size := len(head) + len(tail)
	if !ok1 || !ok2 || !gap && size != 16 || gap && size > 14 {
		return n, false
	}
	copy(n.address[:], head)
	copy(n.address[16-len(tail):], tail)
	return n, true
}

// groups reads up to eight groups of hexadecimal digits between colons; the last
// may be an IPv4 address where that ends the whole.
func groups(s string, last bool) (b []byte, ok bool) {
	if s == "" {
		return nil, true
	}
	for rest, more := s, true; more; {
		var group string
		group, rest, more = strings.Cut(rest, ":")
		if !more && last && strings.Contains(group, ".") {
			a, ok := parse4(group)
			if !ok {
				return nil, false
			}
			return append(b, byte(a.address>>24), byte(a.address>>16), byte(a.address>>8), byte(a.address)), len(b) <= 12
		}
		n, err := strconv.ParseUint(group, 16, 16)
		if err != nil || len(group) > 4 || len(b) == 16 {
			return nil, false
		}
		b = append(b, byte(n>>8), byte(n))
	}
	return b, true
}

// text6 writes all eight groups with all their digits.
func text6(n network6, ok bool) value.Value {
	if !ok {
		return value.Null
	}
	const hex = "0123456789abcdef"
	out := make([]byte, 0, 39)
	for i, c := range n.masked(n.bits) {
		if i > 0 && i%2 == 0 {
			out = append(out, ':')
		}
		out = append(out, hex[c>>4], hex[c&15])
	}
	return value.String(string(out))
}

// compare6 compares under the shorter of the prefixes.
func compare6(args []value.Value) (int64, bool) {
	a, okA := parse6(args[0].Str())
	b, okB := parse6(args[1].Str())
	if !okA || !okB {
		return 0, false
	}
	bits := min(a.bits, b.bits)
	x, y := a.masked(bits), b.masked(bits)
	return int64(bytes.Compare(x[:], y[:])), true
}

func match6(args []value.Value) value.Value {
	c, ok := compare6(args)
	if !ok {
		return value.Null
	}
	return value.Bool(c == 0)
}
