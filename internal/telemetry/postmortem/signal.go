package postmortem

import (
	"fmt"

	"github.com/stanch-dev/stanch/internal/memory"
)

const (
	sigkill   = 9
	unlimited = memory.Unlimited
)

// The signals of Linux that end a process (signal(7)), with what they tell.
var signals = map[int]struct{ name, meaning string }{
	1:  {"SIGHUP", "its terminal or controlling process is gone"},
	2:  {"SIGINT", "interrupted, as by Ctrl-C"},
	3:  {"SIGQUIT", "told to quit, as by Ctrl-\\"},
	4:  {"SIGILL", "an instruction that the processor does not know"},
	5:  {"SIGTRAP", "a breakpoint or an assertion"},
	6:  {"SIGABRT", "it gave up by itself: an assertion, an allocator or a runtime out of memory"},
	7:  {"SIGBUS", "memory that is mapped and not there, as of a file cut short"},
	8:  {"SIGFPE", "an arithmetic fault"},
	9:  {"SIGKILL", "killed"},
	10: {"SIGUSR1", "a signal that it did not handle"},
	11: {"SIGSEGV", "memory that is not its own"},
	12: {"SIGUSR2", "a signal that it did not handle"},
	13: {"SIGPIPE", "it wrote to a pipe that nobody reads"},
	14: {"SIGALRM", "a timer that it did not handle"},
	15: {"SIGTERM", "asked to end"},
	24: {"SIGXCPU", "over its limit of CPU time"},
	25: {"SIGXFSZ", "over its limit of file size"},
	31: {"SIGSYS", "a system call that a filter forbids"},
}

func signalName(n int) string {
	if s, known := signals[n]; known {
		return s.name
	}
	return fmt.Sprintf("signal %d", n)
}

func signalMeaning(n int) string {
	if s, known := signals[n]; known {
		return s.meaning
	}
	return "a signal that it did not handle"
}

// asksToEnd says whether a signal is one that others send to end a process.
func asksToEnd(n int) bool { return n == 1 || n == 2 || n == 3 || n == 15 }

// codeMeaning explains the codes of shells: 126 and 127, and 128+n for a child
// that signal n ended. It is empty for a program's own codes.
func codeMeaning(code int) string {
	switch {
	case code == 126:
		return "as a shell says it: the command is not executable"
	case code == 127:
		return "as a shell says it: the command was not found"
	case code > 128 && code <= 128+64:
		if s, known := signals[code-128]; known {
			return fmt.Sprintf("128+%d, as a shell says it: its child was ended by %s, %s", code-128, s.name, s.meaning)
		}
	}
	return ""
}
