package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// screen is a terminal with a program in it.
type screen struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	shown  []byte
	more   chan struct{}
	ended  chan struct{}
	from   int // what of shown has been awaited
}

// ready stands for what readline sends when it begins to read: it has taken the
// terminal over, and what is typed from here on is its.
const ready = "<ready>"

var escapes = regexp.MustCompile("\x1b(\\[[0-9;?]* ?[a-zA-Z]|[=>78])")

// onTerminal starts a command in a pseudo-terminal.
func onTerminal(t *testing.T, cmd *exec.Cmd) *screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals: %v", err)
	}
	// Through Control, for Fd would make the file one whose reads Close can't end.
	n := 0
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		if err == nil {
			n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
		if err == nil {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100})
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	s := &screen{t: t, master: master, more: make(chan struct{}, 1), ended: make(chan struct{})}
	var reader sync.WaitGroup
	reader.Go(s.read)
	go func() { _ = cmd.Wait(); close(s.ended) }()
	t.Cleanup(func() {
		select {
		case <-s.ended:
		default:
			_ = cmd.Process.Kill()
			<-s.ended
		}
		master.Close()
		reader.Wait()
	})
	return s
}

func (s *screen) read() {
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.shown = append(s.shown, buf[:n]...)
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// await waits until the program shows something, and passes over it.
func (s *screen) await(text string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		plain := escapes.ReplaceAllString(strings.ReplaceAll(string(s.shown), "\x1b[?2004h", ready), "")
		s.mu.Unlock()
		if i := strings.Index(plain[min(s.from, len(plain)):], text); i >= 0 {
			s.from += i + len(text)
			return
		}
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("the terminal does not show %q behind what was awaited, but %q", text, plain[min(s.from, len(plain)):])
		}
	}
}

// leave ends the program by Ctrl-D.
func (s *screen) leave() {
	s.t.Helper()
	s.enter("\x04")
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatal("the prompt does not end on Ctrl-D")
	}
}

func (s *screen) enter(text string) {
	s.t.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

func TestAtATerminalQueryIsAPrompt(t *testing.T) {
	data, state := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "requests.csv"), []byte("timestamp,name,mine\n2026-04-05,GET /,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	begin := func() *screen {
		cmd := exec.Command(self)
		cmd.Args = []string{"stanch", "query", "--from", data}
		cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+state, "TERM=xterm-256color", "INPUTRC=/dev/null")
		return onTerminal(t, cmd)
	}
	s := begin()
	s.await("1 table, from " + data)
	s.await(ready)
	for _, step := range []struct{ type1, type2, shows string }{
		{".tables", "\r", "requests  28 columns"},
		{"requests | project name, mine ;", "\r", "GET /     1"},
		{"requests", "\r", "\n"},
		{"| count", "\r", "\n"},
		{"", "\r", "1 row,"},
		{"requsts;", "\r", "hint: did you mean requests?"},
		{"requests | where na", "\t", "requests | where name"}, // completed
		{" == 'x'", "\x03", "kql> "},                           // Ctrl-C drops it
	} {
		// What is typed is echoed before it is entered, as by hands.
		s.enter(step.type1)
		if step.type1 != "" {
			s.await(step.type1[len(step.type1)-1:])
		}
		s.enter(step.type2)
		s.await(step.shows)
		if step.shows != "\n" && step.type2 != "\t" {
			s.await(ready)
		}
	}
	s.leave()

	// It remembers, in a file that only its owner can read.
	file := filepath.Join(state, "stanch", "query_history")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the history is %v, %v; want a file of mode 600", info, err)
	}
	text, _ := os.ReadFile(file)
	want := "\".tables\"\n\"requests | project name, mine ;\"\n\"requests\\n| count\"\n\"requsts;\"\n"
	if string(text) != want {
		t.Errorf("the history is %s, want %s", text, want)
	}
	again := begin()
	again.await(ready)
	again.enter("\x1b[A")
	again.await("requsts;")
	again.enter("\x03")
	again.await("^C")
	again.await(ready)
	again.leave()
}

func TestATornHistoryIsReadAsFarAsItIsWhole(t *testing.T) {
	state := t.TempDir()
	environ := []string{"XDG_STATE_HOME=" + state}
	h, err := openHistory(environ)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := h.Write("requests\n| take 1"); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(state, "stanch", "query_history")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("\"torn\n5\n\"whole\"\n")
	f.Close()
	h, err = openHistory(environ)
	if err != nil || h.Len() != 2 {
		t.Fatalf("openHistory of a torn file: %v, %v; want 2 entries", h.entries, err)
	}
	if last, _ := h.GetLine(1); last != "whole" {
		t.Errorf("GetLine(1) = %q, want whole", last)
	}
	if _, err := h.GetLine(2); err == nil {
		t.Error("GetLine(2) of 2 entries has no error")
	}
	for i := range mostEntries + 10 {
		if _, err := h.Write(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = openHistory(environ); err != nil || h.Len() != mostEntries {
		t.Errorf("openHistory of %d entries: %d, %v; want %d", mostEntries+12, h.Len(), err, mostEntries)
	}
	if h, err := openHistory(nil); err == nil || h.Len() != 0 {
		t.Errorf("openHistory without a home: %v, %v; want an empty one and an error", h, err)
	}
}
