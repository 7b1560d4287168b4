package value

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep arrays and bags may nest in JSON that is read.
const maxDepth = 512

// ParseJSON reads JSON text into a dynamic; whole numbers that fit become long,
// others real. ok is false if text is not exactly one JSON value. The strings
// of the result may share text's memory.
func ParseJSON(text string) (v Value, ok bool) {
	p := jsonReader{text: text}
	v, ok = p.value(0)
	p.space()
	return v, ok && p.at == len(p.text)
}

type jsonReader struct {
	text string
	at   int
}

func (p *jsonReader) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *jsonReader) value(depth int) (Value, bool) {
	p.space()
	if p.at >= len(p.text) || depth > maxDepth {
		return Null, false
	}
	switch c := p.text[p.at]; c {
	case '{':
		return p.bag(depth)
	case '[':
		return p.array(depth)
	case '"':
		s, ok := p.string()
		return String(s), ok
	case 't':
		return Bool(true), p.word("true")
	case 'f':
		return Bool(false), p.word("false")
	case 'n':
		return Null, p.word("null")
	}
	return p.number()
}

func (p *jsonReader) word(w string) bool {
	if !strings.HasPrefix(p.text[p.at:], w) {
		return false
	}
	p.at += len(w)
	return true
}

func (p *jsonReader) number() (Value, bool) {
	from := p.at
	whole := true
	if p.at < len(p.text) && p.text[p.at] == '-' {
		p.at++
	}
	digits := p.at
scan:
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c >= '0' && c <= '9':
		case c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-':
			whole = false
		default:
			break scan
		}
	}
	s := p.text[from:p.at]
	if p.at == digits || p.text[digits] < '0' || p.text[digits] > '9' || p.at-digits > 1 && p.text[digits] == '0' && p.text[digits+1] >= '0' && p.text[digits+1] <= '9' {
		return Null, false
	}
	if point := strings.IndexByte(s, '.'); point >= 0 && (point+1 == len(s) || s[point+1] < '0' || s[point+1] > '9') {
		return Null, false
	}
	if whole {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return Long(i), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return Null, false
	}
	return Real(f), true
}

func (p *jsonReader) array(depth int) (Value, bool) {
	p.at++
	var elems []Value
	p.space()
	if p.at < len(p.text) && p.text[p.at] == ']' {
		p.at++
		return Array(nil), true
	}
	for {
		e, ok := p.value(depth + 1)
		if !ok {
			return Null, false
		}
		elems = append(elems, e)
		switch p.separator(']') {
		case ',':
		case ']':
			return Array(elems), true
		default:
			return Null, false
		}
	}
}

func (p *jsonReader) bag(depth int) (Value, bool) {
	p.at++
	b := NewBag(4)
	p.space()
	if p.at < len(p.text) && p.text[p.at] == '}' {
		p.at++
		return FromBag(b), true
	}
	for {
		p.space()
		if p.at >= len(p.text) || p.text[p.at] != '"' {
			return Null, false
		}
		key, ok := p.string()
		if !ok || p.separator(':') != ':' {
			return Null, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return Null, false
		}
		b.Set(key, v)
		switch p.separator('}') {
		case ',':
		case '}':
			return FromBag(b), true
		default:
			return Null, false
		}
	}
}

// separator takes a comma or the closer, and says which; 0 if it is neither.
func (p *jsonReader) separator(closer byte) byte {
	p.space()
	if p.at < len(p.text) && (p.text[p.at] == ',' || p.text[p.at] == closer) {
		p.at++
		return p.text[p.at-1]
	}
	return 0
}

func (p *jsonReader) string() (string, bool) {
	p.at++
	from := p.at
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return p.text[from : p.at-1], true
		case c == '\\':
			return p.escaped(from)
		case c < 0x20:
			return "", false
		}
	}
	return "", false
}

func (p *jsonReader) escaped(from int) (string, bool) {
	out := append(make([]byte, 0, p.at-from+32), p.text[from:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			return string(out), true
		case c < 0x20:
			return "", false
		case c != '\\':
			out = append(out, c)
			continue
		}
		if p.at >= len(p.text) {
			return "", false
		}
		c = p.text[p.at]
		p.at++
		switch c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, ok := p.hex4()
			if !ok {
				return "", false
			}
			if utf16.IsSurrogate(r) && strings.HasPrefix(p.text[p.at:], `\u`) {
				back := p.at
				p.at += 2
				low, ok := p.hex4()
				if !ok {
					return "", false
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					p.at = back
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			return "", false
		}
	}
	return "", false
}

func (p *jsonReader) hex4() (rune, bool) {
	if p.at+4 > len(p.text) {
		return 0, false
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
	p.at += 4
	return rune(n), err == nil
}
