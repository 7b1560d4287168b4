package logline

import (
	"bytes"
	"strings"
)

// Exception is what a stack trace tells.
type Exception struct {
	Type    string // of the outermost error, as its runtime names it
	Message string
	Inner   string // the type of the innermost error, where several are chained; else Type
	Reason  string // its message
	Method  string // where the innermost frame of our own was: a function, with its class or file
	Handled bool   // a logger told of it
}

// Bounds of what is kept of an error besides the record's message.
const (
	longestName   = 200
	longestReason = 1 << 10
)

// trace collects what is said about errors while the lines pass.
type trace struct {
	kind, message []byte // of the outermost
	inner, reason []byte // of the innermost; nil if there is one only
	method        []byte
	group         bool // of several errors, told in an indented tree
	prelude       bool // the line announces a traceback
}

func keep(b []byte, most int) []byte { return bytes.Clone(b[:min(len(b), most)]) }

// set takes the first error's name and message; later ones don't change it.
func (t *trace) set(kind, message []byte) {
	if t.kind == nil {
		t.kind, t.message = keep(kind, longestName), keep(message, longestReason)
	}
}

// cause takes an error that stands behind the one that was told of before.
func (t *trace) cause(kind, message []byte) {
	t.inner, t.reason = keep(kind, longestName), keep(message, longestReason)
}

// error reads "module.SomeError: message"; false if the text is no such thing.
func (t *trace) error(text []byte, cause bool) bool {
	kind, message, ok := errorLine(text)
	switch {
	case !ok:
		return false
	case cause && t.kind != nil:
		t.cause(kind, message)
	default:
		t.set(kind, message)
	}
	return true
}

// start looks at a record's first line.
func (t *trace) start(line []byte, headed bool) mode {
	switch {
	case isTraceback(line):
		return python
	case bytes.Contains(line[:min(len(line), 64)], []byte("Traceback (most recent call last)")):
		t.group = true // behind a plus
		return python
	case starts(line, "Exception in thread \""):
		if _, rest, ok := bytes.Cut(line[len("Exception in thread \""):], []byte("\" ")); ok {
			t.error(rest, false)
		}
		return stack
	case starts(line, "Exception "), starts(line, "Task exception was never retrieved"):
		t.prelude = true
	case starts(line, "Unhandled exception. "), starts(line, "Unhandled Exception: "):
		t.error(line[len("Unhandled exception. "):], false)
		if t.kind == nil {
			t.error(line[len("Unhandled Exception: "):], false)
		}
		return stack
	case starts(line, "Fatal Python error: "):
		t.set([]byte("Fatal Python error"), line[len("Fatal Python error: "):])
		return fatal
	case starts(line, "panic: ") && !headed:
		t.set([]byte("panic"), line[len("panic: "):])
		return golang
	case starts(line, "fatal error: ") && !headed:
		t.set([]byte("fatal error"), line[len("fatal error: "):])
		return golang
	case starts(line, "runtime: goroutine stack exceeds"), starts(line, "unexpected fault address"):
		return golang
	case starts(line, "SIG") && bytes.Contains(line, []byte(": ")) && !headed:
		name, rest, _ := bytes.Cut(line, []byte(": "))
		if len(name) < 10 {
			t.set(name, rest)
			return golang
		}
	case starts(line, "thread '") && bytes.Contains(line, []byte("panicked at")):
		return rust
	case starts(line, "PHP Fatal error:"), starts(line, "Fatal error: Uncaught"):
		t.set([]byte("Fatal error"), bytes.TrimSpace(line[bytes.IndexByte(line, ':')+1:]))
		return php
	case starts(line, "<--- Last few GCs"):
		return heap
	case starts(line, "FATAL ERROR: "):
		t.set([]byte("FATAL ERROR"), line[len("FATAL ERROR: "):])
		return heap
	case isSource(line):
		return node
	}
	if kind, message, ok := errorLine(bytes.TrimPrefix(line, []byte("Uncaught "))); ok && !headed {
		t.set(kind, message)
		return stack
	}
	return plain
}

// isSource is what Node prints first of an uncaught error: /app/server.js:10.
func isSource(line []byte) bool {
	colon := bytes.LastIndexByte(line, ':')
	if colon < 4 || !digits(line[colon+1:]) || bytes.IndexByte(line, ' ') >= 0 {
		return false
	}
	return line[0] == '/' || starts(line, "file:///") || starts(line, "node:")
}

