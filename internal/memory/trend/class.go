package trend

// classOf says which part of the memory grows along with the whole, and which
// count does. A part is named when it makes up six tenths of the growth; a count
// when it surely rises: its leak is known already, and 95 % will do.
func (d *Detector) classOf(p *points, w *window) (Class, string) {
	rate := func(pick series) (mid, low, last float64) {
		scale := d.gather(p, w.level, w.from-1, 1, alongTime, pick)
		if scale == 0 {
			return 0, 0, 0
		}
		l := fit(p)
		if !l.ok {
			return 0, 0, 0
		}
		mid, se := l.slope(1)
		return mid / scale, (mid - wide(l.df)*se) / scale, p.y[p.n-1]
	}
	cause := ""
	for _, count := range [...]struct {
		name string
		pick series
	}{
		{"goroutines", func(b *block) float64 { return float64(b.goroutines) }},
		{"threads", func(b *block) float64 { return float64(b.threads) }},
		{"file descriptors", func(b *block) float64 { return float64(b.fds) }},
	} {
		mid, low, last := rate(count.pick)
		if low > 0 && mid*w.span >= max(5, last/10) {
			cause = count.name
			break
		}
	}
	l := &d.levels[w.level]
	b := l.block(l.n - 1)
	share := func(pick series) float64 {
		mid, _, _ := rate(pick)
		return mid / w.perSecond
	}
	const most = 0.6
	if b.kernel > 0 && share(func(b *block) float64 { return float64(b.kernel) }) >= most {
		return Kernel, cause
	}
	if b.heap == 0 {
		return Unknown, cause
	}
	live := share(func(b *block) float64 { return float64(b.heap) })
	slack := 0.0
	if b.managed > 0 {
		slack = share(func(b *block) float64 { return float64(b.managed - b.heap) })
	}
	switch {
	case live >= most:
		return Managed, cause
	case slack >= most:
		return Slack, cause
	case 1-live-slack >= most:
		return Native, cause
	}
	return Mixed, cause
}

// cacheGrows says whether only the page cache does.
func (d *Detector) cacheGrows() bool {
	l := &d.levels[medium]
	if l.n < leastPoints || l.block(l.n-1).file == 0 {
		return false
	}
	var p points
	scale := d.gather(&p, medium, d.segment.hold, 1, alongTime, func(b *block) float64 { return float64(b.file) })
	if scale == 0 {
		return false
	}
	f := fit(&p)
	mid, se := f.slope(1)
	return f.ok && (mid-sure(f.df)*se)/scale > d.config.least(d.last.Limit)
}
