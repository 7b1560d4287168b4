package trend

import "time"

// Report is what is known of a worker.
type Report struct {
	State       State     `json:"state"`
	Class       Class     `json:"class"`
	Cause       string    `json:"cause,omitempty"` // threads, file descriptors or goroutines, where their count grows along
	Since       Moment    `json:"since"`           // when the growth that is told began, on the samples' clock
	PerSecond   *Interval `json:"per_second"`      // bytes
	PerRequest  *Interval `json:"per_request"`     // bytes
	TimeToLimit *Interval `json:"time_to_limit"`   // seconds
	Driver      Driver    `json:"driver"`
	Segments    []Segment `json:"segments"`
	Why         string    `json:"why"`
}

// State is the state by itself; it costs nothing.
func (d *Detector) State() State {
	if d.verdict.state == "" {
		return Warming
	}
	return d.verdict.state
}

// Report says what is known now. It allocates, and is for asking now and then.
func (d *Detector) Report() Report {
	v := &d.verdict
	r := Report{State: d.State(), Class: v.class, Cause: v.cause, Driver: v.driver, Why: v.why}
	if v.has {
		w := v.best
		rate := w.rate
		if w.axis == alongRequests {
			share := w.perSecond / w.rate.Mid
			rate = Interval{Lo: rate.Lo * share, Mid: rate.Mid * share, Hi: rate.Hi * share}
			r.PerRequest = &w.rate
		}
		r.PerSecond = &rate
		if v.perRequest != nil {
			r.PerRequest = v.perRequest
		}
		r.TimeToLimit = d.toLimit(w)
		r.Since = Moment(d.segment.begins + time.Duration(w.from*float64(time.Second)))
	}
	if r.Class == "" {
		r.Class = Unknown
	}
	if r.Driver == "" {
		r.Driver = Undetermined
	}
	if r.State == OK && d.cacheGrows() {
		r.Class, r.Why = PageCache, "only the page cache grows, which the kernel takes back"
	}
	if r.Why == "" {
		r.Why = map[State]string{OK: "does not grow", Warming: "too young to say"}[r.State]
	}
	for i := max(d.nFinished-keptSegments, 0); i < d.nFinished; i++ {
		r.Segments = append(r.Segments, d.finished[i%keptSegments])
	}
	if d.begun {
		r.Segments = append(r.Segments, d.present(""))
	}
	return r
}
