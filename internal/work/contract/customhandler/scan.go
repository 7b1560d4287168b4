package customhandler

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/stanch-dev/stanch/internal/work/spool"
)

// span is where a value stands in an answer, and what it begins with.
type span struct {
	from, to int64
	first    byte
}

// scanner walks through JSON without holding it. It finds where values stand; it
// does not judge what is inside them, which their readers do.
type scanner struct {
	r  *bufio.Reader
	at int64
}

// maxDepth bounds how deep values may nest.
const maxDepth = 512

// maxName bounds a member's name, in bytes.
const maxName = 4 << 10

func scan(k *spool.Kept, where span) *scanner {
	part := k.Part(where.from, where.to)
	return &scanner{r: bufio.NewReaderSize(part, int(min(part.Size(), 64<<10))), at: where.from}
}

func (s *scanner) next() (byte, error) {
	c, err := s.r.ReadByte()
	if err == nil {
		s.at++
	}
	return c, err
}

func (s *scanner) back() {
	_ = s.r.UnreadByte() // after a read it works
	s.at--
}

// token is the next byte that is no space.
func (s *scanner) token() (byte, error) {
	for {
		c, err := s.next()
		if err != nil {
			return 0, ended(err)
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, nil
		}
	}
}

func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *scanner) unexpected(c byte, wanted string) error {
	return fmt.Errorf("byte %d is %q, expected %s", s.at, c, wanted)
}

// members calls see for every member of the object that stands here.
func (s *scanner) members(see func(name string, value span) error) error {
	c, err := s.token()
	if err != nil {
		return err
	}
	if c != '{' {
		return s.unexpected(c, "an object")
	}
	for first := true; ; first = false {
		c, err := s.token()
		if err != nil {
			return err
		}
		if c == '}' && first {
			return nil
		}
		if c != '"' {
			return s.unexpected(c, "a member's name")
		}
		name, err := s.name()
		if err != nil {
			return err
		}
		if c, err = s.token(); err != nil {
			return err
		} else if c != ':' {
			return s.unexpected(c, "a colon")
		}
		value, err := s.value()
		if err != nil {
			return err
		}
		if err := see(name, value); err != nil {
			return err
		}
		if c, err = s.token(); err != nil {
			return err
		}
		switch c {
		case '}':
			return nil
		case ',':
		default:
			return s.unexpected(c, "a comma or the end of the object")
		}
	}
}

// elements calls see for every element of the array that stands here.
func (s *scanner) elements(see func(value span) error) error {
	c, err := s.token()
	if err != nil {
		return err
	}
	if c != '[' {
		return s.unexpected(c, "an array")
	}
	if c, err = s.token(); err != nil {
		return err
	} else if c == ']' {
		return nil
	}
	s.back()
	for {
		value, err := s.value()
		if err != nil {
			return err
		}
		if err := see(value); err != nil {
			return err
		}
		if c, err = s.token(); err != nil {
			return err
		}
		switch c {
		case ']':
			return nil
		case ',':
		default:
			return s.unexpected(c, "a comma or the end of the array")
		}
	}
}

// end fails if anything follows.
func (s *scanner) end() error {
	c, err := s.token()
	if err == nil {
		return s.unexpected(c, "nothing after the answer")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// name reads a member's name; its quote was read.
func (s *scanner) name() (string, error) {
	text := []byte{'"'}
	for escaped := false; ; {
		c, err := s.next()
		if err != nil {
			return "", ended(err)
		}
		if text = append(text, c); len(text) > maxName {
			return "", fmt.Errorf("byte %d: a member's name is longer than %d bytes", s.at, maxName)
		}
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			var name string
			if err := json.Unmarshal(text, &name); err != nil {
				return "", fmt.Errorf("byte %d: %w", s.at, err)
			}
			return name, nil
		}
	}
}

// value passes over one value.
func (s *scanner) value() (span, error) {
	c, err := s.token()
	if err != nil {
		return span{}, err
	}
	found := span{from: s.at - 1, first: c}
	switch c {
	case '"':
		err = s.text()
	case '{', '[':
		err = s.nested()
	case ',', ':', '}', ']':
		return span{}, s.unexpected(c, "a value")
	default:
		err = s.word()
	}
	found.to = s.at
	return found, err
}

// text passes over the rest of a string.
func (s *scanner) text() error {
	for {
		c, err := s.next()
		if err != nil {
			return ended(err)
		}
		switch c {
		case '\\':
			if _, err := s.next(); err != nil {
				return ended(err)
			}
		case '"':
			return nil
		}
	}
}

// nested passes over the rest of an object or array.
func (s *scanner) nested() error {
	for depth := 1; depth > 0; {
		c, err := s.next()
		if err != nil {
			return ended(err)
		}
		switch c {
		case '"':
			if err := s.text(); err != nil {
				return err
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("byte %d: values nest deeper than %d", s.at, maxDepth)
			}
		case '}', ']':
			depth--
		}
	}
	return nil
}

// word passes over the rest of a number, true, false or null.
func (s *scanner) word() error {
	for {
		c, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			s.back()
			return nil
		}
	}
}
