package function

import (
	"strings"
	"unicode/utf8"
)

// The numbers of RFC 3492, section 5.
const (
	punyBase, punyLeast, punyMost = 36, 1, 26
	punySkew, punyDamp            = 38, 700
	punyBias, punyFirst           = 72, 128
	punyDigits                    = "abcdefghijklmnopqrstuvwxyz0123456789"
	punyLongest                   = 1 << 14 // texts, in bytes: the work grows with the square
)

func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyLeast)*punyMost/2; k += punyBase {
		delta /= punyBase - punyLeast
	}
	return k + (punyBase-punyLeast+1)*delta/(delta+punySkew)
}

func punyThreshold(k, bias int) int { return min(max(k-bias, punyLeast), punyMost) }

func punycode(s string) (string, bool) {
	if !utf8.ValidString(s) || len(s) > punyLongest {
		return "", false
	}
	var out strings.Builder
	runes := []rune(s)
	for _, r := range runes {
		if r < utf8.RuneSelf {
			out.WriteByte(byte(r))
		}
	}
	basic := out.Len()
	done := basic
	if basic > 0 {
		out.WriteByte('-')
	}
	n, delta, bias := rune(punyFirst), 0, punyBias
	for done < len(runes) {
		next := rune(utf8.MaxRune)
		for _, r := range runes {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range runes {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := punyBase; ; k += punyBase {
				t := punyThreshold(k, bias)
				if q < t {
					break
				}
				out.WriteByte(punyDigits[t+(q-t)%(punyBase-t)])
				q = (q - t) / (punyBase - t)
			}
			out.WriteByte(punyDigits[q])
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return out.String(), true
}

func unpunycode(s string) (string, bool) {
	if len(s) > punyLongest || strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
		return "", false
	}
	var runes []rune
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		runes, s = []rune(s[:i]), s[i+1:]
	}
	n, at, bias := punyFirst, 0, punyBias
	for s != "" {
		before, weight := at, 1
		for k := punyBase; ; k += punyBase {
			if s == "" {
				return "", false
			}
			digit := strings.IndexByte(punyDigits, s[0]|0x20)
			if s[0] >= '0' && s[0] <= '9' {
				digit = 26 + int(s[0]-'0')
			}
			s = s[1:]
			if digit < 0 {
				return "", false
			}
			at += digit * weight
			t := punyThreshold(k, bias)
			if digit < t {
				break
			}
			if weight *= punyBase - t; weight > 1<<40 || at > 1<<40 {
				return "", false
			}
		}
		bias = punyAdapt(at-before, len(runes)+1, before == 0)
		n += at / (len(runes) + 1)
		at %= len(runes) + 1
		if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
			return "", false
		}
		runes = append(runes, 0)
		copy(runes[at+1:], runes[at:])
		runes[at] = rune(n)
		at++
	}
	return string(runes), true
}

// labels goes through what stands between the dots of a domain, of which there
// are four kinds (RFC 3490, section 3.1).
func labels(domain string, of func(string) (string, bool)) (string, bool) {
	parts := strings.Split(strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(domain), ".")
	for i, part := range parts {
		var ok bool
		if parts[i], ok = of(part); !ok {
			return "", false
		}
	}
	return strings.Join(parts, "."), true
}

func punycodeDomain(domain string) (string, bool) {
	return labels(domain, func(label string) (string, bool) {
		if strings.IndexFunc(label, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
			return label, true
		}
		s, ok := punycode(label)
		return "xn--" + s, ok
	})
}

func unpunycodeDomain(domain string) (string, bool) {
	return labels(domain, func(label string) (string, bool) {
		if rest, found := strings.CutPrefix(label, "xn--"); found {
			return unpunycode(rest)
		}
		return label, true
	})
}