// frame looks at an indented line of a record.
func (t *trace) frame(line []byte, m *mode) {
	text := trimSpace(line)
	switch {
	case *m == plain && starts(text, "at "):
		*m = stack
		t.at(text)
	case starts(text, "at "):
		t.at(text)
	case *m == plain && bytes.HasSuffix(text, []byte("Traceback (most recent call last):")):
		*m, t.group = python, true
	case *m == python && starts(text, "File \""):
		if _, name, ok := bytes.Cut(text, []byte(", in ")); ok {
			t.method = keep(name, longestName)
		}
	case *m == python && (starts(text, "| ") || starts(text, "+ ")):
		if kind, message, ok := errorLine(trimSpace(text[2:])); ok {
			t.set(kind, message)
		}
	case starts(text, "---> "):
		t.error(text[len("---> "):], true)
	case starts(text, "Caused by: "):
		t.error(text[len("Caused by: "):], true)
	case starts(text, "[cause]: "):
		t.error(text[len("[cause]: "):], true)
	}
}

// at reads the first frame of Java, .NET or JavaScript that is the program's
// own.
func (t *trace) at(text []byte) {
	if t.method != nil {
		return
	}
	name := text[len("at "):]
	for _, skip := range [...]string{"java.", "jdk.", "sun.", "System.", "node:", "async ", "new "} {
		if starts(name, skip) && (skip == "async " || skip == "new ") {
			name = name[len(skip):]
		} else if starts(name, skip) {
			return
		}
	}
	if i := bytes.IndexAny(name, "( "); i > 0 {
		name = name[:i]
	}
	t.method = keep(name, longestName)
}

// pythonError reads the line that ends a traceback. Python tells the innermost
// error first, so that each one is outside of those before.
func (t *trace) pythonError(line []byte) {
	kind, message, _ := bytes.Cut(line, []byte(": "))
	if len(kind) > longestName || bytes.IndexByte(kind, ' ') >= 0 {
		kind, message = []byte("Exception"), line
	}
	if t.kind != nil && t.inner == nil {
		t.inner, t.reason = t.kind, t.message
	}
	t.kind, t.message = keep(bytes.TrimSuffix(kind, []byte(":")), longestName), keep(message, longestReason)
}

// chained says whether the line before a traceback's first one links it to the
// one above.
func (t *trace) chained(before []byte) bool {
	return starts(before, "During handling of the above exception") || starts(before, "The above exception was the direct cause")
}

// goFunction takes the first function that is not the runtime's own.
func (t *trace) goFunction(line []byte) {
	if t.method != nil || starts(line, "panic(") || starts(line, "runtime.") || starts(line, "testing.") {
		return
	}
	t.method = keep(line[:bytes.LastIndexByte(line, '(')], longestName)
}

// afterPanic is what net/http says that a handler panicked with.
func afterPanic(line []byte) []byte {
	if _, rest, ok := bytes.Cut(line, []byte(" panic serving ")); ok {
		if _, message, ok := bytes.Cut(rest, []byte(": ")); ok {
			return message
		}
	}
	return line
}

// structured takes an error from a structured line.
func (t *trace) structured(l *Line) {
	t.start(nil, true)
	m := plain
	first := true
	for line := range bytes.Lines(l.Stack) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
		case first && !isTraceback(line):
			t.error(line, false)
		case isTraceback(line):
			m = python
		case isSpace(line[0]):
			t.frame(line, &m)
		case m == python && !t.chained(line):
			t.pythonError(line)
		case starts(line, "Caused by: "):
			t.error(line[len("Caused by: "):], true)
		}
		first = false
	}
	if len(l.ErrorType) > 0 {
		t.kind = keep(l.ErrorType, longestName)
	}
	if len(l.ErrorMessage) > 0 {
		t.message = keep(l.ErrorMessage, longestReason)
	}
}

// exception is what was found; nil if nothing was.
func (t *trace) exception(handled bool) *Exception {
	if t.kind == nil {
		return nil
	}
	e := &Exception{Type: string(t.kind), Message: string(t.message), Method: string(t.method), Handled: handled}
	e.Inner, e.Reason = e.Type, e.Message
	if t.inner != nil {
		e.Inner, e.Reason = string(t.inner), string(t.reason)
	}
	e.Message = strings.ToValidUTF8(e.Message, "\uFFFD")
	return e
}
