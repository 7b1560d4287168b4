package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// ruler is the stretch of numbers that the pictures of a criterion's intervals share.
type ruler struct{ low, high float64 }

// rulerOf holds all estimates, their bounds and what they are held against. A bound that
// lies very far off, or nowhere, is cut.
func rulerOf(results []verdict.Result) (r ruler, ok bool) {
	r = ruler{math.Inf(1), math.Inf(-1)}
	hold := func(v float64) {
		if finite(v) {
			r.low, r.high = min(r.low, v), max(r.high, v)
		}
	}
	for i := range results {
		one := &results[i]
		if !finite(float64(one.Estimate)) || !finite(float64(one.Threshold)) {
			continue
		}
		ok = true
		hold(float64(one.Estimate))
		hold(float64(one.Threshold))
		if one.Is == verdict.Within {
			hold(-float64(one.Threshold))
		}
	}
	if !ok {
		return r, false
	}
	near := max(r.high-r.low, math.Abs(r.high)*0.1, math.Abs(r.low)*0.1)
	for i := range results {
		for _, v := range []float64{float64(results[i].Lo), float64(results[i].Hi)} {
			if finite(v) && math.Abs(v-r.low) < 4*near && math.Abs(v-r.high) < 4*near {
				hold(v)
			}
		}
	}
	if r.low > 0 && r.low < 0.5*r.high {
		r.low = 0
	}
	margin := (r.high - r.low) * 0.08
	if margin == 0 {
		margin = max(math.Abs(r.high)*0.5, 1)
	}
	r.high += margin
	if r.low == 0 {
		margin = (r.high - r.low) * 0.03 // so that a dot at zero is seen
	}
	r.low -= margin
	return r, true
}

func (r ruler) at(v float64) float64 {
	switch {
	case math.IsInf(v, 1):
		return 1
	case !finite(v):
		return 0
	}
	return min(max((v-r.low)/(r.high-r.low), 0), 1)
}

// interval draws an estimate with its bounds against its threshold. The tinted side is
// that on which the criterion holds. What it is held against is written below the
// picture if it is the last one on its ruler.
func (r ruler) interval(s scale, class string, last bool, one *verdict.Result) template.HTML {
	if !finite(float64(one.Estimate)) || !finite(float64(one.Threshold)) {
		return ""
	}
	var b strings.Builder
	at := r.at(float64(one.Threshold))
	from, to := at, 1.0
	switch one.Is {
	case verdict.Below, verdict.AtMost:
		from, to = 0, at
	case verdict.Within:
		from, to = r.at(-float64(one.Threshold)), at
	}
	says := estimate(s, one) + ", asked for: " + asked(s, one)
	fmt.Fprintf(&b, `<div class="iv" role="img" aria-label="%s"><i class="ok" style="left:%s;width:%s"></i>`, html.EscapeString(says), share(from), share(to-from))
	edges := []float64{float64(one.Threshold)}
	if one.Is == verdict.Within {
		edges = append(edges, -float64(one.Threshold))
	}
	for _, e := range edges {
		fmt.Fprintf(&b, `<i class="th" style="left:%s"></i>`, share(r.at(e)))
	}
	lo, hi := r.at(float64(one.Lo)), r.at(float64(one.Hi))
	if !read(one) {
		fmt.Fprintf(&b, `<i class="bar %s" style="left:%s;width:%s"></i>`, class, share(lo), share(hi-lo))
	}
	fmt.Fprintf(&b, `<i class="dot %s" style="left:%s"></i>`, class, share(r.at(float64(one.Estimate))))
	b.WriteString("</div>")
	if !last {
		return template.HTML(b.String()) // all text in it was escaped
	}
	label := signs[one.Is] + s.asked(float64(one.Threshold))
	// A label is moved by as much of its own width as it lies along the ruler, so that
	// it never leaves it.
	fmt.Fprintf(&b, `<div class="ivs"><span style="left:%s;transform:translateX(-%[1]s)">%s</span></div>`, share(at), html.EscapeString(label))
	return template.HTML(b.String()) // all text in it was escaped
}
