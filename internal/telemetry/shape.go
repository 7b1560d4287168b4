package telemetry

import (
	"bytes"
	"strings"
)

// shapes are secrets that are known by how they begin.
var shapes = []struct {
	prefix string
	least  int // bytes after the prefix
	of     func(byte) bool
}{
	{"AKIA", 16, upperOrDigit}, // AWS access key ids
	{"ASIA", 16, upperOrDigit},
	{"ghp_", 20, nameByte}, {"gho_", 20, nameByte}, {"ghs_", 20, nameByte}, {"github_pat_", 20, nameByte},
	{"xoxb-", 10, nameByte}, {"xoxp-", 10, nameByte}, {"xoxa-", 10, nameByte},
	{"sk-", 20, nameByte}, {"sk_live_", 16, nameByte},
	{"eyJ", 20, nameByte}, // base64 of {" : a JSON web token
}

func shapedSecret(text []byte, i int) (from, to int) {
	for _, s := range shapes {
		if !bytes.HasPrefix(text[i:], []byte(s.prefix)) {
			continue
		}
		if n := span(text[i+len(s.prefix):], s.of); n >= s.least {
			return i, i + len(s.prefix) + n
		}
	}
	return 0, 0
}

// looksRandom tells a credential from an ordinary word that follows "basic".
func looksRandom(s []byte) bool {
	for i, b := range s {
		if b >= '0' && b <= '9' || b == '=' || b == '.' && i+1 < len(s) || i > 0 && b >= 'A' && b <= 'Z' && !upper(s[i-1]) {
			return true
		}
	}
	return false
}

// startsWord says whether a word begins at i.
func startsWord(text []byte, i int) bool { return i == 0 || !nameByte(text[i-1]) || text[i-1] == '.' }

func skip(text []byte, i int, these string) int {
	for i < len(text) && strings.IndexByte(these, text[i]) >= 0 {
		i++
	}
	return i
}

func span(text []byte, of func(byte) bool) int {
	for i, b := range text {
		if !of(b) {
			return i
		}
	}
	return len(text)
}

func lower(b byte) byte {
	if upper(b) {
		return b + 'a' - 'A'
	}
	return b
}

func upper(b byte) bool { return b >= 'A' && b <= 'Z' }

func upperOrDigit(b byte) bool { return upper(b) || b >= '0' && b <= '9' }

func nameByte(b byte) bool {
	return upperOrDigit(b) || b >= 'a' && b <= 'z' || b == '_' || b == '-' || b == '.'
}

// token68 is what RFC 9110 allows in the credentials after Bearer and Basic.
func token68(b byte) bool {
	return nameByte(b) || b == '~' || b == '+' || b == '/' || b == '='
}

func hasPrefixFold(text []byte, prefix string) bool {
	return len(text) >= len(prefix) && bytes.EqualFold(text[:len(prefix)], []byte(prefix))
}

func hasSuffixFold(text []byte, suffix string) bool {
	return len(text) >= len(suffix) && bytes.EqualFold(text[len(text)-len(suffix):], []byte(suffix))
}
