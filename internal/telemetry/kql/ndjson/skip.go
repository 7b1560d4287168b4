package ndjson

import (
	"bytes"
	"unsafe"
)

func space(b []byte, at int) int {
	for at < len(b) && (b[at] == ' ' || b[at] == '\t' || b[at] == '\r' || b[at] == '\n') {
		at++
	}
	return at
}

// skip is the length of the JSON value at the front of b, which is not checked
// further than its end needs; 0 if it has none.
func skip(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return skipString(b)
	case '{', '[':
		depth := 0
		for i := 0; i < len(b); i++ {
			switch b[i] {
			case '"':
				n := skipString(b[i:])
				if n == 0 {
					return 0
				}
				i += n - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			case '\n':
				return 0
			}
		}
		return 0
	}
	for i, c := range b {
		switch c {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return i
		}
	}
	return len(b)
}

// skipString is the length of a quoted string; 0 if it does not end.
func skipString(b []byte) int {
	at := 1
	for {
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			return 0
		}
		at += i
		slashes := 0
		for b[at-1-slashes] == '\\' {
			slashes++
		}
		at++
		if slashes%2 == 0 {
			return at
		}
	}
}

// share is a string in b's memory.
func share(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
