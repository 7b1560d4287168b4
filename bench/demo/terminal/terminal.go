// Package terminal is where the demos tell their stories: on a terminal progress stays
// in its place and has colors, in a pipe it is plain lines. Begin with [New].
package terminal

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Terminal is the output of a demo. One goroutine at a time uses it.
type Terminal struct {
	Out   *os.File
	Live  bool // it is a terminal, and no pipe or file
	Color bool
	Width int // in columns, from 60 to 110
}

// New looks what the output is.
func New(out *os.File) *Terminal {
	t := &Terminal{Out: out, Width: 80}
	if size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ); err == nil {
		t.Live = true
		t.Width = min(max(int(size.Col), 60), 110)
	}
	t.Color = t.Live && os.Getenv("NO_COLOR") == ""
	return t
}

// Say writes a line.
func (t *Terminal) Say(format string, args ...any) { fmt.Fprintf(t.Out, format+"\n", args...) }

// Paint gives a text a color, by its code.
func (t *Terminal) Paint(code, text string) string {
	if !t.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
