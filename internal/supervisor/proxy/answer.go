package proxy

import "time"

// answer is a worker's answer head, parsed as it arrives.
type answer struct {
	head
	begun   bool
	status  int
	rest    span // of the status line, behind the status
	minor   byte
	length  int64 // -1 if there is none
	chunked bool
	closes  bool
	keeps   bool
	named   bool
	events  bool          // Content-Type: text/event-stream
	keepFor time.Duration // Keep-Alive: timeout=N; 0 if it does not say
	upgrade span
}

func (a *answer) reset() {
	fields := a.head
	fields.reset()
	*a = answer{head: fields, length: -1}
}

// parse goes on with the head in b; see request.parse.
func (a *answer) parse(b []byte) (done bool, err error) {
	for {
		line, ok, err := a.line(b)
		if err != nil {
			return false, err
		}
		if !ok {
			return false, nil
		}
		switch {
		case !a.begun:
			a.begun = true
			err = a.statusLine(b, line)
		case line.from == line.to:
			return true, a.finish()
		default:
			err = a.take(b, line)
		}
		if err != nil {
			return false, err
		}
	}
}

func (a *answer) statusLine(b []byte, line span) error {
	t := line.of(b)
	if len(t) < 12 || string(t[:7]) != "HTTP/1." || t[7] > '1' || t[7] < '0' || t[8] != ' ' ||
		!digit(t[9]) || !digit(t[10]) || !digit(t[11]) {
		return errStatusLine
	}
	a.minor = t[7] - '0'
	a.status = int(t[9]-'0')*100 + int(t[10]-'0')*10 + int(t[11]-'0')
	if a.status < 100 || len(t) > 12 && t[12] != ' ' || !cleanValue(t[12:]) {
		return errStatusLine
	}
	a.rest = span{line.from + 12, line.to}
	return nil
}

func (a *answer) take(b []byte, line span) error {
	f, err := a.field(b, line)
	if err != nil {
		return err
	}
	v := f.value.of(b)
	switch f.kind {
	case contentLength:
		n, ok := length(v)
		if !ok {
			return errLength
		}
		if a.length >= 0 && a.length != n {
			return errTwoLengths
		}
		a.length = n
	case transferEncoding:
		if a.chunked || !equalFold(v, "chunked") {
			return errEncoding
		}
		a.chunked = true
	case connection:
		tokens(v, func(t []byte) bool {
			switch {
			case equalFold(t, "close"):
				a.closes = true
			case equalFold(t, "keep-alive"):
				a.keeps = true
			case equalFold(t, "upgrade"):
			default:
				a.named = true
			}
			return true
		})
	case keepAlive:
		a.keepFor = keepTimeout(v)
	case upgrade:
		a.upgrade = f.value
	case contentType:
		a.events = len(v) >= 17 && equalFold(v[:17], "text/event-stream")
	}
	return nil
}

func (a *answer) finish() error {
	switch {
	case a.chunked && a.length >= 0:
		return errBothLengths
	case a.chunked && a.minor == 0:
		return errEncoding10
	}
	return nil
}

// interim reports whether another answer follows.
func (a *answer) interim() bool { return a.status < 200 && a.status != 101 }

// bodiless reports whether no body can follow, whatever the headers say
// (RFC 9112, section 6.3).
func (a *answer) bodiless(toHEAD bool) bool {
	return toHEAD || a.status < 200 || a.status == 204 || a.status == 304
}

// reusable reports whether the worker keeps the connection open after it.
func (a *answer) reusable() bool {
	if a.minor == 0 {
		return a.keeps && !a.closes
	}
	return !a.closes
}

// keepTimeout reads the timeout of a Keep-Alive header, in whole seconds.
func keepTimeout(v []byte) (d time.Duration) {
	tokens(v, func(t []byte) bool {
		if len(t) > 8 && equalFold(t[:8], "timeout=") {
			if n, ok := length(t[8:]); ok {
				d = time.Duration(min(n, 3600)) * time.Second
			}
			return false
		}
		return true
	})
	return d
}
