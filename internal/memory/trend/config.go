package trend

import "time"

// Config says what counts as a leak, and how sure to be. The defaults were chosen
// on the train split of bench/traces, never on its test split.
type Config struct {
	WarmUp       time.Duration // growth before this age says nothing; longer where earlier generations took longer
	Confirm      time.Duration // growth that lasts this long without slowing is a leak
	Consumed     float64       // growth without slowing that took this share of the headroom is a leak too
	Horizon      time.Duration // a leak that reaches the limit sooner is critical
	LeastBytes   float64       // bytes an hour; slower growth is no leak
	LeastShare   float64       // share of the limit an hour; slower growth is no leak
	Slowing      float64       // a later half that grows less than this share of the earlier one is filling
	Evidence     float64       // how much likelier growth has to be than none, as twice a log-likelihood
	Odds         float64       // how much better a line has to explain growth than a curve that slows, as twice a log-likelihood
	InARow       int           // evaluations that have to agree
	Generations  int           // finished generations that have to agree
	FastConsumed float64       // share of the headroom that a leak of minutes has taken before it is called
	FastHorizon  time.Duration // a leak of minutes is called when the limit is this near
}

// Default returns what New takes for fields that are zero.
func Default() Config {
	return Config{
		WarmUp:       20 * time.Minute,
		Confirm:      170 * time.Minute,
		Consumed:     0.7,
		Horizon:      30 * time.Minute,
		LeastBytes:   1 << 20,
		LeastShare:   0.004,
		Slowing:      0.85,
		Evidence:     22,
		Odds:         2,
		InARow:       3,
		Generations:  3,
		FastConsumed: 0.5,
		FastHorizon:  10 * time.Minute,
	}
}

func (c Config) filled() Config {
	d := Default()
	c.WarmUp = orElse(c.WarmUp, d.WarmUp)
	c.Confirm = orElse(c.Confirm, d.Confirm)
	c.Consumed = orElse(c.Consumed, d.Consumed)
	c.Horizon = orElse(c.Horizon, d.Horizon)
	c.LeastBytes = orElse(c.LeastBytes, d.LeastBytes)
	c.LeastShare = orElse(c.LeastShare, d.LeastShare)
	c.Slowing = orElse(c.Slowing, d.Slowing)
	c.Evidence = orElse(c.Evidence, d.Evidence)
	c.Odds = orElse(c.Odds, d.Odds)
	c.InARow = orElse(c.InARow, d.InARow)
	c.Generations = orElse(c.Generations, d.Generations)
	c.FastConsumed = orElse(c.FastConsumed, d.FastConsumed)
	c.FastHorizon = orElse(c.FastHorizon, d.FastHorizon)
	return c
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// least is the slowest growth that is a leak, in bytes a second.
func (c Config) least(limit int64) float64 {
	return max(c.LeastBytes, c.LeastShare*float64(limit)) / 3600
}
