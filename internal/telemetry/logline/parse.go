package logline

import "bytes"

// headLimit is how much of a line is looked at for its time, level and logger.
const headLimit = 512

// Parse reads one line, without its end. What has to be put together is appended
// to scratch, which is returned for the next call; the Line is good until then.
// It never fails: what it does not know is the message.
func Parse(line, scratch []byte) (Line, []byte) {
	scratch = scratch[:0]
	if bytes.IndexByte(line, 0x1b) >= 0 {
		scratch = appendPlain(scratch, line)
		line = scratch
	}
	l := Line{Level: Unknown, Message: line}
	text := trimSpace(line)
	switch {
	case len(text) == 0:
		return l, scratch
	case text[0] == '{':
		if rest, ok := l.json(text, scratch); ok {
			l.azure()
			return l, rest
		}
	case len(text) < len(line):
		return l, scratch // indented: it belongs to what was before, or is no log line
	}
	if rest, ok := l.logfmt(text, scratch); ok {
		return l, rest
	}
	if !l.klog(text) && !l.ruby(text) {
		l.prefixed(text)
	}
	l.azure()
	return l, scratch
}

// appendPlain appends a line without its terminal escape sequences.
func appendPlain(to, line []byte) []byte {
	for i := 0; i < len(line); i++ {
		if line[i] != 0x1b {
			to = append(to, line[i])
			continue
		}
		if i+1 < len(line) && line[i+1] == '[' {
			for i += 2; i < len(line) && (line[i] < '@' || line[i] > '~'); i++ {
			}
		} else {
			i++
		}
	}
	return to
}

// prefixed reads what most loggers write: a time, a level, a logger and some
// more, in an order and with punctuation of their own.
func (l *Line) prefixed(line []byte) {
	rest, stamped := trimStamp(line)
	if stamped {
		l.Headed, l.Message = true, rest
	}
	rest = trimSeparators(rest)
	if !l.leading(rest, stamped) {
		l.later(rest, stamped)
	}
}

// trimSeparators cuts off what stands between the parts of a head.
func trimSeparators(b []byte) []byte {
	for len(b) > 0 {
		switch c := b[0]; {
		case isSpace(c), c == '|', c == ':':
			b = b[1:]
		case c == '-' && (len(b) == 1 || b[1] == ' ' || b[1] == '-'):
			b = b[1:]
		default:
			return b
		}
	}
	return b
}

// leading reads a head that begins with the level.
func (l *Line) leading(b []byte, stamped bool) bool {
	t, closing := b, byte(0)
	if len(t) > 2 && (t[0] == '[' || t[0] == '<') {
		closing = t[0] + 2 // in ASCII both close two further on
		t = trimSpace(t[1:])
	}
	n := 0
	for n < len(t) && n < 14 && isLetter(t[n]) {
		n++
	}
	level, ok := levelOf(t[:n])
	if !ok || closing == 0 && ambiguous(t[:n]) {
		return false
	}
	after, next := t[n:], byte(' ')
	if closing != 0 {
		after = trimSpace(after)
		if len(after) == 0 || after[0] != closing {
			return false
		}
		l.found(level, after[1:])
		return true
	}
	if len(after) > 0 {
		next = after[0]
	}
	_, upper := upperLevel(t[:n])
	switch {
	case next == ':':
		return l.colon(level, t[:n], after[1:], stamped, upper)
	case next == '[' && upper:
		// logrus on a terminal: INFO[0012] message
		if end := bytes.IndexByte(after, ']'); end > 0 && digits(trimSpace(after[1:end])) {
			l.found(level, after[end+1:])
			return true
		}
		return false
	case next == ']' && stamped: // [01:30:00 INF] message
		l.found(level, after[1:])
		return true
	case next == '/' && stamped: // celery: INFO/MainProcess] message
		if end := bytes.IndexByte(after, ']'); end > 0 && end < 64 {
			l.Level, l.Headed, l.Category, l.Message = level, true, after[1:end], trimSpace(after[end+1:])
			return true
		}
		return false
	case isSpace(next) || next == '|':
		if upper && (stamped || len(after) > 0) || stamped {
			l.found(level, after)
			return true
		}
	}
	return false
}

