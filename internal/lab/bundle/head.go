package bundle

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// head is run.json: a record without its rows.
type head struct {
	Number   int       `json:"number"`
	Role     string    `json:"role"`
	Variant  string    `json:"variant"`
	Round    int       `json:"round"`
	Order    int       `json:"order"`
	Began    time.Time `json:"began"`
	Spans    []span    `json:"spans"`
	Finished bool      `json:"finished"`
	Why      string    `json:"why,omitempty"`
}

type span struct {
	Name string    `json:"name"`
	From float64   `json:"from"`
	To   float64   `json:"to"`
	Cuts []float64 `json:"cuts,omitempty"`
}

func encodeHead(r lab.Record) ([]byte, error) {
	h := head{
		Number: r.Number, Role: r.Role, Variant: r.Variant, Round: r.Round, Order: r.Order,
		Began: r.Began.Round(0).UTC(), Spans: []span{}, Finished: r.Finished, Why: r.Why,
	}
	for _, s := range r.Spans {
		h.Spans = append(h.Spans, span(s))
	}
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("write %s: %w", headName, err)
	}
	text, err := encode(h)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", headName, err)
	}
	return text, nil
}

// decodeHead reads run.json, which name names.
func decodeHead(name string, text []byte) (r lab.Record, err error) {
	var h head
	if err = decode(text, &h); err == nil {
		err = h.check()
	}
	if err != nil {
		return r, fmt.Errorf("read %s: %w", name, err)
	}
	r = lab.Record{
		Number: h.Number, Role: h.Role, Variant: h.Variant, Round: h.Round, Order: h.Order,
		Began: h.Began, Finished: h.Finished, Why: h.Why,
	}
	for _, s := range h.Spans {
		r.Spans = append(r.Spans, lab.Span(s))
	}
	return r, nil
}

// check says what a run can't have been.
func (h *head) check() error {
	if h.Number < 1 || h.Round < 0 || h.Order < 0 {
		return fmt.Errorf("there is no run %d, round %d, order %d", h.Number, h.Round, h.Order)
	}
	before := math.Inf(-1)
	for _, s := range h.Spans {
		edges := slices.Concat([]float64{before, s.From}, s.Cuts, []float64{s.To})
		if s.Name == "" || !slices.IsSorted(edges) || slices.ContainsFunc(edges[1:], func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }) {
			return fmt.Errorf("the phase %.40q from %v to %v with cuts %v has no place behind %v", s.Name, s.From, s.To, s.Cuts, before)
		}
		before = s.To
	}
	return nil
}
