// Package judge says what a hunt's observations mean: how many bytes a request each
// endpoint leaves behind, how sure that is, and whether more blocks would tell more.
//
// The growth of the floor over a block is taken as seconds × drift + requests × what the
// endpoint leaves + noise. The idle blocks tell the drift, so what grows without
// load is blamed on nobody. Four rules keep the judgement honest. A verdict is given
// only at looks that were fixed before, and the odds of being wrong are shared out
// among them, so that stopping as soon as it knows costs nothing. Clean is a finding
// of its own, made when the interval ends below the smallest effect, never for want of
// evidence. An endpoint whose later rounds grow less is filling something, and is not
// a leak until it keeps on. And the first block of an endpoint in a process is
// its warm-up, which counts for nothing.
//
// Begin with New, Judge.Add and Judge.Report. The statistics are in fit.go and
// spread.go, the rules in look.go.
package judge

import (
	"errors"
	"fmt"
	"slices"
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
	Garbage   bool          // the worker collects garbage, and can't be asked to: see look.go's leads
}

// Judge gathers observations. It is not safe for concurrent use.
type Judge struct {
	config Config
	sides  []*side
	pairs  map[string]*pair // by endpoint; nil without a pair
	blocks int
	rounds int // finished, the warm-up not counted
	looks  int
}

// New makes a judge that has seen nothing. Its error names everything that is wrong
// with the config.
func New(config Config) (*Judge, error) {
	if config.Smallest == 0 {
		config.Smallest = 256
	}
	if config.Longest == 0 {
		config.Longest = 20 * time.Second
	}
	if config.Growth == 0 {
		config.Growth = 256 << 20
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	j := &Judge{config: config, sides: []*side{newSide(hunt.SideA, config.Endpoints)}}
	if config.Pair {
		j.sides = append(j.sides, newSide(hunt.SideB, config.Endpoints))
		j.pairs = map[string]*pair{}
		for _, name := range config.Endpoints {
			j.pairs[name] = &pair{change: hunt.Unsettled}
		}
	}
	return j, nil
}

func (c *Config) check() error {
	var wrong []error
	if len(c.Endpoints) == 0 {
		wrong = append(wrong, errors.New("no endpoint to drive\nhint: name at least one, such as 'GET /orders/7'"))
	}
	for i, name := range c.Endpoints {
		switch {
		case name == "":
			wrong = append(wrong, fmt.Errorf("endpoint %d has no name", i+1))
		case slices.Index(c.Endpoints, name) < i:
			wrong = append(wrong, fmt.Errorf("endpoint %q is named twice", name))
		}
	}
	if !(c.Smallest > 0) {
		wrong = append(wrong, fmt.Errorf("the smallest effect is %v bytes a request, and has to be above zero", c.Smallest))
	}
	if c.Longest < 0 || c.Growth < 0 {
		wrong = append(wrong, fmt.Errorf("a block of at most %v and %d bytes can't be", c.Longest, c.Growth))
	}
	return errors.Join(wrong...)
}

// Add takes the observation of the block that was driven last. After the last block of
// a round it may give verdicts. Its error says what can't be: an endpoint or
// a side that nobody named, or times that run backwards.
func (j *Judge) Add(o hunt.Observation) error {
	at := slices.IndexFunc(j.sides, func(s *side) bool { return s.name == o.Block.Side })
	switch {
	case at < 0:
		return fmt.Errorf("observe block %d: side %q is not in this hunt", o.Block.Number, o.Block.Side)
	case o.Block.Endpoint != "" && j.sides[at].suspects[o.Block.Endpoint] == nil:
		return fmt.Errorf("observe block %d: nobody named the endpoint %q", o.Block.Number, o.Block.Endpoint)
	case o.After.At < o.Before.At:
		return fmt.Errorf("observe block %d: the floor after it, at %v, is earlier than the one before, at %v", o.Block.Number, o.After.At, o.Before.At)
	}
	j.sides[at].add(o)
	j.blocks++
	if o.Block.Last {
		j.rounds = max(j.rounds, o.Block.Round)
		j.look()
	}
	return nil
}
