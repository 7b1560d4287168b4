package admin

import (
	"fmt"
	"net/http"

	"github.com/stanch-dev/stanch/internal/supervisor/guard"
	"github.com/stanch-dev/stanch/internal/work/view"
)

// Status is what GET /status answers.
type Status struct {
	Version string `json:"version"`
	Live    string `json:"live"`
	Ready   string `json:"ready"`
	Healthy string `json:"healthy"`
	guard.Status
	Events  map[string]int64 `json:"events"`
	Traffic Traffic          `json:"traffic"`
	Flights []Flight         `json:"in_flight_requests"`
	Work    *view.View       `json:"work,omitempty"` // nil where no functions are run
}

// Traffic is what the proxy has counted.
type Traffic struct {
	Requests    int64            `json:"requests"`
	ByClass     map[string]int64 `json:"by_class"`
	Retries     int64            `json:"retries"`
	Aborted     int64            `json:"aborted_by_client"`
	Refused     map[string]int64 `json:"refused_or_failed"`
	BytesIn     int64            `json:"bytes_in"`
	BytesOut    int64            `json:"bytes_out"`
	Connections int64            `json:"connections"`
}

// Flight is one request in flight.
type Flight struct {
	Method  string  `json:"method"`
	Path    string  `json:"path"`
	Seconds float64 `json:"seconds"`
	In      int64   `json:"bytes_in"`
	Out     int64   `json:"bytes_out"`
	Worker  string  `json:"worker"`
}

// flightsShown bounds the list: the oldest are what one looks for.
const flightsShown = 100

func (a *Admin) status(w http.ResponseWriter, _ *http.Request) {
	say := func(err error) string {
		if err != nil {
			return err.Error()
		}
		return "ok"
	}
	p := a.cfg.Stats()
	t := Traffic{
		ByClass: map[string]int64{}, Retries: p.Retries, Aborted: p.Aborted, Refused: p.Refused,
		BytesIn: p.In, BytesOut: p.Out, Connections: p.Connections,
	}
	for class, n := range p.Status {
		t.Requests += n
		t.ByClass[className(class)] = n
	}
	s := Status{
		Version: a.cfg.Version, Live: say(a.Live()), Ready: say(a.Ready()), Healthy: say(a.Healthy()),
		Status: a.cfg.Guard.Status(), Events: a.cfg.Counts(), Traffic: t, Flights: []Flight{},
	}
	for _, r := range a.cfg.Flights() {
		if len(s.Flights) == flightsShown {
			break
		}
		s.Flights = append(s.Flights, Flight{r.Method, r.Path, r.Age.Seconds(), r.In, r.Out, r.Worker})
	}
	if a.cfg.Work != nil {
		now := a.cfg.Work()
		s.Work = &now
	}
	answer(w, http.StatusOK, s)
}

func className(class int) string {
	if class == 0 {
		return "none"
	}
	return fmt.Sprintf("%dxx", class)
}
