package record

import (
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
)

// Look is how everything is at one moment.
type Look struct {
	At        time.Time
	Used      int64   // the figure that decides
	Limit     int64   // what it is held against; 0: none is known
	Slope     float64 // bytes a second
	Available int64   // bytes until the limit, or that the machine has left; 0: not known
	Container memory.Charge
	Group     memory.Charge
	Pressure  memory.Pressure
	Self      int64 // stanch's own resident set
	Workers   []Worker
	InFlight  int
	Queued    int
	Finished  int64 // requests so far
	Queues    []Queue
	Functions []Function
}

// Queue is how full a queue is that functions are triggered by.
type Queue struct {
	Store  string // Azure, file, nats
	Name   string
	Total  int64         // messages, leased ones included
	Leased int64         // negative: not known
	Oldest time.Duration // how long the oldest message that may be leased has been there
	Poison int64         // messages in its poison queue
}

// Function is how one function is.
type Function struct {
	Name     string
	InFlight int
	Waiting  int // for room
}

// Worker is how one worker is.
type Worker struct {
	ID        string
	Private   int64 // bytes that are its own
	InFlight  int
	Served    int64
	Tree      memory.Tree
	Heap      memory.Heap
	Charge    memory.Charge
	Processor time.Duration // that its processes have used so far; negative: not known
}

// steady is how often a metric that does not change is written all the same.
const steady = 10 * time.Second

// counters are what the last look has brought.
type counters struct {
	at       time.Time
	finished int64
	used     map[string]time.Duration // processor time by worker
	metrics  map[metric]written
}

type metric struct {
	name string
	of   about
}

// about is what a figure is about. The zero value is all workers together.
type about struct{ worker, store, queue, function string }

type written struct {
	value float64
	at    time.Time
}

func (c *counters) init() {
	c.used, c.metrics = map[string]time.Duration{}, map[metric]written{}
}

// count makes rows of a look: the counters that Application Insights collects
// of every process, under its names, and metrics of our own.
func (r *Recorder) count(l *Look) {
	r.write.Lock()
	defer r.write.Unlock()
	c := &r.counters
	span := l.At.Sub(c.at).Seconds()
	first := c.at.IsZero() || span <= 0
	for i := range l.Workers {
		w := &l.Workers[i]
		r.counter(l.At, "Process", "Private Bytes", w.ID, float64(w.Private))
		before, known := c.used[w.ID]
		if !first && known && w.Processor >= before {
			r.counter(l.At, "Process", "% Processor Time", w.ID, 100*(w.Processor-before).Seconds()/span)
		}
		if w.Processor >= 0 {
			c.used[w.ID] = w.Processor
		}
		r.worker(l.At, w)
	}
	if l.Available > 0 {
		r.counter(l.At, "Memory", "Available Bytes", "", float64(l.Available))
	}
	if !first {
		r.counter(l.At, "ASP.NET Applications", "Requests/Sec", "", float64(l.Finished-c.finished)/span)
	}
	r.counter(l.At, "ASP.NET Applications", "Requests In Application Queue", "", float64(l.Queued))
	r.whole(l)
	r.work(l)
	c.at, c.finished = l.At, l.Finished
	c.forget(l)
}

// worker writes the metrics of one worker.
func (r *Recorder) worker(at time.Time, w *Worker) {
	m := func(name string, value float64) { r.metric(at, name, about{worker: w.ID}, value) }
	m("process_memory_mb", float64(w.Tree.RSS)/(1<<20))
	m("worker_requests_in_flight", float64(w.InFlight))
	m("worker_requests_served", float64(w.Served))
	m("worker_processes", float64(w.Tree.Processes))
	m("worker_threads", float64(w.Tree.Threads))
	if w.Tree.PSS > 0 {
		m("process_pss_bytes", float64(w.Tree.PSS))
	}
	if w.Charge.Known {
		m("worker_working_set_bytes", float64(w.Charge.WorkingSet()))
		m("worker_oom_kills", float64(w.Charge.OOMKills))
	}
	if w.Heap.Known {
		m("managed_heap_bytes", float64(w.Heap.Live))
		m("managed_heap_committed_bytes", float64(w.Heap.Committed))
		if w.Heap.GCs > 0 {
			m("gc_collections", float64(w.Heap.GCs))
		}
	}
}

