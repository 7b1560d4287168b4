package logline

import (
	"bytes"
	"time"
)

// Patience is how long a record waits for a line that belongs to it; Longest is
// how long it may go on in all.
const (
	Patience = 250 * time.Millisecond
	Longest  = 5 * time.Second
)

// Record is one or more lines that belong together. Its slices are good during
// the call that hands it out.
type Record struct {
	At      time.Time // when its first line came
	Level   Level     // never Unknown
	Message []byte    // without time, level and logger; its lines are separated by LF
	Lines   int       // all of them
	LeftOut int       // of these, lines that the message had no room for

	Category   []byte
	EventID    int64
	Function   []byte
	Invocation []byte

	Exception *Exception // nil if it tells of none
}

// Joiner makes records of the lines of one stream. One goroutine at a time may
// use it. It holds at most one record.
type Joiner struct {
	stderr  bool
	scratch []byte

	open     bool
	at, last time.Time
	head     Line // its slices are copies in own
	own      []byte
	body     body
	lines    int
	blank    int // blank lines that are part of it if it goes on
	mode     mode
	trace    trace
	named    bool // the line that names the traceback's error was seen
	absorb   bool // the line that comes next to add is in the body already
}

// NewJoiner makes a joiner of a stream; stderr says which, since it decides the
// level of lines that name none.
func NewJoiner(stderr bool) *Joiner { return &Joiner{stderr: stderr} }

// Line takes the next line, without its end, and hands out the record before it
// if that is complete now. The line is only read during the call.
func (j *Joiner) Line(at time.Time, line []byte, emit func(*Record)) {
	if bytes.IndexByte(line, 0x1b) >= 0 {
		line = appendPlain(nil, line)
	}
	line = bytes.TrimRight(line, " \t\r")
	if j.open && at.Sub(j.at) > Longest {
		j.End(emit)
	}
	if len(trimSpace(line)) == 0 {
		if j.open && j.mode == plain {
			j.End(emit)
		} else if j.open {
			j.blank++
		}
		return
	}
	if j.open && j.belongs(line) {
		j.add(line)
		j.last = at
		return
	}
	j.End(emit)
	j.begin(at, line)
	if j.head.Whole {
		j.End(emit)
	}
}

// Flush hands out the record that has waited for long enough. It reports whether
// one waits still.
func (j *Joiner) Flush(now time.Time, emit func(*Record)) bool {
	if j.open && (now.Sub(j.last) >= Patience || now.Sub(j.at) >= Longest) {
		j.End(emit)
	}
	return j.open
}

// End hands out the record that is there, if any.
func (j *Joiner) End(emit func(*Record)) {
	if !j.open {
		return
	}
	j.open = false
	l := &j.head
	r := Record{
		At: j.at, Level: l.Level, Message: j.body.bytes(), Lines: j.lines, LeftOut: j.body.leftOut,
		Category: l.Category, EventID: l.EventID, Function: l.Function, Invocation: l.Invocation,
		Exception: j.trace.exception(l.Headed), // what a logger tells of, somebody has handled
	}
	if r.Exception != nil && r.Level == Unknown {
		r.Level = Error
	}
	if r.Level == Unknown {
		r.Level = Guess(r.Message, l.Headed, j.stderr)
	}
	emit(&r)
	j.body.reset()
	j.trace = trace{}
}

func (j *Joiner) begin(at time.Time, line []byte) {
	var l Line
	l, j.scratch = Parse(line, j.scratch)
	j.open, j.at, j.last, j.lines, j.blank, j.mode = true, at, at, 1, 0, plain
	j.named = false
	message := l.Message
	// Copies: what the line and the scratch hold is gone at the next call.
	j.own = j.own[:0]
	size := len(l.Category) + len(l.Function) + len(l.Invocation)
	if cap(j.own) < size {
		j.own = make([]byte, 0, size)
	}
	l.Category, l.Function, l.Invocation = j.copy(l.Category), j.copy(l.Function), j.copy(l.Invocation)
	if l.ErrorType != nil || l.Stack != nil {
		j.trace.structured(&l)
	}
	l.ErrorType, l.ErrorMessage, l.Stack, l.Message = nil, nil, nil, nil
	j.head = l
	if !l.Two {
		j.body.add(message)
	}
	if !l.Whole {
		j.mode = j.trace.start(message, l.Headed)
	}
	if cap(j.scratch) > 8<<10 {
		j.scratch = nil
	}
}

func (j *Joiner) copy(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	from := len(j.own)
	j.own = append(j.own, b...)
	return j.own[from:len(j.own):len(j.own)]
}

// add takes a line that belongs to the open record.
func (j *Joiner) add(line []byte) {
	if j.absorb {
		j.absorb = false
		j.lines++
		return
	}
	for ; j.blank > 0; j.blank-- {
		j.lines++
		j.body.add(nil)
	}
	j.lines++
	if j.head.Two {
		line = bytes.TrimPrefix(line, []byte("      ")) // what .NET indents by
	}
	j.body.add(line)
}

// body is a message that grows. It keeps its beginning and its end within
// bounds, whole lines of it.
type body struct {
	head, tail []byte
	begun      bool
	leftOut    int
}

const (
	headRoom = 32 << 10
	tailRoom = 31 << 10
)

func (b *body) add(line []byte) {
	line = line[:min(len(line), tailRoom/2)]
	if len(b.tail) == 0 && len(b.head)+len(line) < headRoom {
		if b.begun {
			b.head = append(b.head, '\n')
		}
		b.begun = true
		b.head = append(b.head, line...)
		return
	}
	if len(b.tail)+len(line)+1 > tailRoom {
		// Half of it at a time, so that a long tail is not moved for each line.
		cut := len(b.tail) / 2
		if i := bytes.IndexByte(b.tail[cut:], '\n'); i >= 0 {
			cut += i + 1
		} else {
			cut = len(b.tail)
		}
		b.leftOut += bytes.Count(b.tail[:cut], []byte{'\n'})
		b.tail = b.tail[:copy(b.tail, b.tail[cut:])]
	}
	b.tail = append(append(b.tail, line...), '\n')
}

// last is the line that was added last.
func (b *body) last() []byte {
	all := bytes.TrimSuffix(b.tail, []byte{'\n'})
	if len(b.tail) == 0 {
		all = b.head
	}
	return all[bytes.LastIndexByte(all, '\n')+1:]
}

// bytes is the message; good until the next call.
func (b *body) bytes() []byte {
	if len(b.tail) == 0 {
		return b.head
	}
	b.head = append(b.head, '\n')
	if b.leftOut > 0 {
		b.head = appendLeftOut(b.head, b.leftOut)
	}
	b.head = append(b.head, b.tail[:len(b.tail)-1]...)
	return b.head
}

func (b *body) reset() {
	if cap(b.head) > 8<<10 {
		b.head = nil
	}
	*b = body{head: b.head[:0]}
}
