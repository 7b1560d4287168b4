package cgroup

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
)

// Pressure fills p with the group's own memory.pressure, which version 2 keeps
// beside its figures; p.Known is false on version 1 and where the kernel was
// built or booted without PSI, which is then the error. It is as cheap as Read.
func (g *Group) Pressure(p *memory.Pressure) error {
	*p = memory.Pressure{}
	if g.version != 2 || g.unaccounted {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return fmt.Errorf("read pressure of cgroup %s: %w", g.name, os.ErrClosed)
	}
	b, err := g.files.pressure.read(&g.buf)
	if err != nil {
		return fmt.Errorf("read pressure of cgroup %s: %w", g.name, err)
	}
	if !ParsePressure(b, p) {
		return fmt.Errorf("read pressure of cgroup %s: %.60q is no pressure", g.name, b)
	}
	return nil
}

// ParsePressure reads the two lines of a pressure file of a cgroup or of
// /proc/pressure, described in the kernel's Documentation/accounting/psi.rst,
// into p, and sets p.Known if it found the "some" line. It does not allocate.
func ParsePressure(b []byte, p *memory.Pressure) bool {
	*p = memory.Pressure{}
	for len(b) > 0 {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		kind, rest, _ := bytes.Cut(line, space)
		avg, total, ok := stall(rest)
		if !ok {
			continue
		}
		switch string(kind) {
		case "some":
			p.SomeAvg10, p.SomeTotal, p.Known = avg, total, true
		case "full":
			p.FullAvg10, p.FullTotal = avg, total
		}
	}
	if !p.Known {
		*p = memory.Pressure{}
	}
	return p.Known
}

// stall takes avg10 (percent) and total (microseconds) from one line.
func stall(b []byte) (avg10 float64, total time.Duration, ok bool) {
	var haveAvg, haveTotal bool
	for len(b) > 0 {
		var word []byte
		word, b, _ = bytes.Cut(b, space)
		key, value, _ := bytes.Cut(word, equals)
		switch string(key) {
		case "avg10":
			avg10, haveAvg = parsePercent(value)
		case "total":
			us, good := parseInt(value)
			total, haveTotal = time.Duration(us)*time.Microsecond, good && us <= int64(memory.Unlimited/1000)
		}
	}
	return avg10, total, haveAvg && haveTotal
}

// parsePercent reads a number with up to two decimals from 0 to 100.
func parsePercent(b []byte) (float64, bool) {
	whole, part, dotted := bytes.Cut(b, dot)
	n, ok := parseInt(whole)
	if !ok || n > 100 {
		return 0, false
	}
	if !dotted {
		return float64(n), true
	}
	frac, ok := parseInt(part)
	if !ok || len(part) > 2 {
		return 0, false
	}
	if len(part) == 1 {
		frac *= 10
	}
	return float64(n) + float64(frac)/100, n < 100 || frac == 0
}

var (
	space  = []byte(" ")
	equals = []byte("=")
	dot    = []byte(".")
)
