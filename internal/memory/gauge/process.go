package gauge

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// A process is one member of a worker's tree.
type process struct {
	stat
	statm file
	gone  bool // a Read found it ended; the next walk drops it
}

// stat is what is wanted of /proc/<pid>/stat; see proc_pid_stat(5).
type stat struct {
	pid, parent, group, session int
	threads                     int
	zombie                      bool
	born                        uint64 // in ticks since boot; tells one owner of a pid from the next
}

// open looks a process up, and opens its statm.
func (g *Gauge) open(pid int) (*process, error) {
	s, err := g.stat(pid)
	if err != nil {
		return nil, err
	}
	p := &process{stat: s, statm: file{path: g.path(pid, "statm"), fd: -1}}
	if _, err := p.statm.read(make([]byte, 128)); err != nil {
		if isGone(err) {
			err = errGone
		}
		return nil, err
	}
	// The pid may have changed hands between the two files.
	again, err := g.stat(pid)
	if err == nil && again.born != s.born {
		err = errGone
	}
	if err != nil {
		p.statm.close()
		return nil, err
	}
	return p, nil
}

func (g *Gauge) path(pid int, name string) string {
	return g.cfg.Proc + "/" + strconv.Itoa(pid) + "/" + name
}

// stat reads /proc/<pid>/stat; the error is errGone if there is no such
// process.
func (g *Gauge) stat(pid int) (stat, error) {
	b, err := slurp(g.path(pid, "stat"), make([]byte, 512))
	if isGone(err) {
		return stat{}, errGone
	}
	if err != nil {
		return stat{}, fmt.Errorf("look at process %d: %w", pid, err)
	}
	s, ok := parseStat(b)
	if !ok || s.pid != pid {
		return stat{}, fmt.Errorf("look at process %d: %.60q is no stat line", pid, b)
	}
	return s, nil
}

// parseStat reads a stat line. The command in brackets may hold any byte, so
// that the fields begin after the last bracket.
func parseStat(b []byte) (s stat, ok bool) {
	start, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if start < 1 || end < start {
		return stat{}, false
	}
	fields := bytes.Fields(b[end+1:])
	if len(fields) < 20 || len(fields[0]) != 1 {
		return stat{}, false
	}
	number := func(b []byte) int {
		n, err := strconv.ParseInt(string(b), 10, 32)
		if err != nil || n < 0 {
			ok = false
		}
		return int(n)
	}
	ok = true
	s = stat{
		pid:     number(bytes.TrimSpace(b[:start])),
		parent:  number(fields[1]),
		group:   number(fields[2]),
		session: number(fields[3]),
		threads: number(fields[17]),
		zombie:  fields[0][0] == 'Z' || fields[0][0] == 'X',
	}
	born, err := strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil || !ok || s.pid == 0 {
		return stat{}, false
	}
	s.born = born
	return s, true
}

// parseStatm takes the first three fields of statm, in pages: the address
// space, what of it is resident, and what of that is backed by files or shared
// memory. A process that has ended and waits to be reaped has zeros.
func parseStatm(b []byte) (size, resident, shared int64, ok bool) {
	var n [3]int64
	for i := range n {
		digits := 0
		for ; digits < len(b) && b[digits] >= '0' && b[digits] <= '9'; digits++ {
			if n[i] >= 1<<48 {
				return 0, 0, 0, false
			}
			n[i] = n[i]*10 + int64(b[digits]-'0')
		}
		if digits == 0 || digits == len(b) || (b[digits] != ' ' && b[digits] != '\n') {
			return 0, 0, 0, false
		}
		b = b[digits+1:]
	}
	return n[0], n[1], n[2], true
}

func isGone(err error) bool {
	return err != nil && (errors.Is(err, os.ErrNotExist) || errors.Is(err, errGone) || errors.Is(err, syscall.ESRCH))
}
