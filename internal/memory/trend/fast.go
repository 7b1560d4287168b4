package trend

// lookFast catches a leak of minutes, which would be at the limit before the
// windows of hours have anything to say. It asks for more than growth: a good
// part of the headroom gone, in a line that does not slow, with the limit near.
// What a start loads and a burst holds mostly is none of these.
func (d *Detector) lookFast() {
	l := &d.levels[fine]
	age := l.block(l.n - 1).at
	if d.last.Limit <= 0 || age < 180 || l.n < leastPoints {
		return
	}
	if d.consumed() < d.config.FastConsumed {
		d.fastFired(false)
		return
	}
	var p points
	for _, seconds := range [...]float64{180, 600} {
		w, ok := d.look(&p, fine, max(age-seconds, 30), alongTime)
		if !ok || !w.grows || !w.lasts || d.seenBefore(w) {
			continue
		}
		toLimit := d.toLimit(w)
		if toLimit == nil || toLimit.Hi > d.config.FastHorizon.Seconds() {
			continue
		}
		if d.fastFired(true) {
			d.verdict = verdict{state: Critical, best: w, has: true, driver: Undetermined, why: "the limit is minutes away, and the growth does not slow"}
			d.verdict.class, d.verdict.cause = d.classOf(&p, &w)
		}
		return
	}
	d.fastFired(false)
}

// fastFired counts looks in a row that saw it, and says whether they are enough.
func (d *Detector) fastFired(saw bool) bool {
	if !saw {
		d.fastRow = 0
		return false
	}
	d.fastRow++
	return d.fastRow >= d.config.InARow
}

// seenBefore says whether the last hour had peaks well above where the window
// begins: what rises now is then a collector's tooth or a load that came before.
func (d *Detector) seenBefore(w window) bool {
	l := &d.levels[minute]
	begins := float64(d.levels[fine].block(d.levels[fine].first(w.from)).floor)
	rise := w.perSecond * w.span
	for i := max(l.n-60, 0); i < l.n; i++ {
		if b := l.block(i); b.at < w.from-60 && float64(b.peak) > begins+0.3*rise {
			return true
		}
	}
	return false
}
