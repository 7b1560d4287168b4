package spool

import "unicode/utf8"

// Words finds out whether what is written to it is UTF-8, piece by piece. The zero
// value is ready. It is not safe for concurrent use.
type Words struct {
	cut    []byte // the beginning of a character whose end is yet to come
	broken bool
}

// Write never fails.
func (t *Words) Write(p []byte) (int, error) {
	n := len(p)
	if t.broken {
		return n, nil
	}
	if len(t.cut) > 0 {
		p = append(t.cut, p...)
	}
	// A character has four bytes at most: what the last three begin may go on.
	end := len(p)
	for back := 1; back <= min(3, len(p)); back++ {
		if at := len(p) - back; utf8.RuneStart(p[at]) {
			if !utf8.FullRune(p[at:]) {
				end = at
			}
			break
		}
	}
	t.broken = !utf8.Valid(p[:end])
	t.cut = append([]byte(nil), p[end:]...)
	return n, nil
}

// Whole says whether all of it was UTF-8, and no character is cut at the end.
func (t *Words) Whole() bool { return !t.broken && len(t.cut) == 0 }
