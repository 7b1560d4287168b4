package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is a kind of token.
type kind uint8

const (
	end kind = iota
	word
	number // 1, 0x1f, 1.5, 1e3, and spans such as 5m
	text   // a string literal; value holds what it says
	mark   // punctuation and operators
)

func (k kind) String() string {
	return [...]string{"the end of the query", "a name", "a number", "a string", "a sign"}[k]
}

type token struct {
	kind  kind
	text  string // as written
	value string // of a string literal
	span  Span
	// newline says that the token is the first of its line; blank, that there is
	// an empty line before it.
	newline, blank bool
}

// marks are the signs of more than one character, longest first.
var marks = [...]string{"..", "==", "!=", "<>", "<=", ">=", "=~", "!~", "=>", "<|"}

type lexer struct {
	src    string
	at     int
	tokens []token
}

// scan cuts the text into tokens. The last is of kind end.
func scan(src string) ([]token, *Error) {
	l := lexer{src: src, tokens: make([]token, 0, len(src)/5+8)}
	for {
		newline, blank := l.skip()
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		t.newline, t.blank = newline || len(l.tokens) == 0, blank
		l.tokens = append(l.tokens, t)
		if t.kind == end {
			return l.tokens, nil
		}
	}
}

// skip passes over white space and comments.
func (l *lexer) skip() (newline, blank bool) {
	empty := false // nothing but space since the last line's end
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case c == '\n':
			blank = blank || empty
			newline, empty = true, true
			l.at++
		case c == ' ' || c == '\t' || c == '\r':
			l.at++
		case c == '/' && strings.HasPrefix(l.src[l.at:], "//"):
			empty = false
			if i := strings.IndexByte(l.src[l.at:], '\n'); i >= 0 {
				l.at += i
			} else {
				l.at = len(l.src)
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(l.src[l.at:])
			if !unicode.IsSpace(r) && r != '\uFEFF' {
				return newline, blank
			}
			l.at += n
		default:
			return newline, blank
		}
	}
	return newline, blank
}

func (l *lexer) next() (token, *Error) {
	from := l.at
	if from >= len(l.src) {
		return token{kind: end, span: Span{from, from}}, nil
	}
	c := l.src[from]
	switch {
	case isLetter(c):
		if quoted := l.prefixed(); quoted >= 0 {
			return l.quoted(from, quoted)
		}
		for l.at < len(l.src) && (isLetter(l.src[l.at]) || isDigit(l.src[l.at])) {
			l.at++
		}
		if w := l.src[from:l.at]; l.at < len(l.src) && l.src[l.at] == '~' && (w == "in" || w == "has_any") {
			l.at++
		}
		return l.made(word, from), nil
	case isDigit(c):
		return l.number(from)
	case c == '"' || c == '\'' || c == '@' || strings.HasPrefix(l.src[from:], "```") || strings.HasPrefix(l.src[from:], "~~~"):
		if quoted := l.prefixed(); quoted >= 0 {
			return l.quoted(from, quoted)
		}
	case c == '!':
		if m := l.negated(); m > 0 {
			l.at += m
			return l.made(mark, from), nil
		}
	}
	for _, m := range marks {
		if strings.HasPrefix(l.src[from:], m) {
			l.at += len(m)
			return l.made(mark, from), nil
		}
	}
	if strings.IndexByte("+-*/%<>=()[]{},;:.|!?", c) >= 0 {
		l.at++
		return l.made(mark, from), nil
	}
	_, n := utf8.DecodeRuneInString(l.src[from:])
	return token{}, &Error{Span: Span{from, from + n}, Message: "a character that has no meaning here: " + printable(l.src[from:from+n])}
}

func (l *lexer) made(k kind, from int) token {
	return token{kind: k, text: l.src[from:l.at], span: Span{from, l.at}}
}

// negated is the length of an operator such as !has at the place, 0 if there is none.
func (l *lexer) negated() int {
	rest := l.src[l.at:]
	i := 1
	for i < len(rest) && (isLetter(rest[i]) || isDigit(rest[i])) {
		i++
	}
	if i == 1 {
		return 0
	}
	if i < len(rest) && rest[i] == '~' && rest[1:i] == "in" {
		i++
	}
	return i
}

