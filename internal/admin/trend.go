package admin

import (
	"net/http"

	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/supervisor/guard"
)

// Trends is what GET /trend answers: the workers that serve, in the order in which
// they were started.
type Trends struct {
	Workers []Trend `json:"workers"`
}

// Trend is what is found of one worker, and the memory of its post since stanch
// began, in stretches.
type Trend struct {
	*guard.Trend
	Course []guard.Point `json:"course"`
}

func (a *Admin) trend(w http.ResponseWriter, _ *http.Request) {
	t := Trends{Workers: []Trend{}}
	for _, of := range a.cfg.Guard.Status().Workers {
		if of.Trend != nil {
			t.Workers = append(t.Workers, Trend{of.Trend, of.Trend.Course})
		}
	}
	answer(w, http.StatusOK, t)
}

// trend sends what is found of a worker: a series for each state, of which one is
// 1, and the estimates with their bounds. What is not known has no series.
func (s scrape) trend(t *guard.Trend) {
	if t == nil {
		return
	}
	for _, state := range []trend.State{trend.OK, trend.Warming, trend.Filling, trend.Suspect, trend.Confirmed, trend.Critical} {
		s.gauge("worker_leak", "1 for what is found of a worker's memory: ok, warming, filling, suspect, confirmed or critical.", flag(t.State == state), "worker", t.Worker, "state", string(state))
	}
	s.interval("worker_leak_bytes_per_second", "Growth that is told, with the bounds of its 95 % interval.", t.Worker, t.PerSecond)
	s.interval("worker_leak_bytes_per_request", "The same for each request.", t.Worker, t.PerRequest)
	s.interval("worker_leak_seconds_to_limit", "Until the worker's part of the limit is reached at that rate; +Inf for never.", t.Worker, t.TimeToLimit)
}

func (s scrape) interval(name, help, worker string, i *trend.Interval) {
	if i == nil {
		return
	}
	s.gauge(name, help, i.Lo, "worker", worker, "bound", "lo")
	s.gauge(name, help, i.Mid, "worker", worker, "bound", "mid")
	s.gauge(name, help, i.Hi, "worker", worker, "bound", "hi")
}
