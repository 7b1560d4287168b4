package poison

import (
	"encoding/hex"
	"strings"
)

const digits = "0123456789abcdef"

func key(queue, id string) string { return prefix + queue + "/" + encode(id) }

// encode writes an id in the letters that a key may have: letters, digits and
// hyphens as they are, each other byte as = and two digits.
func encode(id string) string {
	var b strings.Builder
	for i := range len(id) {
		if c := id[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.WriteByte('=')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// decode reads what encode has written, and nothing else.
func decode(text string) (id string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '=' {
			b.WriteByte(text[i])
			continue
		}
		if len(text)-i < 3 {
			return "", false
		}
		one, err := hex.DecodeString(text[i+1 : i+3])
		if err != nil {
			return "", false
		}
		b.Write(one)
		i += 2
	}
	id = b.String()
	return id, encode(id) == text
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}
