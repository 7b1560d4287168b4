package judge

import (
	"math"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/stats"
)

// speed is how fast an endpoint's twin blocks were: requests a second of each side,
// and the logarithm of B's over A's, by round.
type speed struct {
	a, b, ratio []float64
	times       *hunt.Interval // as fast as A
}

// speeds are those of every endpoint. Their ratios vary by one common measure as far as
// few rounds can tell: the machine's.
func (j *Judge) speeds() map[string]*speed {
	all := map[string]*speed{}
	common := &scatter{}
	for _, name := range j.config.Endpoints {
		s := &speed{}
		ofA, ofB := j.sides[0].rates(name), j.sides[1].rates(name)
		for round := range j.rounds + 1 {
			if ofA[round] > 0 && ofB[round] > 0 {
				s.a, s.b = append(s.a, ofA[round]), append(s.b, ofB[round])
				s.ratio = append(s.ratio, math.Log(ofB[round]/ofA[round]))
			}
		}
		common.add(s.ratio)
		all[name] = s
	}
	for _, s := range all {
		if times := mean(s.ratio, common); times != nil {
			s.times = &hunt.Interval{Lo: math.Exp(times.Lo), Mid: math.Exp(times.Mid), Hi: math.Exp(times.Hi)}
		}
	}
	return all
}

// rates are an endpoint's requests a second, by round.
func (s *side) rates(name string) map[int]float64 {
	rates := map[int]float64{}
	for _, o := range s.seen {
		if o.Block.Endpoint == name && o.Block.Round > 0 && o.Took > 0 && o.Requests > 0 {
			rates[o.Block.Round] = float64(o.Requests) / o.Took.Seconds()
		}
	}
	return rates
}

// scatter is the sum of squares about means, and its degrees of freedom.
type scatter struct{ square, df float64 }

func (c *scatter) add(of []float64) (mean float64) {
	if len(of) == 0 {
		return 0
	}
	for _, v := range of {
		mean += v / float64(len(of))
	}
	for _, v := range of {
		c.square += (v - mean) * (v - mean)
	}
	c.df += float64(len(of) - 1)
	return mean
}

// mean is the mean of rounds with its 95 % interval; nil for fewer than two. Their
// variance is drawn toward the common one, as that of blocks is, where there is one.
func mean(of []float64, common *scatter) *hunt.Interval {
	if len(of) < 2 {
		return nil
	}
	var own scatter
	mid := own.add(of)
	variance, df := own.square/own.df, own.df
	if common != nil && common.df > own.df {
		drawn, typical := float64(prior), common.square/common.df
		if variance > typical {
			drawn *= typical / variance
		}
		variance = (drawn*typical + own.square) / (drawn + own.df)
		df = min(drawn+own.df, common.df)
	}
	width := stats.Student(0.975, df) * sqrt(variance/float64(len(of)))
	return &hunt.Interval{Lo: mid - width, Mid: mid, Hi: mid + width}
}

// matters is the share by which a speed has to change before it is one.
const matters = 0.05

func pace(times *hunt.Interval) hunt.Change {
	switch {
	case times == nil:
	case times.Lo > 1 && times.Mid >= 1+matters:
		return hunt.Improved
	case times.Hi < 1 && times.Mid <= 1-matters:
		return hunt.Worse
	case times.Lo > 1-matters && times.Hi < 1+matters:
		return hunt.Equivalent
	}
	return hunt.Unsettled
}
