package logline

import "bytes"

// dotnet is Microsoft.Hosting.Lifetime[14], and what may follow it.
func dotnet(b []byte) (category []byte, id int64, rest []byte, ok bool) {
	n := 0
	for n < len(b) && n < 256 && b[n] != '[' && !isSpace(b[n]) {
		n++
	}
	if n == 0 || n == len(b) || b[n] != '[' {
		return nil, 0, nil, false
	}
	end := n + 1
	for end < len(b) && end < n+11 && isDigit(b[end]) {
		id = id*10 + int64(b[end]-'0')
		end++
	}
	if end == n+1 || end == len(b) || b[end] != ']' {
		return nil, 0, nil, false
	}
	return b[:n], id, trimSpace(b[end+1:]), true
}

// klog is I0405 01:30:00.123456    4711 server.go:12] message.
func (l *Line) klog(b []byte) bool {
	if len(b) < 24 || !digits(b[1:5]) || b[5] != ' ' {
		return false
	}
	level := letterLevel(b[0])
	if level == Unknown {
		return false
	}
	rest, ok := clock(b[6:])
	if !ok {
		return false
	}
	end := bytes.Index(rest, []byte("] "))
	if end < 0 || end > 128 {
		return false
	}
	place := rest[:end]
	if i := bytes.LastIndexByte(place, ' '); i >= 0 {
		place = place[i+1:]
	}
	l.Level, l.Headed, l.Category, l.Message = level, true, place, rest[end+2:]
	return true
}

// ruby is I, [2026-04-05T01:30:00.123456 #4711]  INFO -- shop: message.
func (l *Line) ruby(b []byte) bool {
	if len(b) < 8 || b[1] != ',' || b[2] != ' ' || b[3] != '[' {
		return false
	}
	level := letterLevel(b[0])
	end := bytes.Index(b, []byte(" -- "))
	if level == Unknown || end < 0 || end > headLimit {
		return false
	}
	l.Level, l.Headed, l.Message = level, true, b[end+4:]
	if name, message, ok := bytes.Cut(b[end+4:], []byte(": ")); ok && len(name) < 80 {
		l.Category, l.Message = name, message
	}
	return true
}
