package guard

import (
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
)

// Status is all that the guard knows, at its last look.
type Status struct {
	At      time.Time       `json:"at"`
	Band    band.Band       `json:"band"`
	Used    int64           `json:"used"`
	Limit   int64           `json:"limit"` // 0: none is known
	Decided memory.Source   `json:"decided_by"`
	Slope   float64         `json:"slope"` // bytes a second, over the last tenth
	Trend   float64         `json:"trend"` // bytes a second, over the last two minutes; 0 while unknown
	ETA     *float64        `json:"seconds_to_limit"`
	Levels  Levels          `json:"levels"`
	Next    time.Duration   `json:"next_look"`
	Gate    dispatch.Counts `json:"requests"`
	Workers []WorkerStatus  `json:"workers"`

	Container memory.Charge   `json:"container"`
	Group     memory.Charge   `json:"workers_cgroup"`
	Pressure  memory.Pressure `json:"pressure"`
	Self      int64           `json:"stanch_rss"`

	Replacing string   `json:"replacing,omitempty"`
	Resting   string   `json:"resting_until,omitempty"` // replacements did not help
	Dead      string   `json:"dead,omitempty"`          // the worker does not stay
	Unhealthy string   `json:"unhealthy,omitempty"`
	Swap      string   `json:"learnt_start,omitempty"`
	StartPeak int64    `json:"learnt_start_peak,omitempty"`
	Problems  []string `json:"problems,omitempty"`
}

// Levels are where the bands begin, in bytes.
type Levels struct {
	Degraded  int64 `json:"degraded"`
	Critical  int64 `json:"critical"`
	Emergency int64 `json:"emergency"`
	Brink     int64 `json:"brink"`
}

func levelsOf(l band.Levels) Levels {
	return Levels{l.Enter[band.Degraded], l.Enter[band.Critical], l.Enter[band.Emergency], l.Brink()}
}

// WorkerStatus is one worker.
type WorkerStatus struct {
	ID       string        `json:"id"`
	PID      int           `json:"pid"`
	State    State         `json:"state"`
	Address  string        `json:"address"`
	Started  time.Time     `json:"started"`
	Ready    time.Time     `json:"ready,omitzero"`
	InFlight int           `json:"in_flight"`
	Served   int64         `json:"served"`
	Streams  int           `json:"streams"`
	Used     int64         `json:"used"`
	Tree     memory.Tree   `json:"tree"`
	Heap     memory.Heap   `json:"heap"`
	Charge   memory.Charge `json:"cgroup"`
	Trend    *Trend        `json:"trend,omitempty"` // whether it leaks; nil before it serves
}

// Status returns the state at the last look, with the counts of now.
func (g *Guard) Status() Status {
	g.mu.Lock()
	s := g.status
	s.Workers = append([]WorkerStatus(nil), s.Workers...)
	s.Dead = g.dead
	g.mu.Unlock()
	s.Gate = g.parts.Dispatch.Counts()
	s.Problems = g.parts.Gauge.Problems()
	return s
}

// trendOf is what is found of a worker, or nil.
func (g *Guard) trendOf(id string) *Trend {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.status.Workers {
		if g.status.Workers[i].ID == id {
			return g.status.Workers[i].Trend
		}
	}
	return nil
}

// cast is who is on stage: it changes when a worker comes, starts to serve, or
// goes.
type cast struct {
	alive   int // not frozen
	serving int
	gone    int // so far
}

// account notes what starting workers use, and who there is.
func (g *Guard) account(r *memory.Reading) (starting struct {
	cast
	used int64
},
) {
	g.mu.Lock()
	defer g.mu.Unlock()
	starting.gone = g.gone
	for i := range r.Workers {
		w := &r.Workers[i]
		t := g.tenures[w.ID]
		if t == nil {
			continue
		}
		if t.frozen {
			continue
		}
		starting.alive++
		switch t.state {
		case Starting:
			t.peak = max(t.peak, w.Used())
			starting.used += w.Used()
		case Serving, Draining:
			starting.serving++
		}
	}
	return starting
}

// publish makes the look visible to Status.
func (g *Guard) publish(r *memory.Reading, s band.Situation, w *watch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	workers := g.status.Workers[:0] // Status copies it under the same lock
	for i := range r.Workers {
		m := &r.Workers[i]
		t := g.tenures[m.ID]
		if t == nil {
			continue
		}
		ws := WorkerStatus{
			ID: m.ID, PID: t.worker.PID(), State: t.state, Address: t.worker.Address,
			Started: t.worker.Started, Ready: t.worker.ReadyAt(),
			Streams: t.worker.Upstream.Streams(),
			Used:    m.Used(), Tree: m.Tree, Heap: m.Heap, Charge: m.Charge,
			Trend: w.trendOf(m.ID),
		}
		if t.state == Serving && r.At.Sub(ws.Ready) > stays {
			g.dead = ""
		}
		if t.desk != nil {
			ws.InFlight, ws.Served = t.desk.InFlight(), t.desk.Served()
		}
		workers = append(workers, ws)
	}
	g.status = Status{
		At: r.At, Band: s.Band, Used: r.Used, Decided: r.Decided, Slope: s.Steady, Trend: s.Trend,
		Next: s.Next, Workers: workers,
		Container: r.Container, Group: r.Group, Pressure: r.Pressure, Self: r.Self,
		StartPeak: g.learnt.peak,
	}
	st := &g.status
	if r.Limit != memory.Unlimited {
		st.Limit = r.Limit
		st.Levels = levelsOf(s.Levels)
		if growth := max(s.Trend, s.Steady); growth > 0 {
			eta := max(float64(r.Limit-r.Used)/growth, 0)
			st.ETA = &eta
		}
	}
	if g.learnt.swap > 0 {
		st.Swap = g.learnt.swap.Round(time.Millisecond).String()
	}
	if s.Unhealthy {
		st.Unhealthy = "a worker uses more than the unhealthy threshold"
	}
	if w.busy != nil {
		st.Replacing = w.busy.victim
	}
	if until, resting := w.ladder.Resting(s.At); resting {
		st.Resting = until.Format(time.RFC3339)
	}
}
