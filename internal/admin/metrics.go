package admin

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/supervisor/proxy"
)

// collector reads everything at the time of the scrape: nothing is counted
// twice, and nothing is spent when nobody scrapes.
type collector struct{ admin *Admin }

// Describe sends nothing: which series there are depends on the machine.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect sends all series.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s, p := c.admin.cfg.Guard.Status(), c.admin.cfg.Stats()
	to := scrape{out}
	gauge, counter := to.gauge, to.counter
	gauge("build_info", "Version of stanch.", 1, "version", c.admin.cfg.Version)
	gauge("ready", "1 if a new request would be served.", flag(c.admin.Ready() == nil))
	gauge("healthy", "1 if the workers are as their operator wants them.", flag(c.admin.Healthy() == nil))

	gauge("memory_used_bytes", "The figure that decides.", float64(s.Used), "decided_by", string(s.Decided))
	gauge("memory_limit_bytes", "What it is held against; 0 if no limit is known.", float64(s.Limit))
	gauge("memory_band", "0 healthy, 1 degraded, 2 critical, 3 emergency.", float64(s.Band))
	for b, level := range map[band.Band]int64{band.Degraded: s.Levels.Degraded, band.Critical: s.Levels.Critical, band.Emergency: s.Levels.Emergency} {
		gauge("memory_band_bytes", "Where each band begins.", float64(level), "band", b.String())
	}
	gauge("memory_slope_bytes_per_second", "Growth over the last tenth of a second.", s.Slope)
	gauge("memory_trend_bytes_per_second", "Growth over the last two minutes; 0 while unknown.", s.Trend)
	if s.ETA != nil {
		gauge("memory_seconds_to_limit", "At the present growth; absent if memory does not grow.", *s.ETA)
	}
	if s.Container.Known {
		gauge("container_usage_bytes", "All that the container's cgroup is charged.", float64(s.Container.Usage))
		gauge("container_working_set_bytes", "Of that, what the kernel can't drop at will.", float64(s.Container.WorkingSet()))
		gauge("container_peak_bytes", "The highest usage that the kernel has seen.", float64(s.Container.Peak))
		counter("container_oom_kills_total", "Kills by the kernel in the container's cgroup.", float64(s.Container.OOMKills))
	}
	if s.Group.Known {
		counter("workers_oom_kills_total", "Kills by the kernel in the workers' own cgroup.", float64(s.Group.OOMKills))
	}
	if s.Pressure.Known {
		counter("memory_pressure_some_seconds_total", "Time in which some task waited for memory.", s.Pressure.SomeTotal.Seconds())
		counter("memory_pressure_full_seconds_total", "Time in which all tasks did.", s.Pressure.FullTotal.Seconds())
	}
	gauge("self_rss_bytes", "Resident set of stanch itself.", float64(s.Self))

	for _, w := range s.Workers {
		id := []string{"worker", w.ID}
		gauge("worker_used_bytes", "What one worker holds.", float64(w.Used), id...)
		gauge("worker_rss_bytes", "Resident set of its process tree.", float64(w.Tree.RSS), id...)
		gauge("worker_pss_bytes", "Proportional set size, read seldom.", float64(w.Tree.PSS), id...)
		gauge("worker_private_bytes", "Private bytes, read seldom.", float64(w.Tree.Private), id...)
		gauge("worker_processes", "Processes of its tree.", float64(w.Tree.Processes), id...)
		gauge("worker_threads", "Threads of its tree.", float64(w.Tree.Threads), id...)
		gauge("worker_in_flight", "Requests that it serves now.", float64(w.InFlight), id...)
		counter("worker_requests_total", "Requests that it was given.", float64(w.Served), id...)
		if w.Heap.Known {
			gauge("worker_heap_live_bytes", "Its managed heap, in use.", float64(w.Heap.Live), id...)
			gauge("worker_heap_committed_bytes", "Its managed heap, held from the system.", float64(w.Heap.Committed), id...)
		}
		if w.Tree.FDs > 0 {
			gauge("worker_file_descriptors", "Open file descriptors of its tree, counted seldom.", float64(w.Tree.FDs), id...)
		}
		to.trend(w.Trend)
	}

	gauge("gate", "0 open, 1 hold, 2 shut.", float64(s.Gate.State))
	gauge("requests_in_flight", "Requests given to workers.", float64(s.Gate.InFlight))
	gauge("requests_queued", "Requests that wait for a worker.", float64(s.Gate.Queued))
	counter("requests_refused_total", "Requests refused at the gate.", float64(s.Gate.Refused))
	counter("requests_expired_total", "Of those, the ones that waited in vain.", float64(s.Gate.Expired))
	for class, n := range p.Status {
		counter("requests_total", "Finished requests.", float64(n), "class", className(class))
	}
	counter("requests_retried_total", "Requests that went to another worker.", float64(p.Retries))
	counter("requests_aborted_total", "Requests whose client went away.", float64(p.Aborted))
	counter("received_bytes_total", "Bodies from clients.", float64(p.In))
	counter("sent_bytes_total", "Bodies to clients.", float64(p.Out))
	gauge("connections", "Open connections of clients.", float64(p.Connections))
	latency(out, p)
	for kind, n := range c.admin.cfg.Counts() {
		counter("events_total", "What happened, by kind.", float64(n), "kind", kind)
	}
}

// scrape sends series, each with the prefix stanch_. The pairs are labels and
// their values.
type scrape struct{ out chan<- prometheus.Metric }

func (s scrape) gauge(name, help string, value float64, pairs ...string) {
	s.send(prometheus.GaugeValue, name, help, value, pairs)
}

func (s scrape) counter(name, help string, value float64, pairs ...string) {
	s.send(prometheus.CounterValue, name, help, value, pairs)
}

func (s scrape) send(kind prometheus.ValueType, name, help string, value float64, pairs []string) {
	var names, values []string
	for i := 0; i < len(pairs); i += 2 {
		names, values = append(names, pairs[i]), append(values, pairs[i+1])
	}
	desc := prometheus.NewDesc("stanch_"+name, help, names, nil)
	m, err := prometheus.NewConstMetric(desc, kind, value, values...)
	if err != nil {
		m = prometheus.NewInvalidMetric(desc, err)
	}
	s.out <- m
}

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func latency(out chan<- prometheus.Metric, p proxy.Stats) {
	desc := prometheus.NewDesc("stanch_request_duration_seconds", "From the request's head to the last byte of its answer.", nil, nil)
	cumulative, below := map[float64]uint64{}, uint64(0)
	for i, bound := range proxy.Buckets() {
		below += uint64(p.Latency[i])
		cumulative[bound.Seconds()] = below
	}
	total := below + uint64(p.Latency[len(p.Latency)-1])
	m, err := prometheus.NewConstHistogram(desc, total, p.LatencySum.Seconds(), cumulative)
	if err != nil {
		m = prometheus.NewInvalidMetric(desc, err)
	}
	out <- m
}
