package draft

import (
	"errors"
	"fmt"
	"strings"
)

// Words takes a command apart as a shell does, and does nothing else that a shell does:
// blanks part words, quotes and backslashes keep them together. What a shell would have
// to carry out is an error with a hint.
func Words(command string) (all []string, err error) {
	var word strings.Builder
	quote, begun, escaped := rune(0), false, false
	for _, c := range command {
		switch {
		case escaped:
			if quote == '"' && !strings.ContainsRune("\"\\$`", c) {
				word.WriteByte('\\')
			}
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, begun = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote == '\'', quote == '"' && c != '$' && c != '`':
			word.WriteRune(c)
		case quote == 0 && (c == '\'' || c == '"'):
			quote, begun = c, true
		case strings.ContainsRune("$`|&;<>", c):
			return nil, fmt.Errorf("%q in the command takes a shell, and none is there\nhint: sh -c '…' starts one; {port} is the port, and so is $PORT within sh -c", c)
		case strings.ContainsRune(" \t\r\n", c):
			if begun {
				all = append(all, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("the command ends within quotes, or behind a backslash")
	}
	if begun {
		all = append(all, word.String())
	}
	return all, nil
}