// whole writes the metrics of all workers together.
func (r *Recorder) whole(l *Look) {
	m := func(name string, value float64) { r.metric(l.At, name, about{}, value) }
	m("memory_used_bytes", float64(l.Used))
	m("memory_slope_bytes_per_second", l.Slope)
	if l.Limit > 0 {
		m("memory_limit_bytes", float64(l.Limit))
		m("memory_used_percent", 100*float64(l.Used)/float64(l.Limit))
	}
	m("requests_in_flight", float64(l.InFlight))
	m("queue_depth", float64(l.Queued))
	m("stanch_rss_bytes", float64(l.Self))
	for _, g := range []struct {
		name   string
		charge *memory.Charge
	}{{"container", &l.Container}, {"workers", &l.Group}} {
		if !g.charge.Known {
			continue
		}
		m(g.name+"_cgroup_usage_bytes", float64(g.charge.Usage))
		m(g.name+"_cgroup_working_set_bytes", float64(g.charge.WorkingSet()))
		if g.charge.Limit != memory.Unlimited {
			m(g.name+"_cgroup_limit_bytes", float64(g.charge.Limit))
		}
		m(g.name+"_cgroup_oom_kills", float64(g.charge.OOMKills))
	}
	if l.Pressure.Known {
		m("memory_pressure_some_avg10", l.Pressure.SomeAvg10)
		m("memory_pressure_full_avg10", l.Pressure.FullAvg10)
	}
}

// work writes how the queues and functions are: as counters, and as metrics
// beside those of the workers.
func (r *Recorder) work(l *Look) {
	for i := range l.Queues {
		q := &l.Queues[i]
		of := about{store: q.Store, queue: q.Name}
		both := func(counter, metric string, value float64) {
			r.countOf(l.At, "Queue", counter, of, value)
			r.metric(l.At, metric, of, value)
		}
		both("Messages", "queue_messages", float64(q.Total))
		if q.Leased >= 0 {
			both("Messages Leased", "queue_messages_leased", float64(q.Leased))
		}
		both("Poison Messages", "queue_messages_poison", float64(q.Poison))
		both("Oldest Message Age", "queue_oldest_seconds", q.Oldest.Seconds())
	}
	for i := range l.Functions {
		f := &l.Functions[i]
		of := about{function: f.Name}
		r.countOf(l.At, "Function", "Invocations In Flight", of, float64(f.InFlight))
		r.countOf(l.At, "Function", "Invocations Waiting", of, float64(f.Waiting))
		r.metric(l.At, "function_in_flight", of, float64(f.InFlight))
		r.metric(l.At, "function_waiting", of, float64(f.Waiting))
	}
}

// forget drops what is kept of workers, queues and functions that have gone.
func (c *counters) forget(l *Look) {
	lives := map[about]bool{{}: true}
	for i := range l.Workers {
		lives[about{worker: l.Workers[i].ID}] = true
	}
	for i := range l.Queues {
		lives[about{store: l.Queues[i].Store, queue: l.Queues[i].Name}] = true
	}
	for i := range l.Functions {
		lives[about{function: l.Functions[i].Name}] = true
	}
	for id := range c.used {
		if !lives[about{worker: id}] {
			delete(c.used, id)
		}
	}
	for m := range c.metrics {
		if !lives[m.of] {
			delete(c.metrics, m)
		}
	}
}

func (r *Recorder) counter(t time.Time, category, counter, worker string, value float64) {
	r.countOf(t, category, counter, about{worker: worker}, value)
}

func (r *Recorder) countOf(t time.Time, category, counter string, of about, value float64) {
	w, at := &r.row, ticks(t)
	w.begin("timestamp", at)
	w.long("itemCount", 1)
	w.text("name", counter)
	w.text("category", category)
	w.text("counter", counter)
	w.text("instance", of.worker+of.queue+of.function) // one of them
	w.real("value", value)
	r.cloud(of.worker)
	w.text("itemType", "performanceCounter")
	if of.store != "" {
		bag := w.open("customDimensions")
		w.text("store", of.store)
		w.close(bag)
	}
	r.put("performanceCounters", at)
}

// metric writes a value that has changed, or was not written for a while.
func (r *Recorder) metric(t time.Time, name string, of about, value float64) {
	key := metric{name, of}
	if last, ok := r.counters.metrics[key]; ok && last.value == value && t.Sub(last.at) < steady-time.Second/2 {
		return
	}
	r.counters.metrics[key] = written{value, t}
	w, at := &r.row, ticks(t)
	w.begin("timestamp", at)
	w.long("itemCount", 1)
	w.text("name", name)
	w.real("value", value)
	w.long("valueCount", 1)
	w.real("valueSum", value)
	w.real("valueMin", value)
	w.real("valueMax", value)
	r.cloud(of.worker)
	w.text("itemType", "customMetric")
	bag := w.open("customDimensions")
	w.text("worker", of.worker)
	w.text("store", of.store)
	w.text("queue", of.queue)
	w.text("function", of.function)
	w.close(bag)
	r.put("customMetrics", at)
}
