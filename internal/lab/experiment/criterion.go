package experiment

import (
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

const edges = " above at-least below at-most"

// bounds are the keys of the edges that a number has to keep to.
func bounds[T any](place func(*T) *lab.Bound) []field[T] {
	return []field[T]{
		at("above", "It has to be more than this.", maybe(value()), func(v *T) **lab.Value { return &place(v).Above }),
		at("at-least", "It has to be this or more.", maybe(value()), func(v *T) **lab.Value { return &place(v).AtLeast }),
		at("below", "It has to be less than this.", maybe(value()), func(v *T) **lab.Value { return &place(v).Below }),
		at("at-most", "It has to be this or less.", maybe(value()), func(v *T) **lab.Value { return &place(v).AtMost }),
	}
}

// edgesOf are the edges that a bound has, by their keys.
func edgesOf(b *lab.Bound) map[string]*lab.Value {
	all := map[string]*lab.Value{"above": b.Above, "at-least": b.AtLeast, "below": b.Below, "at-most": b.AtMost}
	for key, v := range all {
		if v == nil {
			delete(all, key)
		}
	}
	return all
}

// units tells of edges in another unit than one of these. A plain number stands for a
// share where that is what is meant.
func (r *reader) units(n tree.Node, b *lab.Bound, units ...lab.Unit) {
	all := edgesOf(b)
	for _, key := range strings.Fields(edges) {
		v := all[key]
		if v == nil {
			continue
		}
		if v.Unit == lab.Plain && slices.Contains(units, lab.Share) {
			v.Unit = lab.Share
		}
		if !slices.Contains(units, v.Unit) {
			r.fail(n.Value(key), "", "%s has to be %s", key, unitNames(units))
		}
	}
}

func unitNames(units []lab.Unit) string {
	names := map[lab.Unit]string{lab.Plain: "a plain number", lab.Bytes: "a size such as 64MiB", lab.Duration: "a time such as 800ms", lab.Share: "a share such as 15%"}
	var all []string
	for _, u := range units {
		all = append(all, names[u])
	}
	return strings.Join(all, " or ")
}

// needsBound tells of a bound without an edge, or with edges that nothing lies between.
func (r *reader) needsBound(n tree.Node, what string, b *lab.Bound) {
	if len(edgesOf(b)) == 0 {
		r.fail(n, "above: 64MiB, or at-least, below, at-most", "%s has no bound", what)
		return
	}
	for _, low := range []*lab.Value{b.Above, b.AtLeast} {
		for _, high := range []*lab.Value{b.Below, b.AtMost} {
			if low != nil && high != nil && low.Number >= high.Number {
				r.fail(n, "", "%s: nothing lies between its bounds", what)
				return
			}
		}
	}
}

func tests() *cases {
	const growth, sure = "series per", " confidence"
	return &cases{key: "test", of: []oneCase{
		{string(lab.Query), "kql", edges, "the number that KQL gives for the window lies in the bound"},
		{string(lab.Slope), growth, edges + sure, "the growth of a series along the window lies in the bound"},
		{string(lab.Growth), growth, edges + sure, "the growth from rest to rest, cycle by cycle, lies in the bound"},
		{string(lab.Equivalence), growth + " within", sure, "the growth lies within ± a size: it is shown to be none"},
		{string(lab.WeakestCycle), growth, edges + sure, "the least growth of any cycle, as a share of the mean growth, lies in the bound"},
		{string(lab.Saturating), growth, sure, "the growth ends by itself, as a cache's does"},
		{string(lab.Endpoint), "series stream above others", sure, "one stream leaks more than `above` a request, and no other more than `others`"},
		{string(lab.Ratio), growth + " of", edges + sure, "the growth, as a share of that in the window `of`, lies in the bound"},
		{string(lab.Percentile), "quantile", "stream" + edges + sure, "a percentile of the durations of requests lies in the bound"},
		{string(lab.Shift), "of", "series stream" + edges + sure, "durations of requests, or a series, differ from those in the window `of` by what lies in the bound, by ranks"},
		{string(lab.Level), "series quantile", edges + sure, "a percentile of a series lies in the bound"},
		{string(lab.Retained), "series from peak", edges + sure, "of what came between the windows `from` and `peak`, the share that is there in `window` lies in the bound"},
		{string(lab.Together), "signals", "tolerance overlap", "signals begin within the tolerance of each other, and overlap"},
	}}
}

func testWords() (all []lab.Test) {
	for _, c := range tests().of {
		all = append(all, lab.Test(c.word))
	}
	return all
}

func series() kind[lab.Series] {
	return choice(lab.Used, lab.Private, lab.RSS, lab.Charge, lab.Heap, lab.Native, lab.File, lab.Threads, lab.FDs, lab.Goroutines)
}

func per() kind[lab.Per] {
	return choice(lab.PerRequest, lab.PerSecond, lab.PerMinute, lab.PerHour)
}

func criterion(confidence string) object[lab.Criterion] {
	return object[lab.Criterion]{
		title: "a criterion", cases: tests(),
		fields: append(append([]field[lab.Criterion]{
			must(at("id", "What it is called.", fresh("criterion"), func(c *lab.Criterion) *string { return &c.ID })),
			at("says", "What it means that it holds.", text(), func(c *lab.Criterion) *string { return &c.Says }),
			must(at("test", "How it is decided.", choice(testWords()...), func(c *lab.Criterion) *lab.Test { return &c.Test })),
			must(at("window", "The phases that are looked at.", windows(), func(c *lab.Criterion) *[]string { return &c.Window })),
			at("arm", "The variant of a comparison whose runs are looked at.", named("variant"), func(c *lab.Criterion) *string { return &c.Arm }),
			at("kql", "Asked of the rows of the window alone.", oneNumber(), func(c *lab.Criterion) *string { return &c.KQL }),
			at("series", "What is judged.", series(), func(c *lab.Criterion) *lab.Series { return &c.Series }),
			at("per", "What growth is counted over. Times are those of the timeline as it is written.", per(), func(c *lab.Criterion) *lab.Per { return &c.Per }),
			at("within", "How far from nothing is still nothing.", maybe(value()), func(c *lab.Criterion) **lab.Value { return &c.Within }),
			at("stream", "Whose requests are meant; without it all, and of function apps the calls that stanch recorded.", named("stream"), func(c *lab.Criterion) *string { return &c.Stream }),
			at("others", "The most that the other streams may leak a request.", maybe(value()), func(c *lab.Criterion) **lab.Value { return &c.Others }),
			at("of", "The window that the ratio is to.", windows(), func(c *lab.Criterion) *[]string { return &c.Of }),
			at("quantile", "95% for p95.", share(1), func(c *lab.Criterion) *float64 { return &c.Quantile }),
			at("from", "The window before.", windows(), func(c *lab.Criterion) *[]string { return &c.From }),
			at("peak", "The window in between.", windows(), func(c *lab.Criterion) *[]string { return &c.Peak }),
			at("signals", "At least two.", list(2, 20, named("signal")), func(c *lab.Criterion) *[]string { return &c.Signals }),
			by("30s", at("tolerance", "How far their beginnings may lie apart.", span(0), func(c *lab.Criterion) *time.Duration { return &c.Tolerance })),
			by("50%", at("overlap", "The least share of the shorter one that lies within the longer.", share(1), func(c *lab.Criterion) *float64 { return &c.Overlap })),
		}, bounds(func(c *lab.Criterion) *lab.Bound { return &c.Bound })...),
			by(confidence, at("confidence", "Of the interval, one-sided; 0.99 for proof and 0.95 for disproof by itself.", number(0.5, 0.999999), func(c *lab.Criterion) *float64 { return &c.Confidence }))),
		check: (*reader).criterion,
	}
}

// criterion checks what the keys of one mean together.
func (r *reader) criterion(n tree.Node, c *lab.Criterion) {
	switch c.Test {
	case lab.Equivalence:
		r.sizeOf(n, "within", c.Within, c.Series)
		if c.Within.Number <= 0 {
			r.fail(n.Value("within"), "the least effect that anybody cares about", "within has to be more than nothing")
		}
		return
	case lab.Saturating:
		return
	case lab.Together:
		return
	case lab.Endpoint:
		r.sizeOf(n, "others", c.Others, c.Series)
		c.Per = lab.PerRequest
	}
	switch c.Test {
	case lab.Query:
	case lab.WeakestCycle, lab.Ratio, lab.Retained:
		r.units(n, &c.Bound, lab.Share)
	case lab.Percentile:
		r.units(n, &c.Bound, lab.Duration)
	case lab.Shift:
		if c.Series == "" {
			r.units(n, &c.Bound, lab.Duration)
			break
		}
		r.units(n, &c.Bound, unitOf(c.Series))
		if s := n.Value("stream"); s.Line != 0 {
			r.fail(s, "a series is the worker's", "a stream's durations or a series are shifted, not both")
		}
	default:
		r.units(n, &c.Bound, unitOf(c.Series))
	}
	if (c.Test == lab.Percentile || c.Test == lab.Level) && (c.Quantile <= 0 || c.Quantile >= 1) {
		r.fail(n.Value("quantile"), "95%", "quantile has to lie between 0 and 1")
	}
	r.needsBound(n, c.ID, &c.Bound)
}

// sizeOf tells of a value that is not in its series' unit.
func (r *reader) sizeOf(n tree.Node, key string, v *lab.Value, s lab.Series) {
	if v.Unit != unitOf(s) {
		r.fail(n.Value(key), "", "%s has to be %s", key, unitNames([]lab.Unit{unitOf(s)}))
	}
}

// unitOf is what a series is counted in.
func unitOf(s lab.Series) lab.Unit {
	switch s {
	case lab.Threads, lab.FDs, lab.Goroutines:
		return lab.Plain
	}
	return lab.Bytes
}
