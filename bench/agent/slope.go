package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/stanch-dev/stanch/bench/load"
	"github.com/stanch-dev/stanch/bench/rig"
)

// grow measures the slope of the resident set under a closed loop of the whole
// mix. The first tenth of the time, in which pools and connections reach their
// size, is left out.
func (b *bench) grow(ctx context.Context) (*slope, error) {
	st, err := b.start(ctx, "--memory-limit", "1GiB")
	if err != nil {
		return nil, err
	}
	defer st.Stop(10 * time.Second)
	plan := load.DefaultPlan(st.Address)
	plan.Duration, plan.WebSockets, plan.SSEs = b.slope, 4, 4
	running, err := load.New(plan)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	told := begin
	sampler := rig.Sampling(time.Second, func() (int64, error) {
		n, err := rig.Resident(st.PID)
		if time.Since(told) > time.Minute {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "   %3.0f min  %.1f MiB\n", time.Since(begin).Minutes(), mib(n))
		}
		return n, err
	})
	defer sampler.Stop()
	sum := running.Do(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	samples := sampler.Stop()
	var x, y []float64
	for _, s := range samples {
		if at := s.At.Sub(begin); at >= b.slope/10 && at <= b.slope {
			x, y = append(x, at.Hours()), append(y, float64(s.Bytes)/1024)
		}
	}
	const blocks = 20
	per, low, high, err := trend(x, y, blocks)
	if err != nil {
		return nil, err
	}
	return &slope{
		Minutes: b.slope.Minutes(), Sent: sum.Sent, Lost: sum.Lost,
		PerHour: per, Low: low, High: high, Blocks: blocks, PeakMiB: mib(sampler.Peak()),
	}, nil
}

// trend is the least-squares slope of y over x with its 95 % interval. A
// resident set moves slowly, so neighbouring samples say nearly the same and
// would make the interval far too narrow: the line is fitted to the means of
// so many blocks, whose length is to exceed that memory, and the interval is
// Student's with blocks-2 degrees of freedom.
func trend(x, y []float64, blocks int) (slope, low, high float64, err error) {
	if len(x) < blocks || blocks < 4 {
		return 0, 0, 0, errors.New("fit a slope: too few samples\nhint: measure for longer")
	}
	bx, by := means(x, blocks), means(y, blocks)
	n := float64(blocks)
	var sx, sy float64
	for i := range bx {
		sx, sy = sx+bx[i], sy+by[i]
	}
	mx, my := sx/n, sy/n
	var sxx, sxy float64
	for i := range bx {
		sxx += (bx[i] - mx) * (bx[i] - mx)
		sxy += (bx[i] - mx) * (by[i] - my)
	}
	if sxx == 0 {
		return 0, 0, 0, errors.New("fit a slope: all samples are of one moment")
	}
	slope = sxy / sxx
	var residual float64
	for i := range bx {
		r := by[i] - my - slope*(bx[i]-mx)
		residual += r * r
	}
	half := student975(n-2) * math.Sqrt(residual/(n-2)/sxx)
	return slope, slope - half, slope + half, nil
}

// means splits the values, in order, into so many blocks of nearly equal length.
func means(values []float64, blocks int) []float64 {
	out := make([]float64, blocks)
	for i := range out {
		from, to := i*len(values)/blocks, (i+1)*len(values)/blocks
		for _, v := range values[from:to] {
			out[i] += v / float64(to-from)
		}
	}
	return out
}

// student975 is the 97.5 % quantile of Student's t with this many degrees of
// freedom, at least 2: Abramowitz and Stegun 26.7.5, within 2 % there and
// within 0.1 % from 5 on.
func student975(df float64) float64 {
	const z = 1.959963984540054
	g1 := (z*z*z + z) / 4
	g2 := (5*math.Pow(z, 5) + 16*z*z*z + 3*z) / 96
	g3 := (3*math.Pow(z, 7) + 19*math.Pow(z, 5) + 17*z*z*z - 15*z) / 384
	g4 := (79*math.Pow(z, 9) + 776*math.Pow(z, 7) + 1482*math.Pow(z, 5) - 1920*z*z*z - 945*z) / 92160
	return z + g1/df + g2/(df*df) + g3/(df*df*df) + g4/(df*df*df*df)
}
