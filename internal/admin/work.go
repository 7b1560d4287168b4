package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stanch-dev/stanch/internal/work/view"
)

// workCollector reads how work is at the time of the scrape.
type workCollector struct{ look func() view.View }

// Describe sends nothing: which series there are depends on the functions.
func (c *workCollector) Describe(chan<- *prometheus.Desc) {}

// Collect sends all series of work.
func (c *workCollector) Collect(out chan<- prometheus.Metric) {
	now, to := c.look(), scrape{out}
	for i := range now.Functions {
		to.function(&now.Functions[i])
	}
	for i := range now.Queues {
		to.queue(&now.Queues[i])
	}
	r := &now.Room
	to.gauge("room_used_bytes", "What the worker holds now.", float64(r.Used))
	to.gauge("room_ceiling_bytes", "What it may hold; 0 if no limit is known.", float64(r.Ceiling))
	to.gauge("room_base_bytes", "What it holds when it has nothing to do.", float64(r.Base))
	to.gauge("room_reserved_bytes", "Reserved for the invocations that it has.", float64(r.Reserved))
	to.gauge("room_inside", "Invocations that were let in.", float64(r.Inside))
	to.gauge("room_waiting", "Invocations that wait for room.", float64(r.Waiting))
	to.gauge("room_shadow", "1 if memory keeps nobody out, and is only told.", flag(r.Shadow))
}

func (s scrape) function(f *view.Function) {
	const ended = "Invocations that ended, by outcome; tries that are repeated count each."
	s.counter("function_invocations_total", ended, float64(f.Succeeded), "function", f.Name, "outcome", "succeeded")
	s.counter("function_invocations_total", ended, float64(f.Failed), "function", f.Name, "outcome", "failed")
	s.counter("function_poisoned_total", "Messages that were given up.", float64(f.Poisoned), "function", f.Name)
	s.gauge("function_in_flight", "Invocations given to a worker, or about to be.", float64(f.InFlight), "function", f.Name)
	s.gauge("function_waiting", "Invocations that wait for room.", float64(f.Waiting), "function", f.Name)
	s.gauge("function_paused", "1 if the function's trigger is not asked for more.", flag(f.State == view.Paused), "function", f.Name)
	s.gauge("function_cost_factor", "Bytes of a worker's memory for each byte of payload.", f.Cost.Factor, "function", f.Name)
	s.gauge("function_cost_fixed_bytes", "Bytes of it whatever the payload.", float64(f.Cost.Fixed), "function", f.Name)
}

// queue sends what is known: a store that can't be asked leaves a gap, and no
// zeros that would look like an empty queue.
func (s scrape) queue(q *view.Queue) {
	name := []string{"store", q.Store, "queue", q.Name}
	s.gauge("queue_up", "1 if the store could be asked.", flag(q.Err == ""), name...)
	if q.Err != "" {
		return
	}
	messages := func(state string, n int64) {
		s.gauge("queue_messages", "Messages by state: ready, leased and poison; all in place of the first two where the store can't tell them apart.", float64(n), append(name[:4:4], "state", state)...)
	}
	if q.Leased >= 0 {
		messages("ready", max(q.Total-q.Leased, 0))
		messages("leased", q.Leased)
	} else {
		messages("all", q.Total)
	}
	messages("poison", q.PoisonTotal)
	s.gauge("queue_oldest_seconds", "How long the oldest message that may be leased has been there.", q.OldestSeconds, name...)
}
