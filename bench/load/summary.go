package load

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Summary is what a run, or the part of it so far, comes to.
type Summary struct {
	Seconds float64          `json:"seconds"`
	Sent    int64            `json:"sent"`
	OK      int64            `json:"ok"`
	Lost    int64            `json:"lost"`
	Rate    float64          `json:"ok_per_second"`
	Reasons map[string]int64 `json:"reasons,omitempty"` // of the losses
	Kinds   map[string]Count `json:"kinds"`

	OutageMS int64   `json:"longest_outage_ms"`
	OutageAt float64 `json:"longest_outage_at_s"`

	P50MS float64 `json:"p50_ms"` // of the answers that were ok, from when they were due
	P99MS float64 `json:"p99_ms"`
	MaxMS float64 `json:"max_ms"`

	Late       int64   `json:"late"` // sent over 10 ms after they were due: the client's own fault
	LatestMS   float64 `json:"latest_ms"`
	Reconnects int64   `json:"reconnects"`        // kept connections that the server had closed between requests
	Crossed    int64   `json:"crossed,omitempty"` // WebSocket messages that met a close frame on the way and were sent again

	First []Lost `json:"first_losses,omitempty"`
}

// Count is one kind's share.
type Count struct {
	OK   int64 `json:"ok"`
	Lost int64 `json:"lost"`
}

// Lost is one lost request.
type Lost struct {
	At     float64 `json:"at_s"` // sent, since the start
	Took   float64 `json:"took_ms"`
	Kind   string  `json:"kind"`
	Reason string  `json:"reason"`
}

// tally collects while a run goes on. Safe for concurrent use.
type tally struct {
	ok, lost   [kinds]atomic.Int64
	latencies  Latencies
	outages    Outages
	late       atomic.Int64
	latest     atomic.Int64
	reconnects atomic.Int64
	crossed    atomic.Int64

	mu      sync.Mutex
	reasons map[string]int64
	first   []Lost
}

// maxFirst is how many losses a summary tells one by one.
const maxFirst = 20

// add counts one request: when it was due, sent and finished since the start.
func (t *tally) add(kind Kind, due, sent, finished time.Duration, err error) {
	if lag := sent - due; lag > 10*time.Millisecond {
		t.late.Add(1)
		for old := t.latest.Load(); int64(lag) > old && !t.latest.CompareAndSwap(old, int64(lag)); {
			old = t.latest.Load()
		}
	}
	if err == nil {
		t.ok[kind].Add(1)
		t.outages.Succeeded(sent, finished)
		if kind < Stream {
			t.latencies.Add(finished - due)
		}
		return
	}
	t.lost[kind].Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reasons == nil {
		t.reasons = map[string]int64{}
	}
	t.reasons[err.Error()]++
	if len(t.first) < maxFirst {
		t.first = append(t.first, Lost{sent.Seconds(), ms(finished - sent), kind.String(), err.Error()})
	}
}

func (t *tally) summary(elapsed, sending time.Duration) Summary {
	s := Summary{
		Seconds: elapsed.Seconds(), Kinds: map[string]Count{},
		P50MS: ms(t.latencies.Quantile(.5)), P99MS: ms(t.latencies.Quantile(.99)), MaxMS: ms(t.latencies.Max()),
		Late: t.late.Load(), LatestMS: ms(time.Duration(t.latest.Load())),
		Reconnects: t.reconnects.Load(), Crossed: t.crossed.Load(),
	}
	for kind := range kinds {
		count := Count{t.ok[kind].Load(), t.lost[kind].Load()}
		s.OK += count.OK
		s.Lost += count.Lost
		if count != (Count{}) {
			s.Kinds[kind.String()] = count
		}
	}
	s.Sent = s.OK + s.Lost
	s.Rate = float64(s.OK) / max(elapsed.Seconds(), 1e-9)
	longest, at := t.outages.Longest(sending)
	s.OutageMS, s.OutageAt = longest.Milliseconds(), at.Seconds()
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Reasons = maps.Clone(t.reasons)
	s.First = append([]Lost(nil), t.first...)
	return s
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
