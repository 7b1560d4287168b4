package logline

import (
	"bytes"
	"strconv"

	"github.com/stanch-dev/stanch/internal/telemetry/members"
)

// json reads a line that is one JSON object. What it does not know stays in the
// message, as name=value.
func (l *Line) json(text, scratch []byte) ([]byte, bool) {
	text = bytes.TrimRight(text, " \t")
	if text[len(text)-1] != '}' {
		return scratch, false
	}
	var message, stack, failure []byte
	level := Unknown
	var category []byte
	known := false
	err := members.Each(text, func(name, value []byte) bool {
		switch partOf(name) {
		case partLevel:
			if found, ok := jsonLevel(value); ok {
				level, known = found, true
			}
		case partMessage:
			if message == nil || string(name) == "@m" {
				message, known = value, true
			}
		case partLogger:
			if members.Kind(value) == '"' {
				category = value[1 : len(value)-1]
			}
		case partError:
			if members.Kind(value) == '{' {
				failure = value
			} else if members.Kind(value) == '"' && bytes.Contains(value, []byte(`\n`)) {
				stack = value
			}
		case partStack:
			if members.Kind(value) == '"' {
				stack = value
			}
		case partEvent:
			l.EventID, _ = strconv.ParseInt(string(value), 10, 32)
		}
		return true
	})
	if err != nil {
		return scratch, false
	}
	l.Whole = true
	if !known {
		return scratch, true
	}
	l.Level, l.Headed, l.Category = level, true, category
	from := len(scratch)
	scratch = members.AppendText(scratch, message)
	_ = members.Each(text, func(name, value []byte) bool {
		if stays(name, value, message) {
			if len(scratch) > from {
				scratch = append(scratch, ' ')
			}
			scratch = members.AppendUnescaped(scratch, name)
			scratch = append(scratch, '=')
			scratch = append(scratch, value...)
		}
		return true
	})
	to := len(scratch)
	if failure != nil {
		scratch = l.failure(failure, scratch)
	} else if stack != nil {
		at := len(scratch)
		scratch = members.AppendText(scratch, stack)
		l.Stack = scratch[at:len(scratch):len(scratch)]
	}
	l.Message = scratch[from:to:to]
	return scratch, true
}

// failure reads an error that was written as an object, as pino and bunyan do.
func (l *Line) failure(object, scratch []byte) []byte {
	_ = members.Each(object, func(name, value []byte) bool {
		if members.Kind(value) != '"' {
			return true
		}
		at := len(scratch)
		switch string(name) {
		case "type", "name", "class", "kind":
			scratch = members.AppendText(scratch, value)
			l.ErrorType = scratch[at:len(scratch):len(scratch)]
		case "message", "msg":
			scratch = members.AppendText(scratch, value)
			l.ErrorMessage = scratch[at:len(scratch):len(scratch)]
		case "stack", "stack_trace", "stacktrace", "stackTrace":
			scratch = members.AppendText(scratch, value)
			l.Stack = scratch[at:len(scratch):len(scratch)]
		}
		return true
	})
	return scratch
}

type part uint8

const (
	partOther part = iota
	partLevel
	partMessage
	partTime
	partLogger
	partProcess
	partError
	partStack
	partEvent
)

// partOf is what a member's name stands for in the loggers that are known.
func partOf(name []byte) part {
	switch string(name) {
	case "level", "Level", "severity", "lvl", "@l", "@level", "LogLevel", "logLevel", "loglevel", "log.level", "levelname", "level_name", "severity_text", "severityText":
		return partLevel
	case "msg", "message", "@m", "@message", "@mt", "Message", "RenderedMessage", "MessageTemplate", "event", "body":
		return partMessage
	case "time", "timestamp", "ts", "@timestamp", "@t", "Timestamp", "asctime", "datetime", "eventTime", "date":
		return partTime
	case "logger", "name", "Category", "SourceContext", "logger_name", "loggerName", "log.logger", "category":
		return partLogger
	case "pid", "hostname", "v", "process", "thread", "levelno", "level_value", "@version":
		return partProcess
	case "err", "error", "exception", "Exception":
		return partError
	case "stack", "stack_trace", "stackTrace", "stacktrace", "exc_info", "exc_text", "traceback", "@x", "error.stack_trace":
		return partStack
	case "EventId", "event_id":
		return partEvent
	}
	return partOther
}

