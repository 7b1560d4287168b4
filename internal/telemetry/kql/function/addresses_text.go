package function

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// hasAddress looks for addresses that stand in a text between characters that are
// no letters and no digits; with prefix, for one that begins with 10. or 10.1.
func hasAddress(prefix bool) Eval {
	return func(args []value.Value) value.Value {
		wanted := args[1:]
		if isArray(args[1]) {
			wanted = args[1].Elems()
		}
		var among []network4
		for _, w := range wanted {
			n, ok := parse4(w.Text())
			if !ok && prefix {
				n, ok = parsePrefix4(w.Text())
			} else {
				ok = ok && n.bits == 32 && !strings.Contains(w.Text(), "/")
			}
			if ok {
				among = append(among, n)
			}
		}
		for address := range addressesIn(args[0].Text()) {
			for _, n := range among {
				if (network4{address, n.bits}).masked() == n.address {
					return value.Bool(true)
				}
			}
		}
		return value.Bool(false)
	}
}

// parsePrefix4 reads the beginning of an address that ends in a dot.
func parsePrefix4(s string) (n network4, ok bool) {
	rest, ok := strings.CutSuffix(s, ".")
	if !ok {
		return n, false
	}
	for part := range strings.SplitSeq(rest, ".") {
		octet, ok := decimal(part, 255)
		if !ok || n.bits == 24 {
			return n, false
		}
		n.address |= uint32(octet) << (24 - n.bits)
		n.bits += 8
	}
	return n, true
}

// addressesIn goes through the whole addresses of a text.
func addressesIn(text string) func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		for i := 0; i < len(text); i++ {
			if c := text[i]; c < '0' || c > '9' || i > 0 && isAlphanumeric(rune(text[i-1])) {
				continue
			}
			end := i
			for end < len(text) && end-i < len("255.255.255.255") && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
				end++
			}
			// The longest that is four numbers: a dot after them ends a sentence.
			candidate := text[i:end]
			if parts := strings.SplitN(candidate, ".", 5); len(parts) > 4 {
				candidate = strings.Join(parts[:4], ".")
			}
			if after := i + len(candidate); after < len(text) && isAlphanumeric(rune(text[after])) {
				continue
			}
			if n, ok := parse4(candidate); ok && !yield(n.address) {
				return
			}
		}
	}
}
