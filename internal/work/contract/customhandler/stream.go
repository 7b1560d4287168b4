package customhandler

import (
	"encoding/base64"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/work"
)

// base64er encodes what it reads.
type base64er struct {
	from io.Reader

	raw  [24 << 10]byte // a multiple of three
	text [32 << 10]byte
	left []byte
	end  bool
}

func (e *base64er) Read(p []byte) (int, error) {
	for len(e.left) == 0 {
		if e.end {
			return 0, io.EOF
		}
		n, err := io.ReadFull(e.from, e.raw[:])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			e.end = true
		default:
			return 0, err
		}
		base64.StdEncoding.Encode(e.text[:], e.raw[:n])
		e.left = e.text[:base64.StdEncoding.EncodedLen(n)]
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

// exact holds a text to the length that it had as JSON when it was measured. With as
// many bytes, but others of them escaped, it is another text.
type exact struct {
	from  io.Reader
	input string
	left  int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.from.Read(p)
	e.left -= int64(n)
	if e.left < 0 || err == io.EOF && e.left > 0 {
		return 0, fmt.Errorf("read input %s: %w: as JSON it is not as long as when it was measured", e.input, work.ErrChanged)
	}
	return n, err
}

// escaper writes what it reads as the inside of a JSON string. What is not UTF-8
// becomes U+FFFD, as every reader of text makes of it.
type escaper struct {
	from io.Reader
	raw  [16 << 10]byte
	have int // bytes in raw that begin a character
	out  []byte
	left []byte
	end  bool
}

const hex = "0123456789abcdef"

func (e *escaper) Read(p []byte) (int, error) {
	for len(e.left) == 0 {
		if e.end {
			return 0, io.EOF
		}
		n, err := e.from.Read(e.raw[e.have:])
		n += e.have
		if err == io.EOF {
			e.end = true
		} else if err != nil {
			return 0, err
		}
		e.have = 0
		e.escape(e.raw[:n])
		e.left = e.out
	}
	n := copy(p, e.left)
	e.left = e.left[n:]
	return n, nil
}

// escape keeps the beginning of a character at the end for the next turn.
func (e *escaper) escape(b []byte) {
	e.out = e.out[:0]
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '"' || c == '\\':
			e.out = append(e.out, '\\', c)
		case c == '\n':
			e.out = append(e.out, '\\', 'n')
		case c == '\r':
			e.out = append(e.out, '\\', 'r')
		case c == '\t':
			e.out = append(e.out, '\\', 't')
		case c < ' ':
			e.out = append(e.out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			e.out = append(e.out, c)
		default:
			if !e.end && !utf8.FullRune(b[i:]) {
				e.have = copy(e.raw[:], b[i:])
				return
			}
			r, size := utf8.DecodeRune(b[i:])
			e.out = utf8.AppendRune(e.out, r) // U+FFFD for what is none
			i += size
			continue
		}
		i++
	}
}
