package telemetry

import "bytes"

// blank stands where a secret stood. None of its characters can be part of a
// name, a scheme or a token, so that a second pass finds nothing new.
const blank = "***"

// Redact returns text with its secrets blanked: values of names such as
// password, token, secret, AccountKey and sig, in URLs, connection strings,
// JSON, headers and command lines; Bearer and Basic tokens; passwords in URLs;
// keys of AWS, GitHub, Slack and Stripe, and JSON web tokens. Text without any is returned as it is,
// without an allocation. It never changes its argument, and what it returned
// once it returns unchanged.
//
// It knows secrets by their names and shapes: one that stands alone and looks
// like a word is not found.
func Redact(text []byte) []byte {
	var out []byte
	done := 0 // text before it is in out, or was decided upon
	for i := 0; i < len(text); i++ {
		from, to := secretAt(text, done, i)
		if from >= to {
			continue
		}
		if string(text[from:to]) != blank {
			if out == nil {
				out = make([]byte, 0, len(text)+len(blank))
			}
			out = append(append(out, text[done:from]...), blank...)
		} else if out != nil {
			out = append(out, text[done:to]...)
		}
		if out != nil || to > done {
			done = to
		}
		i = to - 1
	}
	if out == nil {
		return text
	}
	return append(out, text[done:]...)
}

// secretAt finds the secret that the byte at i announces; from is to if there
// is none. Nothing before done is looked at.
func secretAt(text []byte, done, i int) (from, to int) {
	switch text[i] {
	case '=':
		return valueOf(text, done, i, i+1)
	case ':':
		if bytes.HasPrefix(text[i:], []byte("://")) {
			if from, to = userinfo(text, i+3); from < to {
				return from, to
			}
		}
		return valueOf(text, done, i, i+1)
	case '%':
		if i+2 < len(text) && text[i+1] == '3' && text[i+2]|0x20 == 'd' {
			return valueOf(text, done, i, i+3)
		}
	case ' ':
		return wordAfter(text, done, i)
	case 'A', 'e', 'g', 's', 'x':
		return shaped(text, done, i)
	}
	return 0, 0
}

// valueOf is the value of a secret name, with the separator at text[at:after].
func valueOf(text []byte, done, at, after int) (from, to int) {
	name, before := nameBefore(text, done, at)
	if !isSecret(name, before) {
		return 0, 0
	}
	from = after
	for from < len(text) && from < after+3 && text[from] == ' ' {
		from++
	}
	folded := foldName(name)
	return from + valueStart(text[from:]), valueEnd(text, from, text[at] == '%', folded.ends("cookie"))
}

// valueStart is how many bytes of a value are its opening quote.
func valueStart(value []byte) int {
	switch {
	case len(value) > 1 && value[0] == '\\' && isQuote(value[1]):
		return 2
	case len(value) > 0 && isQuote(value[0]):
		return 1
	}
	return 0
}

func valueEnd(text []byte, from int, escaped, whole bool) int {
	if n := valueStart(text[from:]); n > 0 {
		return quotedEnd(text, from+n, text[from+n-1], n == 2)
	}
	end := wordEnd(text, from, escaped)
	if whole {
		for end < len(text) && text[end] != '\n' && text[end] != '\r' && !isQuote(text[end]) {
			end++
		}
	}
	// A scheme's secret is the word after it.
	if isScheme(text[from:end]) && end+1 < len(text) && text[end] == ' ' {
		end = wordEnd(text, end+1, escaped)
	}
	return end
}

// quotedEnd is where the quote closes; a line's end closes it too. Inside of
// text that is itself quoted, the quotes have one backslash, and those inside
// of the value more.
func quotedEnd(text []byte, from int, quote byte, escaped bool) int {
	slashes := 0
	for i := from; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			return i
		case c == '\\':
			slashes++
			continue
		case c == quote && escaped && slashes == 1:
			return i - 1
		case c == quote && !escaped && slashes%2 == 0:
			return i
		}
		slashes = 0
	}
	return len(text)
}

func wordEnd(text []byte, from int, escaped bool) int {
	for i := from; i < len(text); i++ {
		switch text[i] {
		case ' ', '\t', '\r', '\n', ';', '&', ',', '<', '>', ')', '}', ']', '"', '\'', '`', '\\':
			return i
		case '%':
			if escaped && bytes.HasPrefix(text[i:], []byte("%26")) {
				return i
			}
		}
	}
	return len(text)
}

// userinfo is the password in a URL's authority, which begins at from.
func userinfo(text []byte, from int) (int, int) {
	colon, at := -1, -1
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '/', '?', '#', ' ', '\t', '\r', '\n', '"', '\'', '`', '<', '>':
			i = len(text)
		case ':':
			if colon < 0 {
				colon = i
			}
		case '@':
			at = i
		}
	}
	if colon < 0 || at < colon {
		return 0, 0
	}
	return colon + 1, at
}

// wordAfter is what follows a space: a token after its scheme, or the value of
// a secret flag on a command line.
func wordAfter(text []byte, done, space int) (from, to int) {
	if space == 0 || !isName(text[space-1]) {
		return 0, 0
	}
	from = space + 1
	name, before := nameBefore(text, done, space)
	switch {
	case len(name) > 1 && name[0] == '-':
		if isSecret(name, before) && from < len(text) && text[from] != '-' {
			return from + valueStart(text[from:]), valueEnd(text, from, false, false)
		}
	case equalFold(name, "bearer"), equalFold(name, "basic"):
		if to = wordEnd(text, from, false); looksRandom(text[from:to]) {
			return from, to
		}
	}
	return 0, 0
}

// looksRandom tells a token from a word of prose.
func looksRandom(word []byte) bool {
	if len(word) < 6 {
		return false
	}
	for i, c := range word {
		if c >= '0' && c <= '9' || i > 0 && c >= 'A' && c <= 'Z' || c == '=' || c == '+' || c == '_' {
			return true
		}
	}
	return len(word) >= 20
}
