package logline

import "bytes"

// Guess is the level of a line that does not say. What was printed to stdout is
// Information. On stderr it depends on the text: loggers print there too, so a
// line with a time, or one of an access log, is Information; a bare line, as a
// shell, a linker or an allocator prints it, is a Warning. On both a line that
// begins with what only failures begin with is an Error.
func Guess(line []byte, headed, stderr bool) Level {
	text := trimSpace(line)
	for _, start := range [...]string{
		"Traceback (most recent call last)", "MemoryError", "panic: ", "fatal error: ", "FATAL ERROR: ", "Fatal Python error",
		"Unhandled exception", "Unhandled Exception", "Uncaught ", "Exception in thread ", "Exception ignored in",
		"thread '", "Segmentation fault", "terminate called after", "PHP Fatal error", "Killed", "Out of memory",
		"Error: ", "ERROR", "[UnhandledPromiseRejection", "Aborted",
	} {
		if len(text) < len(start) || string(text[:len(start)]) != start {
			continue
		}
		if start == "thread '" && !bytes.Contains(text, []byte("panicked at")) {
			continue
		}
		return Error
	}
	if kind, _, _ := errorLine(text); kind != nil {
		return Error
	}
	if !stderr || headed || isAccess(text) {
		return Information
	}
	return Warning
}

// isAccess knows the access logs of common servers: host ident user [time] "GET
// / HTTP/1.1" 200.
func isAccess(line []byte) bool {
	open := bytes.Index(line, []byte(" ["))
	return open > 0 && open < 128 && bytes.Contains(line[open:min(len(line), open+128)], []byte(`] "`))
}

// errorLine takes "module.SomeError: message" apart: a class whose last part
// ends as those of errors do, alone on its line or before a colon.
func errorLine(line []byte) (kind, message []byte, ok bool) {
	n := 0
	for n < len(line) && n < 200 && (isLetter(line[n]) || isDigit(line[n]) || line[n] == '_' || line[n] == '.' || line[n] == '$') {
		n++
	}
	if n < 5 || isDigit(line[0]) {
		return nil, nil, false
	}
	name := line[:n]
	last := name[bytes.LastIndexByte(name, '.')+1:]
	if len(last) == 0 || last[0] < 'A' || last[0] > 'Z' {
		return nil, nil, false
	}
	switch {
	case n == len(line):
	case line[n] == ':' && (n+1 == len(line) || line[n+1] == ' '):
		message = trimSpace(line[n+1:])
	default:
		return nil, nil, false
	}
	for _, end := range [...]string{"Error", "Exception", "Throwable", "Exit", "Interrupt", "ExceptionGroup", "Warning", "Failure", "Fault"} {
		if bytes.HasSuffix(last, []byte(end)) {
			return name, message, true
		}
	}
	return nil, nil, false
}
