package jsonpos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Parse reads one value. The error is an *Error.
func Parse(text []byte) (Value, error) {
	if len(text) > MaxSize {
		return Value{}, &Error{0, fmt.Sprintf("%d bytes are more than the %d that are read", len(text), MaxSize)}
	}
	if !utf8.Valid(text) {
		at := 0
		for r, n := utf8.DecodeRune(text); r != utf8.RuneError || n != 1; r, n = utf8.DecodeRune(text[at:]) {
			at += n
		}
		return Value{}, &Error{at, "it is no UTF-8"}
	}
	p := parser{text: text}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		p.at = len("\ufeff")
	}
	v, err := p.value(0)
	if err != nil {
		return Value{}, err
	}
	if err := p.space(); err != nil {
		return Value{}, err
	}
	if p.at < len(text) {
		return Value{}, p.fault(p.at, "%s after the end of the value", p.here())
	}
	return v, nil
}

type parser struct {
	text []byte
	at   int
}

func (p *parser) fault(at int, format string, args ...any) *Error {
	return &Error{at, fmt.Sprintf(format, args...)}
}

// here names the character at the place.
func (p *parser) here() string {
	if p.at >= len(p.text) {
		return "the end"
	}
	r, _ := utf8.DecodeRune(p.text[p.at:])
	return fmt.Sprintf("%q", r)
}

// space skips white space and comments.
func (p *parser) space() error {
	for p.at < len(p.text) {
		rest := p.text[p.at:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			p.at++
		case bytes.HasPrefix(rest, []byte("//")):
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			p.at += end
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				return p.fault(p.at, "a comment without its end")
			}
			p.at += end + 4
		default:
			return nil
		}
	}
	return nil
}

func (p *parser) value(depth int) (Value, error) {
	if err := p.space(); err != nil {
		return Value{}, err
	}
	if p.at == len(p.text) {
		return Value{}, p.fault(p.at, "it ends where a value is to be")
	}
	if depth > MaxDepth {
		return Value{}, p.fault(p.at, "it goes more than %d levels deep", MaxDepth)
	}
	v := Value{At: p.at}
	var err error
	switch p.text[p.at] {
	case '{':
		v.Kind = Object
		v.Members, err = p.object(depth)
	case '[':
		v.Kind = List
		v.Items, err = p.list(depth)
	case '"':
		v.Kind = String
		v.Text, err = p.string()
	default:
		v.Kind, v.Text, err = p.word()
	}
	v.End = p.at
	return v, err
}

// enclosed reads what is between two brackets, separated by commas. A comma may
// stand before the end.
func (p *parser) enclosed(closing byte, name string, one func() error) error {
	open := p.at
	p.at++
	for {
		if err := p.space(); err != nil {
			return err
		}
		if p.at < len(p.text) && p.text[p.at] == closing {
			p.at++
			return nil
		}
		if p.at == len(p.text) {
			return p.fault(open, "%s without its end, which is %q", name, closing)
		}
		if err := one(); err != nil {
			return err
		}
		if err := p.space(); err != nil {
			return err
		}
		switch {
		case p.at == len(p.text):
			return p.fault(open, "%s without its end, which is %q", name, closing)
		case p.text[p.at] == ',':
			p.at++
		case p.text[p.at] != closing:
			return p.fault(p.at, "%s where a comma or %q is to be", p.here(), closing)
		}
	}
}

func (p *parser) object(depth int) (all []Member, err error) {
	err = p.enclosed('}', "an object", func() error {
		m := Member{At: p.at}
		if p.text[p.at] != '"' {
			return p.fault(p.at, `%s where a name in double quotes is to be`, p.here())
		}
		var err error
		if m.Name, err = p.string(); err != nil {
			return err
		}
		if err := p.space(); err != nil {
			return err
		}
		if p.at == len(p.text) || p.text[p.at] != ':' {
			return p.fault(p.at, "%s where a colon is to be", p.here())
		}
		p.at++
		m.Value, err = p.value(depth + 1)
		all = append(all, m)
		return err
	})
	return all, err
}

func (p *parser) list(depth int) (all []Value, err error) {
	err = p.enclosed(']', "a list", func() error {
		v, err := p.value(depth + 1)
		all = append(all, v)
		return err
	})
	return all, err
}

func (p *parser) string() (string, error) {
	from := p.at
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			var s string
			if err := json.Unmarshal(p.text[from:p.at], &s); err != nil {
				return "", p.fault(from, "a text that JSON can't have")
			}
			return s, nil
		case c == '\\':
			if p.at++; p.at == len(p.text) {
				return "", p.fault(from, "a text without its end")
			}
			if !p.escape() {
				return "", p.fault(p.at-1, `\%s is no escape of JSON`, strings.Trim(p.here(), "'"))
			}
		case c == '\n' || c == '\r':
			return "", p.fault(from, "a text without its end on its line")
		case c < ' ':
			return "", p.fault(p.at, "%s within a text", p.here())
		}
	}
	return "", p.fault(from, "a text without its end")
}

// escape goes to the last byte of what follows a backslash.
func (p *parser) escape() bool {
	if p.text[p.at] != 'u' {
		return strings.IndexByte(`"\/bfnrt`, p.text[p.at]) >= 0
	}
	if p.at+4 >= len(p.text) || strings.Trim(string(p.text[p.at+1:p.at+5]), "0123456789abcdefABCDEF") != "" {
		return false
	}
	p.at += 4
	return true
}

// word reads a number, true, false or null.
func (p *parser) word() (Kind, string, error) {
	from := p.at
	for p.at < len(p.text) && isWord(p.text[p.at]) {
		p.at++
	}
	switch text := string(p.text[from:p.at]); {
	case text == "null":
		return Null, text, nil
	case text == "true", text == "false":
		return Bool, text, nil
	case text == "" && p.text[from] == '\'':
		return 0, "", p.fault(from, "single quotes, where JSON has double ones")
	case text == "":
		return 0, "", p.fault(from, "%s where a value is to be", p.here())
	case !json.Valid([]byte(text)):
		p.at = from
		return 0, "", p.fault(from, "no value of JSON: a text has double quotes around it")
	default:
		return Number, text, nil
	}
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("+-._$%", c) >= 0
}
