package functionrpc

import (
	"strings"
	"unicode/utf8"
)

// longestLine is how much of a worker's line about itself is told, in bytes.
const longestLine = 1000

// asides are what the Python worker adds to its errors: advice, all of sys.path and
// all of sys.modules, tens of kilobytes of them.
var asides = []string{"Cannot find module. Please check the requirements.txt", "Current sys.path: [", "Sys Path: ["}

// plainly is a message without its asides.
func plainly(message string) string {
	for _, aside := range asides {
		if at := strings.Index(message, aside); at > 0 {
			message = strings.TrimRight(message[:at], " .,")
		}
	}
	return message
}

// Brief is a line of a worker about itself as it is worth telling: without the
// asides, and not longer than people read.
func Brief(line string) string {
	line = plainly(strings.TrimSpace(line))
	if len(line) <= longestLine {
		return line
	}
	end := longestLine
	for !utf8.RuneStart(line[end]) {
		end--
	}
	return line[:end] + " …"
}