// prefixed is where the quotes of a string literal begin that starts here, behind
// h and @; −1 if none does.
func (l *lexer) prefixed() int {
	i := l.at
	if i < len(l.src) && (l.src[i] == 'h' || l.src[i] == 'H') {
		i++
	}
	if i < len(l.src) && l.src[i] == '@' {
		i++
	}
	if i < len(l.src) && (l.src[i] == '"' || l.src[i] == '\'') {
		return i
	}
	if strings.HasPrefix(l.src[i:], "```") || strings.HasPrefix(l.src[i:], "~~~") {
		return i
	}
	return -1
}

// quoted reads a string literal whose quotes begin at open.
func (l *lexer) quoted(from, open int) (token, *Error) {
	quote := l.src[open]
	verbatim := open > from && l.src[open-1] == '@'
	if quote == '`' || quote == '~' {
		fence := l.src[open : open+3]
		i := strings.Index(l.src[open+3:], fence)
		if i < 0 {
			return token{}, &Error{Span: Span{from, open + 3}, Message: "a string that does not end", Hint: "close it with " + fence}
		}
		l.at = open + 3 + i + 3
		t := l.made(text, from)
		t.value = l.src[open+3 : open+3+i]
		return t, nil
	}
	var value strings.Builder
	for i := open + 1; i < len(l.src); {
		c := l.src[i]
		switch {
		case c == quote && verbatim && i+1 < len(l.src) && l.src[i+1] == quote:
			value.WriteByte(quote)
			i += 2
		case c == quote:
			l.at = i + 1
			t := l.made(text, from)
			t.value = value.String()
			return t, nil
		case c == '\n' && !verbatim:
			return token{}, &Error{Span: Span{from, i}, Message: "a string that does not end on its line", Hint: `write a line's end as \n, or the whole between ` + "``` and ```"}
		case c == '\\' && !verbatim:
			n, err := unescape(&value, l.src[i:])
			if err != "" {
				return token{}, &Error{Span: Span{i, min(i+2, len(l.src))}, Message: err, Hint: `write a backslash as \\, or put @ before the string`}
			}
			i += n
		default:
			value.WriteByte(c)
			i++
		}
	}
	return token{}, &Error{Span: Span{from, len(l.src)}, Message: "a string that does not end", Hint: "close it with " + string(quote)}
}

// unescape writes what the escape at the front of s stands for, and gives its length.
func unescape(to *strings.Builder, s string) (n int, problem string) {
	if len(s) < 2 {
		return 0, "a backslash at the end"
	}
	if i := strings.IndexByte(`abfnrtv\"'0`, s[1]); i >= 0 {
		to.WriteByte("\a\b\f\n\r\t\v\\\"'\x00"[i])
		return 2, ""
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[s[1]]
	if digits == 0 || len(s) < 2+digits {
		return 0, "an escape that KQL does not have: " + printable(s[:2])
	}
	r := rune(0)
	for _, c := range []byte(s[2 : 2+digits]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if c <= '9' {
			d = int(c) - '0'
		}
		if d < 0 || d > 15 {
			return 0, "an escape without its digits: " + printable(s[:2+digits])
		}
		r = r<<4 | rune(d)
	}
	to.WriteRune(r)
	return 2 + digits, ""
}

// number reads a number, and the letters behind it that make it a span.
func (l *lexer) number(from int) (token, *Error) {
	s := l.src
	if strings.HasPrefix(s[from:], "0x") || strings.HasPrefix(s[from:], "0X") {
		l.at += 2
		for l.at < len(s) && (isDigit(s[l.at]) || isLetter(s[l.at])) {
			l.at++
		}
		return l.made(number, from), nil
	}
	digits := func() {
		for l.at < len(s) && isDigit(s[l.at]) {
			l.at++
		}
	}
	digits()
	if l.at+1 < len(s) && s[l.at] == '.' && isDigit(s[l.at+1]) {
		l.at++
		digits()
	}
	if l.at < len(s) && s[l.at]|0x20 == 'e' {
		i := l.at + 1
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if i < len(s) && isDigit(s[i]) {
			l.at = i
			digits()
		}
	}
	for l.at < len(s) && (isLetter(s[l.at]) || isDigit(s[l.at])) {
		l.at++
	}
	return l.made(number, from), nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func printable(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	if len(s) == 1 && r != utf8.RuneError || r != utf8.RuneError && unicode.IsPrint(r) {
		return "'" + strings.ToValidUTF8(s, "\uFFFD") + "'"
	}
	return "one that can't be shown"
}
