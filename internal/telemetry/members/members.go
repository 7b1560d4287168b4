// Package members walks over the members of a JSON object where it stands, without copying it.
//
// Log lines of workers and rows that workers send are flat objects with a few
// members of interest. The standard decoder wants a type or makes a tree; this
// looks at each member once, checks the whole text strictly (RFC 8259), and
// allocates nothing. Begin with [Each].
package members

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Deepest is how deep arrays and objects may be nested; deeper text is refused.
const Deepest = 64

// Error says where a text stops being JSON.
type Error struct {
	At   int // bytes from its beginning
	What string
}

func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.At, e.What) }

// Each calls visit with every member of the object that text is, in order: the
// name as it stands between its quotes, escapes and all, and the value as it
// stands. It ends early when visit returns false. The slices belong to text. The
// error is an *Error; visit may have been called before it.
func Each(text []byte, visit func(name, value []byte) bool) error {
	s := scanner{text: text, visit: visit}
	s.space()
	if s.at == len(text) || text[s.at] != '{' {
		return &Error{s.at, "expected an object"}
	}
	if err := s.object(0); err != nil || s.stopped {
		return err
	}
	s.space()
	if s.at < len(text) {
		return &Error{s.at, "something follows the object"}
	}
	return nil
}

// Kind of a raw value, by its first byte: '"', '{', '[', 't', 'f', 'n', or '0'
// for a number. 0 for none.
func Kind(value []byte) byte {
	if len(value) == 0 {
		return 0
	}
	if c := value[0]; c == '-' || c >= '0' && c <= '9' {
		return '0'
	}
	return value[0]
}

// AppendText appends what a raw value says: of a string its text, of anything
// else what stands there. A lone surrogate becomes U+FFFD.
func AppendText(to, value []byte) []byte {
	if Kind(value) != '"' || len(value) < 2 {
		return append(to, value...)
	}
	return AppendUnescaped(to, value[1:len(value)-1])
}

// AppendUnescaped appends what stands between a string's quotes.
func AppendUnescaped(to, inside []byte) []byte {
	for i := 0; i < len(inside); i++ {
		c := inside[i]
		if c != '\\' || i+1 == len(inside) {
			to = append(to, c)
			continue
		}
		i++
		switch inside[i] {
		case 'n':
			to = append(to, '\n')
		case 't':
			to = append(to, '\t')
		case 'r':
			to = append(to, '\r')
		case 'b':
			to = append(to, '\b')
		case 'f':
			to = append(to, '\f')
		case 'u':
			r, used := unicode(inside[i+1:])
			i += used
			to = utf8.AppendRune(to, r)
		default:
			to = append(to, inside[i])
		}
	}
	return to
}

// unicode reads the digits behind \u, and a second escape where the first is
// half of a pair.
func unicode(after []byte) (rune, int) {
	first, ok := hex4(after)
	if !ok {
		return utf8.RuneError, 0
	}
	if utf16.IsSurrogate(first) && len(after) >= 10 && after[4] == '\\' && after[5] == 'u' {
		if second, ok := hex4(after[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 10
			}
		}
	}
	if utf16.IsSurrogate(first) {
		return utf8.RuneError, 4
	}
	return first, 4
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
