package gauge

import (
	"bytes"
	"strconv"
	"time"
)

// clockTick is the unit of processor times in /proc, which Linux has kept at
// 100 Hz for programs on every architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// Processor is the processor time that a worker's processes have used so far,
// and the children that they have waited for. It reads /proc for each process,
// so that it is for whoever asks seldom. False if the worker is not tracked, or
// none of its processes is left.
func (g *Gauge) Processor(id string) (used time.Duration, ok bool) {
	var pids []int
	g.mu.Lock()
	for _, w := range g.workers {
		if w.id == id {
			for _, p := range w.processes {
				pids = append(pids, p.pid)
			}
		}
	}
	g.mu.Unlock()
	buf := make([]byte, 512)
	for _, pid := range pids {
		b, err := slurp(g.path(pid, "stat"), buf)
		if err != nil {
			continue
		}
		if t, known := parseProcessor(b); known {
			used += t
			ok = true
		}
	}
	return used, ok
}

// parseProcessor takes utime, stime, cutime and cstime of a stat line.
func parseProcessor(b []byte) (used time.Duration, ok bool) {
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 15 {
		return 0, false
	}
	for _, f := range fields[11:15] {
		n, err := strconv.ParseInt(string(f), 10, 48)
		if err != nil {
			return 0, false
		}
		used += time.Duration(n) * clockTick
	}
	return used, true
}
