package logline

import (
	"bytes"
	"strconv"
)

// mode is what kind of record is open, and thereby what may follow.
type mode uint8

const (
	plain  mode = iota // one line, and what is indented below it
	python             // a traceback
	stack              // frames that begin with "at": Java, .NET, JavaScript
	node               // an uncaught error of Node: the source's line comes first
	heap               // Node out of memory
	golang             // a panic or a fatal error of Go, with its goroutines
	fatal              // Python's faulthandler
	rust               // a panic of Rust
	php                // a fatal error of PHP
)

func starts(line []byte, with string) bool {
	return len(line) >= len(with) && string(line[:len(with)]) == with
}

// belongs says whether a line goes on with the open record, and changes its
// mode if the line does.
func (j *Joiner) belongs(line []byte) bool {
	if isSpace(line[0]) {
		if j.head.Two && j.head.Level >= Warning && j.trace.kind == nil {
			j.trace.error(trimSpace(line), false)
		}
		j.trace.frame(line, &j.mode)
		return true
	}
	text := line
	switch j.mode {
	case python:
		return j.inTraceback(text)
	case stack:
		if rest, ok := bytes.CutPrefix(text, []byte("Caused by: ")); ok {
			j.trace.error(rest, true)
			return true
		}
		return starts(text, "Suppressed: ") || starts(text, "--- End of ") || starts(text, "...") || text[0] == '}'
	case node:
		switch {
		case starts(text, "Node.js v"), text[0] == '}', text[0] == '^':
			return true
		case j.trace.kind == nil:
			return j.trace.error(bytes.TrimPrefix(text, []byte("Uncaught ")), false) || starts(text, "Uncaught") || starts(text, "Thrown at:")
		}
		return false
	case heap:
		if starts(text, "FATAL ERROR: ") {
			j.trace.set([]byte("FATAL ERROR"), text[len("FATAL ERROR: "):])
			return true
		}
		return text[0] == '[' || starts(text, "<---") || starts(text, "-----")
	case golang:
		return j.inGoroutine(text)
	case fatal:
		return starts(text, "Current thread ") || starts(text, "Thread 0x") || starts(text, "Python runtime state") || starts(text, "Extension modules:")
	case rust:
		if j.lines == 1 {
			j.trace.set([]byte("panic"), text)
			return true
		}
		return starts(text, "note: ") || starts(text, "stack backtrace:")
	case php:
		return text[0] == '#' || starts(text, "Stack trace:")
	}
	return j.announced(text)
}

// announced says whether a line begins the trace of what the open record has
// told of.
func (j *Joiner) announced(line []byte) bool {
	switch {
	case isTraceback(line):
		// An uncaught error may follow whatever was logged before it: only what
		// tells of an error itself announces one.
		if j.head.Headed && (j.head.Level >= Error || j.head.Level == Unknown) || j.trace.prelude {
			j.mode, j.named = python, false
			return true
		}
	case j.head.Two: // the others of .NET's lines are indented
	case starts(line, "goroutine ") && bytes.HasSuffix(line, []byte("]:")):
		j.mode = golang
		j.trace.set([]byte("panic"), afterPanic(j.body.head))
		return true
	case j.head.Headed && j.head.Level == Unknown && j.lines == 1:
		// java.util.logging has the level on the second line.
		if word, rest, ok := bytes.Cut(line, []byte(": ")); ok && len(word) < 8 {
			if level, ok := upperLevel(word); ok && bytes.IndexByte(j.body.head, '.') > 0 {
				j.head.Level = level
				class, _, _ := bytes.Cut(j.body.head, []byte(" "))
				j.head.Category = bytes.Clone(class)
				j.body.reset()
				j.body.add(rest)
				j.trace.start(rest, true)
				j.absorb = true
				return true
			}
		}
	case j.head.Headed && j.head.Level >= Warning:
		// log.error("…", exception): the class stands alone on the next line.
		if kind, message, ok := errorLine(line); ok && bytes.IndexByte(kind, '.') > 0 {
			j.trace.set(kind, message)
			j.mode = stack
			return true
		}
	}
	return false
}

func isTraceback(line []byte) bool {
	return starts(line, "Traceback (most recent call last)")
}

// inTraceback follows a traceback of Python beyond its indented frames: the line
// with the error ends it, unless another one is chained to it.
func (j *Joiner) inTraceback(line []byte) bool {
	switch {
	case j.trace.group: // its lines are indented, to the last
		return false
	case !j.named:
		j.named = true
		j.trace.pythonError(line)
		return true
	case starts(line, "During handling of the above exception") || starts(line, "The above exception was the direct cause"):
		return true
	case isTraceback(line) && j.trace.chained(j.body.last()):
		j.named = false
		return true
	}
	return false
}

// inGoroutine follows a crash of Go: the goroutines, their functions, registers.
func (j *Joiner) inGoroutine(line []byte) bool {
	switch {
	case starts(line, "goroutine "), starts(line, "[signal "), starts(line, "[originating from"), starts(line, "runtime stack:"),
		starts(line, "created by "), starts(line, "..."), starts(line, "exit status "), starts(line, "runtime: "),
		starts(line, "fatal error: "), starts(line, "panic: "), starts(line, "PC="), starts(line, "runtime."):
		return true
	case line[len(line)-1] == ')' && bytes.IndexByte(line, '(') > 0 && bytes.IndexByte(line[:bytes.IndexByte(line, '(')], ' ') < 0:
		j.trace.goFunction(line)
		return true
	case len(line) > 8 && line[0] == 'r' && bytes.Contains(line[:min(len(line), 12)], []byte(" 0x")):
		return true // registers
	}
	return false
}

func appendLeftOut(to []byte, lines int) []byte {
	to = append(to, "… "...)
	to = strconv.AppendInt(to, int64(lines), 10)
	return append(to, " lines left out …\n"...)
}
