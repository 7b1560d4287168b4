package logline

import "bytes"

// azure reads what the Azure Functions host says of an execution: the function
// by its name, the invocation by its id.
//
//	Executing 'Functions.shop' (Reason='…', Id=3f2504e0-…)
//	Executed 'Functions.shop' (Failed, Id=3f2504e0-…, Duration=12ms)
//
// The host's loggers are named Function.shop and Function.shop.User.
func (l *Line) azure() {
	if name, ok := bytes.CutPrefix(l.Category, []byte("Function.")); ok {
		l.Function, _, _ = bytes.Cut(name, []byte("."))
	}
	if len(l.Message) < 12 || string(l.Message[:4]) != "Exec" {
		return
	}
	done := false
	rest, ok := bytes.CutPrefix(l.Message, []byte("Executing '"))
	if !ok {
		if rest, ok = bytes.CutPrefix(l.Message, []byte("Executed '")); !ok {
			return
		}
		done = true
	}
	end := bytes.IndexByte(rest, '\'')
	if end < 0 || end > 256 {
		return
	}
	name := rest[:end]
	if _, short, ok := bytes.Cut(name, []byte("Functions.")); ok {
		name = short
	}
	l.Function = name
	rest = rest[end+1:]
	if _, id, ok := bytes.Cut(rest, []byte("Id=")); ok {
		n := 0
		for n < len(id) && n < 64 && (isLetter(id[n]) || isDigit(id[n]) || id[n] == '-') {
			n++
		}
		l.Invocation = id[:n]
	}
	if l.Level == Unknown {
		l.Level = Information
		if done && bytes.HasPrefix(rest, []byte(" (Failed")) {
			l.Level = Error
		}
	}
}