// stays says whether a member is shown with the message.
func stays(name, value, message []byte) bool {
	switch partOf(name) {
	case partOther:
		return true
	case partMessage:
		return len(value) > 0 && len(message) > 0 && &value[0] != &message[0] && !bytes.Equal(value, message)
	case partError:
		return members.Kind(value) == '"' && !bytes.Contains(value, []byte(`\n`))
	case partLevel:
		_, ok := jsonLevel(value)
		return !ok
	case partLogger:
		return members.Kind(value) != '"'
	}
	return false
}

func jsonLevel(value []byte) (Level, bool) {
	switch members.Kind(value) {
	case '0':
		n, err := strconv.ParseInt(string(value), 10, 32)
		if err != nil {
			return Unknown, false
		}
		return numberedLevel(n)
	case '"':
		return signedLevel(value[1 : len(value)-1])
	}
	return Unknown, false
}

// signedLevel reads slog's levels too: INFO, INFO+2, DEBUG-4.
func signedLevel(word []byte) (Level, bool) {
	if i := bytes.IndexAny(word, "+-"); i > 0 {
		word = word[:i]
	}
	return levelOf(word)
}

// logfmt reads name=value pairs, as logrus, go-kit and slog's text handler write
// them. The line has to begin with a pair and to have a level.
func (l *Line) logfmt(text, scratch []byte) ([]byte, bool) {
	n := 0
	for n < len(text) && n < 32 && (isNamePart(text[n]) || text[n] == '@') {
		n++
	}
	if n == 0 || n == len(text) || text[n] != '=' {
		return scratch, false
	}
	from := len(scratch)
	level, category, message := Unknown, []byte(nil), []byte(nil)
	headed := false
	pairs(text, func(name, value, _ []byte) {
		switch partOf(name) {
		case partLevel:
			if found, ok := signedLevel(unquote(value)); ok && level == Unknown {
				level = found
			}
		case partMessage:
			if !headed {
				message, headed = value, true
			}
		case partLogger:
			category = unquote(value)
		}
	})
	if level == Unknown {
		return scratch, false
	}
	scratch = appendQuoted(scratch, message)
	pairs(text, func(name, value, pair []byte) {
		switch p := partOf(name); {
		case p == partTime, p == partLevel, p == partProcess && string(name) == "pid", p == partLogger, len(value) > 0 && len(message) > 0 && &value[0] == &message[0]:
			return
		}
		if len(scratch) > from {
			scratch = append(scratch, ' ')
		}
		scratch = append(scratch, pair...)
	})
	l.Level, l.Headed, l.Category, l.Message = level, true, category, scratch[from:]
	return scratch, true
}

// pairs tells of each name=value, and of words that are none, whose name is
// empty.
func pairs(text []byte, visit func(name, value, pair []byte)) {
	for {
		text = trimSpace(text)
		if len(text) == 0 {
			return
		}
		n, eq := 0, -1
		for n < len(text) && !isSpace(text[n]) {
			if text[n] == '=' && eq < 0 {
				eq = n
			}
			if text[n] == '"' && eq == n-1 {
				for n++; n < len(text) && text[n] != '"'; n++ {
					if text[n] == '\\' {
						n++
					}
				}
			}
			n++
		}
		n = min(n, len(text))
		pair := text[:n]
		text = text[n:]
		if eq < 1 {
			visit(nil, nil, pair)
			continue
		}
		visit(pair[:eq], pair[eq+1:], pair)
	}
}

func unquote(value []byte) []byte {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

func appendQuoted(to, value []byte) []byte {
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		return members.AppendUnescaped(to, value[1:len(value)-1])
	}
	return append(to, value...)
}