// colon reads what follows a level and a colon.
func (l *Line) colon(level Level, word, after []byte, stamped, upper bool) bool {
	if len(after) > 0 && !isSpace(after[0]) {
		// Python's logging without a format: WARNING:root:message
		n := 0
		for n < len(after) && n < 128 && isNamePart(after[n]) {
			n++
		}
		if upper && n > 0 && n < len(after) && after[n] == ':' {
			l.Level, l.Headed, l.Category, l.Message = level, true, after[:n], trimSpace(after[n+1:])
			return true
		}
		return false
	}
	text := trimSpace(after)
	if category, id, rest, ok := dotnet(text); ok && len(word) == 4 && word[0] >= 'a' {
		l.Level, l.Headed, l.Category, l.EventID, l.Message = level, true, category, id, rest
		l.Two = len(rest) == 0
		return true
	}
	if string(word) == "panic" {
		l.Level = Error
		return true
	}
	l.Level = level
	if word[0] < 'a' && !upper && !stamped {
		return true // "Error: boom" is an error's name as well, and stays
	}
	l.Headed, l.Message = true, text
	return true
}

// later reads a head in which a process number, a thread or a logger stands
// before the level. Without a time before it, each has to be in brackets or
// followed by a dash or a bar: else it is prose.
func (l *Line) later(b []byte, stamped bool) {
	rest := b
	var name []byte
	for range 6 {
		rest = trimSeparators(rest)
		if len(rest) == 0 || len(b)-len(rest) > headLimit {
			return
		}
		if rest[0] == '[' || rest[0] == '{' || rest[0] == '(' {
			end := bytes.IndexAny(rest, "]})")
			if end < 0 || end > 80 {
				return
			}
			inside := bytes.Trim(rest[1:end], " ")
			rest = rest[end+1:]
			if level, ok := levelOf(inside); ok {
				l.Category = name
				l.found(level, rest)
				return
			}
			if len(inside) > 0 && !digits(inside) && named(inside) {
				name = inside
			}
			continue
		}
		n := 0
		for n < len(rest) && !isSpace(rest[n]) && rest[n] != '|' {
			n++
		}
		word, after := rest[:n], rest[n:]
		if level, ok := upperLevel(bytes.TrimRight(word, ":")); ok {
			if !stamped && word[len(word)-1] != ':' && !separated(after) {
				return
			}
			l.Category = name
			l.found(level, after)
			return
		}
		if !stamped && !separated(after) {
			return
		}
		word = bytes.TrimRight(word, ":,")
		if !digits(word) {
			if !named(word) {
				return
			}
			name = word
		}
		rest = after
	}
}

// separated reports whether a dash or a bar follows.
func separated(after []byte) bool {
	t := trimSpace(after)
	return len(t) > 1 && (t[0] == '-' && t[1] == ' ' || t[0] == '|')
}

// found takes the level, and what names a logger behind it.
func (l *Line) found(level Level, after []byte) {
	l.Level, l.Headed = level, true
	rest := trimSeparators(after)
	for range 4 {
		if len(rest) == 0 {
			break
		}
		// Spring: 4711 --- [app] [main] c.e.Shop : message; log4j: [main] c.e.Shop - message
		if rest[0] == '[' {
			end := bytes.IndexByte(rest, ']')
			if end < 1 || end > 80 || end+1 == len(rest) || !named(trimSpace(rest[1:end])) {
				break
			}
			if l.Category == nil && !digits(rest[1:end]) {
				l.Category = bytes.Trim(rest[1:end], " ")
			}
			rest = trimSeparators(rest[end+1:])
			continue
		}
		n := 0
		for n < len(rest) && n < 128 && (isNamePart(rest[n]) || rest[n] == ':' && n+1 < len(rest) && !isSpace(rest[n+1]) || rest[n] == '#') {
			n++
		}
		word, behind := rest[:n], rest[n:]
		switch {
		case n == 0:
		case digits(word) && len(behind) > 4 && string(behind[:4]) == " ---":
			rest = trimSeparators(behind)
			continue
		case len(behind) > 1 && behind[0] == ':' && isSpace(behind[1]) && (bytes.ContainsAny(word, ".:/_#") || l.Category == nil && !bytes.ContainsAny(word, "0123456789")):
			// nginx's process and thread number is no logger.
			if !bytes.ContainsRune(word, '#') {
				l.Category = word
			}
			rest = trimSpace(behind[1:])
		case len(behind) > 2 && behind[0] == ']': // [time level logger] message
			l.Category = word
			rest = trimSpace(behind[1:])
		case len(behind) > 2 && isSpace(behind[0]) && (separated(behind) || trimSpace(behind)[0] == ':') && bytes.ContainsAny(word, ".:/_") || separated(behind) && l.Category != nil:
			if bytes.ContainsAny(word, ".:/_") {
				l.Category = word
				rest = trimSeparators(behind)
			}
		}
		break
	}
	l.Message = rest
}

func digits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// named says whether b looks like the name of a logger, a thread or a file with
// its line.
func named(b []byte) bool {
	for _, c := range b {
		if !isNamePart(c) && c != ':' && c != '#' && c != ',' && c != ' ' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 80
}
