// Package synth makes labelled memory traces of workers that leak and of workers that only look like it.
//
// A trace is a [Kind] and a seed, and the same two give the same trace to the
// byte. What a kind is made of is in kinds.go, the model that all share in
// model.go. Seeds are split: constants of the detector are chosen on [Train],
// figures are told of [Test], and nothing is chosen there.
package synth

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// The first seeds of the two splits. They never meet: a split has fewer than a
// million. Whoever changes a constant of the detector after having seen figures of
// Test moves Test on by a million; that was done four times.
const (
	Train uint64 = 1
	Test  uint64 = 5_000_001
)

// Rate is a true rate of growth in bytes.
type Rate struct {
	PerSecond  float64 `json:"per_s"`
	PerRequest float64 `json:"per_req"`
}

// Event is something that befell the worker.
type Event struct {
	At   float64 `json:"t"` // seconds
	Kind string  `json:"kind"`
}

// Label is the truth about a trace.
type Label struct {
	ID        string             `json:"id"`
	Source    string             `json:"source"` // synthetic or recorded
	Seed      uint64             `json:"seed"`
	App       string             `json:"app"`
	Lang      string             `json:"lang"`
	Mechanism string             `json:"mechanism"`
	Driver    string             `json:"driver"` // time, requests or empty
	Rate      Rate               `json:"rate_true"`
	Onset     float64            `json:"onset"` // seconds; when the leak begins
	End       float64            `json:"end"`   // seconds; when the trace ends
	Limit     int64              `json:"limit"`
	Events    []Event            `json:"events"`
	Class     string             `json:"class"` // managed, native and so on; unknown where the trace can't tell
	Cause     string             `json:"cause,omitempty"`
	Endpoints map[string]float64 `json:"endpoints"`
	Load      string             `json:"load,omitempty"` // how requests come, where a driver sent them
	Clean     bool               `json:"clean"`
	License   string             `json:"license"`
	SHA256    string             `json:"sha256"`
}

// Trace is a label and the samples that go with it.
type Trace struct {
	Label
	model model
	seed  uint64
}

// Make is the trace of a kind and a seed.
func Make(kind Kind, seed uint64) *Trace {
	h := fnv.New64a()
	_, _ = h.Write([]byte(kind.Name))
	t := &Trace{seed: h.Sum64()}
	r := rand.New(rand.NewPCG(seed, t.seed))
	t.seed ^= seed * 0x9e3779b97f4a7c15
	m := ordinary(r)
	kind.make(r, &m)
	if kind.Clean {
		m.fit()
	}
	t.model = m
	t.Label = Label{
		ID: fmt.Sprintf("%s-%d", kind.Name, seed), Source: "synthetic", Seed: seed, App: kind.Name, Lang: "none",
		Mechanism: kind.Name, Clean: kind.Clean, Limit: int64(m.limit), End: m.hours * 3600, Onset: m.leak.onset,
		Class: m.class(), Cause: m.cause, License: "CC0-1.0", Rate: m.trueRate(),
	}
	if !kind.Clean {
		t.Driver = "time"
		if m.leak.perRequest > 0 {
			t.Driver = "requests"
		}
	}
	return t
}

// Each calls yield with the samples in order until it says false or the trace
// ends. A trace ends early where it reaches its limit: the kernel has killed it.
func (t *Trace) Each(yield func(trend.Sample) bool) {
	t.model.run(rand.New(rand.NewPCG(t.seed, 2)), yield)
}
