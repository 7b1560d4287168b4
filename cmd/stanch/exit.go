package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// The exit codes of stanch, all of them. The README repeats this list.
const (
	exitOK        = 0
	exitError     = 1 // it was tried and did not work out
	exitUsage     = 2 // it was not tried: flags, file or variables are wrong
	exitFinding   = 3 // it worked, and found what it was asked to look for: check found a problem, trend and hunt a leak, postmortem show found none
	exitUndecided = 4 // it worked, and what there is does not decide: trend, hunt
	exitNoVerdict = 5 // lab run, compare and verify: there is no verdict. 0, 1 and 2 are verdicts there
)

// exitError is an error that knows its code and may have a hint.
type codedError struct {
	code    int
	err     error // nil where all is said already
	hint    string
	verdict bool // the code is a verdict's
}

func (e *codedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *codedError) Unwrap() error { return e.err }

// usage is the error of one who called stanch wrongly.
func usage(err error, hint string, args ...any) error {
	return &codedError{code: exitUsage, err: err, hint: fmt.Sprintf(hint, args...)}
}

// report prints the error, with its hint on a line of its own, and returns the
// exit code.
func report(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitError, ""
	var coded *codedError
	if errors.As(err, &coded) {
		code, hint = coded.code, coded.hint
	} else if strings.HasPrefix(err.Error(), "unknown command") {
		code, hint = exitUsage, "`stanch --help` lists the verbs"
	}
	for line := range strings.Lines(strings.TrimRight(err.Error(), "\n")) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
		case strings.HasPrefix(line, "hint: "), strings.HasPrefix(line, "Did you mean"), strings.HasPrefix(line, "\t"):
			fmt.Fprintln(stderr, line)
		default:
			fmt.Fprintln(stderr, "stanch: "+line)
		}
	}
	if hint != "" {
		fmt.Fprintln(stderr, "hint: "+hint)
	}
	return code
}
