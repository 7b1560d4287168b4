package gauge

import "slices"

// problems are the things that can't be read at present. A problem that goes
// away is forgotten. Each topic is logged once, since the text of an error may
// hold what changes every time, such as a port.
type problems struct {
	present []problem
	logged  map[topic]bool
	unsaid  []string // to be logged, by whoever does not hold up a Read with it
}

// A topic is what can't be read, and whose it is.
type topic struct {
	what   string
	worker string // empty if it is no worker's
}

type problem struct {
	topic
	text string
}

// The topics.
const (
	aboutContainer = "container"
	aboutGroup     = "group"
	aboutPressure  = "pressure"
	aboutSelf      = "self"
	aboutCharge    = "charge"
	aboutTree      = "tree"
	aboutSlow      = "slow"
	aboutHeap      = "heap"
)

// set notes a problem, or with a nil error that there is none.
func (p *problems) set(t topic, err error) {
	if err == nil {
		if len(p.present) > 0 {
			p.present = slices.DeleteFunc(p.present, func(q problem) bool { return q.topic == t })
		}
		return
	}
	text := err.Error()
	if t.worker != "" {
		text = "worker " + t.worker + ": " + text
	}
	i := slices.IndexFunc(p.present, func(q problem) bool { return q.topic == t })
	if i < 0 {
		p.present = append(p.present, problem{topic: t})
		i = len(p.present) - 1
	}
	p.present[i].text = text
	if p.logged[t] {
		return
	}
	if p.logged == nil {
		p.logged = map[topic]bool{}
	}
	p.logged[t] = true
	p.unsaid = append(p.unsaid, text)
}

// forget drops all that concerns a worker.
func (p *problems) forget(worker string) {
	p.present = slices.DeleteFunc(p.present, func(q problem) bool { return q.worker == worker })
	for t := range p.logged {
		if t.worker == worker {
			delete(p.logged, t)
		}
	}
}

func (p *problems) lines() []string {
	lines := make([]string, len(p.present))
	for i, q := range p.present {
		lines[i] = q.text
	}
	return lines
}

// say logs the problems that are new. The caller does not hold mu: a log that
// blocks may hold up the background, and no reading.
func (g *Gauge) say() {
	g.mu.Lock()
	unsaid := g.problems.unsaid
	g.problems.unsaid = nil
	g.mu.Unlock()
	for _, text := range unsaid {
		g.cfg.Log.Warn(text)
	}
}
