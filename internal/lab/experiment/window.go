package experiment

import (
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

// windowKeys are the keys that hold a stretch of the timeline.
func windowKeys() []string { return []string{"window", "of", "from", "peak"} }

// stretches checks that each window of what looks at runs is one stretch of time: a
// slope over a gap is a slope of what nobody looked at. The windows of controls are
// not, since their phases are run alone.
func (r *reader) stretches(root tree.Node, e *lab.Experiment) {
	lists := []tree.Node{root.Value("gates"), root.Value("proof"), root.Value("disproof"), root.Value("compare").Value("metrics")}
	for _, list := range lists {
		for _, item := range list.Items {
			for _, key := range windowKeys() {
				if n := item.Value(key); n.Kind == tree.List {
					r.stretch(key, n, e.Phases)
				}
			}
		}
	}
}

func (r *reader) stretch(key string, n tree.Node, phases []lab.Phase) {
	for i := range len(n.Items) - 1 {
		before, after := strings.TrimSpace(n.Items[i].Text), strings.TrimSpace(n.Items[i+1].Text)
		at := slices.IndexFunc(phases, func(p lab.Phase) bool { return p.Name == before })
		if at+1 < len(phases) && phases[at+1].Name == after {
			continue
		}
		hint := "nothing comes after " + clip(before)
		if at+1 < len(phases) {
			hint = "after " + clip(before) + " comes " + clip(phases[at+1].Name)
		}
		r.fail(n.Items[i+1], hint, "%s: the phase %s does not follow %s in the timeline, and a window is one stretch of time", key, clip(after), clip(before))
		return
	}
}

// timed checks that the stream whose durations, answers or keys are looked at is one of
// requests. Of messages and blobs the client knows no end: their calls are the function
// host's.
func (r *reader) timed(root tree.Node, e *lab.Experiment) {
	hosted := e.Hosted()
	check := func(n tree.Node, stream, what string, calls bool) {
		has := func(s lab.Stream) bool { return s.HTTP != nil && (stream == "" || stream == s.Name) }
		if stream == "" && calls && hosted || slices.ContainsFunc(e.Load.Streams, has) {
			return
		}
		if stream == "" {
			r.fail(n, "streams: {web: {http: [{get: /}]}}", "%s is about requests, and no stream has any", what)
			return
		}
		r.fail(n.Value("stream"), "a stream of http; without stream, calls of functions are those that stanch recorded", "stream: %s is about requests, and %s has none", what, stream)
	}
	for _, list := range []struct {
		key string
		all []lab.Criterion
	}{{"proof", e.Proof}, {"disproof", e.Disproof}} {
		for i, n := range root.Value(list.key).Items {
			if c := list.all[i]; c.Test == lab.Percentile || c.Test == lab.Shift && c.Series == "" {
				check(n, c.Stream, string(c.Test), true)
			}
		}
	}
	for i, n := range root.Value("gates").Items {
		if g := e.Gates[i]; g.Check == lab.Answered || g.Check == lab.Keys {
			check(n, g.Stream, string(g.Check), false)
		}
	}
	for i, n := range root.Value("compare").Value("metrics").Items {
		if m := e.Compare.Metrics[i]; m.Quantile > 0 {
			check(n, m.Stream, "quantile", true)
		}
	}
}
