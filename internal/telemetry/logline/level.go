package logline

// levelOf is the level that a word names, in whatever case; false if it is none.
func levelOf(word []byte) (Level, bool) {
	if len(word) < 3 || len(word) > 13 {
		return Unknown, false
	}
	var lower [13]byte
	for i, c := range word {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	switch string(lower[:len(word)]) {
	case "trace", "trce", "verbose", "vrb", "finest", "finer", "silly", "trc", "notset":
		return Trace, true
	case "debug", "dbug", "dbg", "fine", "config", "deb":
		return Debug, true
	case "info", "information", "informational", "inf", "notice", "log", "http", "success":
		return Information, true
	case "warn", "warning", "wrn", "wrng", "warning!":
		return Warning, true
	case "error", "err", "fail", "severe", "eror", "failure":
		return Error, true
	case "critical", "crit", "fatal", "ftl", "emerg", "emergency", "alert", "panic", "dpanic", "crt", "fata":
		return Critical, true
	}
	return Unknown, false
}

// ambiguous says whether a level's name begins ordinary lines as well, as in
// "http: panic serving" and "config:".
func ambiguous(word []byte) bool {
	switch string(word) {
	case "log", "http", "config", "fine", "finer", "success", "alert", "deb", "notset", "silly":
		return true
	}
	return false
}

// upperLevel is levelOf for a word that is written in capitals: in the middle of
// a line only such a word is no prose.
func upperLevel(word []byte) (Level, bool) {
	for _, c := range word {
		if c < 'A' || c > 'Z' {
			return Unknown, false
		}
	}
	if string(word) == "LOG" || string(word) == "HTTP" || string(word) == "CONFIG" || string(word) == "ALERT" {
		return Unknown, false
	}
	return levelOf(word)
}

// numberedLevel reads pino's and bunyan's numbers, and those of slog and syslog
// that can't be taken for them.
func numberedLevel(n int64) (Level, bool) {
	switch {
	case n >= 60 && n < 100:
		return Critical, true
	case n >= 50 && n < 60:
		return Error, true
	case n >= 40 && n < 50:
		return Warning, true
	case n >= 30 && n < 40:
		return Information, true
	case n >= 20 && n < 30:
		return Debug, true
	case n >= 10 && n < 20:
		return Trace, true
	}
	return Unknown, false
}

// letterLevel is the level that klog, glog and Ruby write as one letter.
func letterLevel(c byte) Level {
	switch c {
	case 'D':
		return Debug
	case 'I', 'A':
		return Information
	case 'W':
		return Warning
	case 'E':
		return Error
	case 'F':
		return Critical
	}
	return Unknown
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isSpace(c byte) bool  { return c == ' ' || c == '\t' }

// isNamePart says whether c may stand in a logger's, a class's or a key's name.
func isNamePart(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '_' || c == '.' || c == '$' || c == '-' || c == '/' || c == '+' || c == '`' || c >= 0x80
}
