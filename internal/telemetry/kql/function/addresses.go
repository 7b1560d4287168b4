package function

import (
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// addresses are the functions on IPv4 and IPv6 addresses. An address may carry a
// prefix length (10.0.0.7/8), and then stands for its network.
func addresses() []Func {
	return []Func{
		{Name: "parse_ipv4", Args: []string{"string"}, Type: schema.Long, Eval: func(args []value.Value) value.Value { return number4(parse4(args[0].Str())) }},
		{Name: "parse_ipv4_mask", Args: []string{"string, long"}, Type: schema.Long, Eval: func(args []value.Value) value.Value { return number4(narrowed(args, 0)) }},
		{Name: "format_ipv4", Args: []string{"scalar, long?"}, Type: schema.String, Eval: func(args []value.Value) value.Value {
			n, ok := narrowed(args, 0)
			if !ok {
				return value.Null
			}
			return value.String(text4(n.masked()))
		}},
		{Name: "format_ipv4_mask", Args: []string{"scalar, long"}, Type: schema.String, Eval: func(args []value.Value) value.Value {
			n, ok := narrowed(args, 0)
			if !ok {
				return value.Null
			}
			return value.String(text4(n.masked()) + "/" + strconv.Itoa(n.bits))
		}},
		{Name: "ipv4_netmask_suffix", Args: []string{"string"}, Type: schema.Long, Eval: func(args []value.Value) value.Value {
			n, ok := parse4(args[0].Str())
			if !ok {
				return value.Null
			}
			return value.Long(int64(n.bits))
		}},
		{Name: "ipv4_compare", Args: []string{"string, string, long?"}, Type: schema.Long, Eval: func(args []value.Value) value.Value {
			c, ok := compare4(args)
			if !ok {
				return value.Null
			}
			return value.Long(c)
		}},
		{Name: "ipv4_is_match", Args: []string{"string, string, long?"}, Type: schema.Bool, Eval: match4},
		{Name: "ipv4_is_in_range", Args: []string{"string, string"}, Type: schema.Bool, Eval: match4},
		{Name: "ipv4_is_in_any_range", Args: []string{"text, array", "text, string+"}, Type: schema.Bool, Eval: inAny(match4)},
		{Name: "ipv4_is_private", Args: []string{"string"}, Type: schema.Bool, Eval: isPrivate4},
		{Name: "ipv4_range_to_cidr_list", Args: []string{"string, string"}, Type: schema.Dynamic, Eval: rangeToCIDR},
		{Name: "parse_ipv6", Args: []string{"string"}, Type: schema.String, Eval: func(args []value.Value) value.Value { return text6(parse6(args[0].Str())) }},
		{Name: "parse_ipv6_mask", Args: []string{"string, long"}, Type: schema.String, Eval: func(args []value.Value) value.Value {
			n, ok := parse6(args[0].Str())
			most := args[1].Long()
			if most < 0 || most > 128 {
				return value.Null
			}
			n.bits = min(n.bits, int(most))
			return text6(n, ok)
		}},
		{Name: "ipv6_compare", Args: []string{"string, string"}, Type: schema.Long, Eval: func(args []value.Value) value.Value {
			c, ok := compare6(args)
			if !ok {
				return value.Null
			}
			return value.Long(c)
		}},
		{Name: "ipv6_is_match", Args: []string{"string, string"}, Type: schema.Bool, Eval: match6},
		{Name: "ipv6_is_in_range", Args: []string{"string, string"}, Type: schema.Bool, Eval: match6},
		{Name: "ipv6_is_in_any_range", Args: []string{"text, array", "text, string+"}, Type: schema.Bool, Eval: inAny(match6)},
		{Name: "has_ipv4", Args: []string{"text, string"}, Type: schema.Bool, Eval: hasAddress(false)},
		{Name: "has_any_ipv4", Args: []string{"text, array", "text, string+"}, Type: schema.Bool, Eval: hasAddress(false)},
		{Name: "has_ipv4_prefix", Args: []string{"text, string"}, Type: schema.Bool, Eval: hasAddress(true)},
		{Name: "has_any_ipv4_prefix", Args: []string{"text, array", "text, string+"}, Type: schema.Bool, Eval: hasAddress(true)},
	}
}

// network4 is an IPv4 address and how many of its leading bits count.
type network4 struct {
	address uint32
	bits    int
}

func (n network4) masked() uint32 { return n.address & (^uint32(0) << (32 - n.bits)) }

// parse4 reads four numbers from 0 to 255, without leading zeros, which some read
// as octal.
func parse4(s string) (n network4, ok bool) {
	s, prefix, masked := strings.Cut(s, "/")
	n.bits = 32
	if masked {
		if n.bits, ok = decimal(prefix, 32); !ok {
			return n, false
		}
	}
	parts := 0
	for part := range strings.SplitSeq(s, ".") {
		octet, ok := decimal(part, 255)
		if parts++; !ok || parts > 4 {
			return n, false
		}
		n.address = n.address<<8 | uint32(octet)
	}
	return n, parts == 4
}

func decimal(s string, most int) (int, bool) {
	if s == "" || len(s) > 3 || len(s) > 1 && s[0] == '0' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= most
}

// narrowed is the address of an argument, which may be its number, under the
// shorter of its own prefix and that of the argument behind it.
func narrowed(args []value.Value, at int) (n network4, ok bool) {
	switch v := args[at]; v.Kind() {
	case value.KindString:
		n, ok = parse4(v.Str())
	case value.KindInt, value.KindLong:
		n, ok = network4{uint32(v.Long()), 32}, v.Long() >= 0 && v.Long() < 1<<32
	}
	if ok && len(args) > at+1 {
		most := args[at+1].Long()
		if most < 0 || most > 32 {
			return n, false
		}
		n.bits = min(n.bits, int(most))
	}
	return n, ok
}

func number4(n network4, ok bool) value.Value {
	if !ok {
		return value.Null
	}
	return value.Long(int64(n.masked()))
}

func text4(a uint32) string {
	b := make([]byte, 0, 15)
	for shift := 24; shift >= 0; shift -= 8 {
		b = strconv.AppendUint(b, uint64(a>>shift&255), 10)
		if shift > 0 {
			b = append(b, '.')
		}
	}
	return string(b)
}

// compare4 compares under the shortest of the prefixes.
func compare4(args []value.Value) (int64, bool) {
	a, okA := parse4(args[0].Str())
	b, okB := narrowed(args, 1)
	if !okA || !okB {
		return 0, false
	}
	bits := min(a.bits, b.bits)
	x, y := network4{a.address, bits}.masked(), network4{b.address, bits}.masked()
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func match4(args []value.Value) value.Value {
	c, ok := compare4(args)
	if !ok {
		return value.Null
	}
	return value.Bool(c == 0)
}

// inAny tries one range after the other, which are arguments or an array. A range
// that is none makes an answer of no unknown.
func inAny(match Eval) Eval {
	pair := make([]value.Value, 2)
	return func(args []value.Value) value.Value {
		ranges := args[1:]
		if isArray(args[1]) {
			ranges = args[1].Elems()
		}
		result := value.Bool(false)
		pair[0] = value.String(args[0].Text())
		for _, r := range ranges {
			pair[1] = value.String(r.Text())
			switch in := match(pair); {
			case in.Bool():
				return in
			case in.IsNull():
				result = in
			}
		}
		return result
	}
}

func isPrivate4(args []value.Value) value.Value {
	n, ok := parse4(args[0].Str())
	if !ok {
		return value.Null
	}
	a := n.masked()
	return value.Bool(a>>24 == 10 || a>>20 == 172<<4|1 || a>>16 == 192<<8|168)
}

// rangeToCIDR covers a range with the fewest networks.
func rangeToCIDR(args []value.Value) value.Value {
	first, ok1 := parse4(args[0].Str())
	last, ok2 := parse4(args[1].Str())
	if !ok1 || !ok2 || first.bits != 32 || last.bits != 32 || first.address > last.address {
		return value.Null
	}
	var out []value.Value
	from, to := uint64(first.address), uint64(last.address)
	for from <= to {
		bits := 32
		for bits > 0 && from&(1<<(33-bits)-1) == 0 && from+1<<(33-bits)-1 <= to {
			bits--
		}
		out = append(out, value.String(text4(uint32(from))+"/"+strconv.Itoa(bits)))
		from += 1 << (32 - bits)
	}
	return value.Array(out)
}
