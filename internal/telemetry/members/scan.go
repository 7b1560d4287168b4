package members

// scanner checks a text, and tells of the members of the outermost object.
type scanner struct {
	text    []byte
	at      int
	visit   func(name, value []byte) bool
	stopped bool
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) object(depth int) error {
	s.at++ // the brace
	s.space()
	if s.next() == '}' {
		s.at++
		return nil
	}
	for {
		s.space()
		from := s.at
		if s.next() != '"' {
			return &Error{s.at, "expected a member's name"}
		}
		if err := s.str(); err != nil {
			return err
		}
		name := s.text[from+1 : s.at-1]
		s.space()
		if s.next() != ':' {
			return &Error{s.at, "expected a colon"}
		}
		s.at++
		s.space()
		from = s.at
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if depth == 0 && !s.visit(name, s.text[from:s.at]) {
			s.stopped = true
			return nil
		}
		s.space()
		switch s.next() {
		case ',':
			s.at++
		case '}':
			s.at++
			return nil
		default:
			return &Error{s.at, "expected a comma or a closing brace"}
		}
	}
}

func (s *scanner) array(depth int) error {
	s.at++ // the bracket
	s.space()
	if s.next() == ']' {
		s.at++
		return nil
	}
	for {
		s.space()
		if err := s.value(depth + 1); err != nil {
			return err
		}
		s.space()
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return nil
		default:
			return &Error{s.at, "expected a comma or a closing bracket"}
		}
	}
}

func (s *scanner) value(depth int) error {
	if depth > Deepest {
		return &Error{s.at, "nested too deeply"}
	}
	switch c := s.next(); {
	case c == '"':
		return s.str()
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	case c == '-', c >= '0' && c <= '9':
		return s.number()
	}
	return &Error{s.at, "expected a value"}
}

func (s *scanner) word(word string) error {
	if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
		return &Error{s.at, "expected a value"}
	}
	s.at += len(word)
	return nil
}

func (s *scanner) str() error {
	from := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return &Error{s.at, "a control character in a string"}
		case c == '\\':
			s.at++
			switch s.next() {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(s.text[s.at+1:]); !ok {
					return &Error{s.at, "expected four hexadecimal digits"}
				}
				s.at += 4
			default:
				return &Error{s.at, "an escape that is none"}
			}
		}
	}
	return &Error{from, "a string that does not end"}
}

func (s *scanner) digits() bool {
	from := s.at
	for s.next() >= '0' && s.next() <= '9' {
		s.at++
	}
	return s.at > from
}

func (s *scanner) number() error {
	if s.next() == '-' {
		s.at++
	}
	from := s.at
	if !s.digits() || s.text[from] == '0' && s.at > from+1 {
		return &Error{from, "a number that is none"}
	}
	if s.next() == '.' {
		s.at++
		if !s.digits() {
			return &Error{s.at, "expected digits behind the point"}
		}
	}
	if s.next()|0x20 == 'e' {
		s.at++
		if c := s.next(); c == '+' || c == '-' {
			s.at++
		}
		if !s.digits() {
			return &Error{s.at, "expected an exponent"}
		}
	}
	return nil
}
