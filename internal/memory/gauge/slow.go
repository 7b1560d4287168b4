package gauge

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// errNotDue is a slow look that was not taken.
var errNotDue = errors.New("not due")

// lookSlowly reads the smaps_rollup of every process, and counts its open files,
// if that is due: the kernel walks all of a process's pages for the first, and
// keeps the process from mapping memory meanwhile. It is due every SlowEvery, and sooner after processes came
// or went, since what they share is not known until then; but never so often
// that it takes more than a 50th of the time.
func (g *Gauge) lookSlowly(last slow, processes []*process, moved, all bool) (slow, error) {
	last.stale = last.stale || moved
	since := time.Since(last.at)
	due := last.at.IsZero() || since >= g.cfg.SlowEvery || (last.stale && since >= g.cfg.TreeEvery)
	if !all && (!due || since < slowShare*last.cost) {
		return last, errNotDue
	}
	next := slow{at: time.Now()}
	var anonymous, proportional int64
	for _, p := range processes {
		r, err := g.rollup(p.pid)
		if err == nil {
			r.fds, err = g.descriptors(p.pid)
		}
		if isGone(err) {
			next.stale = true
			continue
		}
		if err != nil {
			return slow{at: next.at, cost: time.Since(next.at)}, err
		}
		next.pss += r.pss
		next.private += r.private
		next.fds += r.fds
		anonymous += r.anonymous
		proportional += r.pssAnon
	}
	next.shared = max(anonymous-proportional, 0)
	next.beside = max(next.private-proportional, 0)
	next.cost = time.Since(next.at)
	return next, nil
}

// rollup is what is wanted of smaps_rollup, in bytes, and beside it the count of
// open files.
type rollup struct {
	pss, pssAnon, private, anonymous int64
	fds                              int
}

func (g *Gauge) rollup(pid int) (rollup, error) {
	path := g.path(pid, "smaps_rollup")
	b, err := slurp(path, make([]byte, 2048))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if _, statErr := g.stat(pid); statErr != nil {
			return rollup{}, errGone
		}
		return rollup{}, fmt.Errorf("read proportional memory: %w\nhint: smaps_rollup came with Linux 4.14", err)
	case errors.Is(err, os.ErrPermission):
		return rollup{}, fmt.Errorf("read proportional memory: %w\nhint: the worker has to run as stanch's own user, and be dumpable, or stanch needs CAP_SYS_PTRACE", err)
	case isGone(err):
		return rollup{}, errGone
	case err != nil:
		return rollup{}, fmt.Errorf("read proportional memory: %w", err)
	}
	return parseRollup(b), nil
}

// parseRollup reads smaps_rollup; see proc_pid_smaps(5). Pss_Anon came with
// Linux 5.4: without it all of Pss stands in, so that less is taken as shared.
func parseRollup(b []byte) (r rollup) {
	found := false
	for line := range bytes.Lines(b) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		number, unit, _ := bytes.Cut(bytes.TrimSpace(value), []byte(" "))
		n, err := strconv.ParseInt(string(number), 10, 64)
		if err != nil || n < 0 || n > 1<<42 || string(unit) != "kB" {
			continue
		}
		n <<= 10
		switch string(key) {
		case "Pss":
			r.pss = n
		case "Pss_Anon":
			r.pssAnon, found = n, true
		case "Anonymous":
			r.anonymous = n
		case "Private_Clean", "Private_Dirty":
			r.private += n
		}
	}
	if !found {
		r.pssAnon = min(r.pss, r.anonymous)
	}
	return r
}
