// Package judge says what a hunt's observations mean: how many bytes a request each
// endpoint leaves behind, how sure that is, and whether more blocks would tell more.
//
// Begin with New, Judge.Add and Judge.Report.
package judge

import (
	"errors"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// Config says what is hunted, and what a leak is.
type Config struct {
	Endpoints []string      // their names, each once
	Pair      bool          // two sides are compared
	Smallest  float64       // bytes a request; a smaller leak is none. 0 is 256
	Longest   time.Duration // that a block may take. 0 is 20 seconds
	Growth    int64         // bytes that a block may be expected to add. 0 is 256 MiB
}

// Judge gathers observations. It is not safe for concurrent use.
type Judge struct {
	config       Config
	observations []hunt.Observation
}

// New makes a judge that has seen nothing. Its errors name what is wrong with the
// config.
func New(config Config) (*Judge, error) {
	if len(config.Endpoints) == 0 {
		return nil, errors.New("no endpoint to hunt through\nhint: name at least one, such as 'GET /orders/7'")
	}
	return &Judge{config: config}, nil
}

// Size is how long the endpoint's next block shall be ("" is idleness): long
// enough for a leak of the smallest effect to stand out of the noise that was seen
// so far. Zero leaves the endpoint out: it is decided. It fits design.Plan.Next.
func (j *Judge) Size(endpoint string) hunt.Size {
	if endpoint == "" {
		return hunt.Size{For: 3 * time.Second}
	}
	return hunt.Size{Requests: 1000, For: 5 * time.Second}
}

// Add takes the observation of the block that was driven last. Its error says what
// can't be: an endpoint that nobody named, or times that run backwards.
func (j *Judge) Add(o hunt.Observation) error {
	if o.After.At < o.Before.At {
		return fmt.Errorf("observe block %d: its floor after, at %v, is earlier than the one before, at %v", o.Block.Number, o.After.At, o.Before.At)
	}
	j.observations = append(j.observations, o)
	return nil
}

// Report says what is known now. With no observation it is undecided.
func (j *Judge) Report() hunt.Report {
	return hunt.Report{Verdict: hunt.Undecided, Blocks: len(j.observations), Detectable: -1, More: -1, Remaining: -1}
}

// Mixed judges windows of mixed traffic, for when endpoints can't be driven apart.
// Its findings are unidentifiable where the endpoints' requests rose and fell
// together.
func Mixed(endpoints []string, smallest float64, stretches []hunt.Stretch) hunt.Report {
	return hunt.Report{Verdict: hunt.Undecided, Blocks: len(stretches), Detectable: -1, More: -1, Remaining: -1}
}
