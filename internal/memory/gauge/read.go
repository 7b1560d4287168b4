package gauge

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

// Read looks at everything that is quick to look at and fills r, whose At is
// now. r's slice is used again, so that a reading that is kept has to be a
// Clone. With r used again it allocates nothing while all can be read.
//
// It never fails: what can't be read has no figure in r, and is a problem.
func (g *Gauge) Read(now time.Time, r *memory.Reading) {
	g.mu.Lock()
	defer g.mu.Unlock()
	workers := r.Workers[:0]
	for _, w := range g.workers {
		workers = append(workers, memory.Worker{})
		g.readWorker(w, &workers[len(workers)-1])
	}
	*r = memory.Reading{At: now, Workers: workers}
	g.readGroup(topic{what: aboutContainer}, g.cfg.Container, &r.Container)
	g.readGroup(topic{what: aboutGroup}, g.group, &r.Group)
	g.readPressure(&r.Pressure)
	g.readSelf(&r.Self)
	r.Used, r.Limit, r.Decided = decide(r, g.override)
}

func (g *Gauge) readGroup(t topic, from *cgroup.Group, c *memory.Charge) {
	if from == nil {
		*c = memory.Charge{}
		return
	}
	g.problems.set(t, from.Read(c))
}

func (g *Gauge) readWorker(w *worker, to *memory.Worker) {
	to.ID, to.PID, to.Heap = w.id, w.root, w.heap
	g.readGroup(topic{aboutCharge, w.id}, w.group, &to.Charge)
	t := &to.Tree
	for _, p := range w.processes {
		resident, anon, ok := g.resident(p)
		if !ok {
			w.slow.stale = w.slow.stale || p.gone
			continue
		}
		t.Processes++
		t.RSS += resident
		t.Anon += anon
	}
	t.PSS, t.Private, t.FDs, t.SlowAt = w.slow.pss, w.slow.private, w.slow.fds, w.slow.at
	t.Beside = w.slow.beside
	if !w.slow.stale {
		t.Shared = w.slow.shared
	}
	if t.Processes > 0 {
		t.Threads = w.threads
	}
}

// resident is a process's resident and anonymous memory in bytes.
func (g *Gauge) resident(p *process) (resident, anon int64, ok bool) {
	if p.gone {
		return 0, 0, false
	}
	b, err := p.statm.read(g.buf[:])
	if err != nil {
		// Gone, or as good as: a walk sorts out which.
		p.gone = true
		p.statm.close()
		return 0, 0, false
	}
	size, res, shared, ok := parseStatm(b)
	if !ok || size == 0 {
		p.gone = true
		p.statm.close()
		return 0, 0, false
	}
	return res * g.page, max(res-shared, 0) * g.page, true
}

// errNoPressure is a kernel that has no PSI, or was told not to use it.
var errNoPressure = errors.New("the kernel keeps no pressure-stall information\nhint: it has to be built with CONFIG_PSI and started with psi=1")

func (g *Gauge) readPressure(p *memory.Pressure) {
	if g.pressureless {
		return
	}
	err := g.pressureOf(p)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOENT) {
		// That does not change before the next boot.
		g.pressureless, err = true, errNoPressure
	}
	g.problems.set(topic{what: aboutPressure}, err)
}

func (g *Gauge) pressureOf(p *memory.Pressure) error {
	if g.pressure == nil {
		return g.cfg.Container.Pressure(p)
	}
	b, err := g.pressure.read(g.buf[:])
	if err == nil && !cgroup.ParsePressure(b, p) {
		err = fmt.Errorf("read %s: %.60q is no pressure", g.pressure.path, b)
	}
	return err
}

func (g *Gauge) readSelf(to *int64) {
	b, err := g.self.read(g.buf[:])
	if err == nil {
		_, resident, _, ok := parseStatm(b)
		if ok {
			*to = resident * g.page
		} else {
			err = fmt.Errorf("read %s: %.60q is no statm line", g.self.path, b)
		}
	}
	g.problems.set(topic{what: aboutSelf}, err)
}
