package experiment

import (
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

func signal() object[lab.Signal] {
	return object[lab.Signal]{
		title: "a signal", oneOf: []string{"series", "kql"},
		fields: append([]field[lab.Signal]{
			at("says", "What it means that it is on.", text(), func(s *lab.Signal) *string { return &s.Says }),
			at("series", "On while its samples lie in the bound.", series(), func(s *lab.Signal) *lab.Series { return &s.Series }),
			at("kql", "On at the times of its rows whose number lies in the bound; without a bound, at each.", points(), func(s *lab.Signal) *string { return &s.KQL }),
			by("0s", at("hold", "How long it has to last to count; 0s for moments.", span(0), func(s *lab.Signal) *time.Duration { return &s.Hold })),
		}, bounds(func(s *lab.Signal) *lab.Bound { return &s.Bound })...),
		check: func(r *reader, n tree.Node, s *lab.Signal) {
			if s.Series != "" {
				r.needsBound(n, "a series' signal", &s.Bound)
				r.units(n, &s.Bound, unitOf(s.Series))
				return
			}
			bound, err := compile(s.KQL)
			if wants := len(edgesOf(&s.Bound)) > 0; err == nil && wants != (len(bound[0].Node.Out()) == 2) {
				r.fail(n.Value("kql"), "| project timestamp, NUMBER with a bound; | project timestamp without", "the query's numbers and the bound have to go together")
			}
			if len(edgesOf(&s.Bound)) > 0 {
				r.needsBound(n, "the signal", &s.Bound)
			}
		},
	}
}

func alternate() object[lab.Alternate] {
	return object[lab.Alternate]{
		title: "an alternate",
		fields: []field[lab.Alternate]{
			must(at("cause", "What else it could be.", text(), func(a *lab.Alternate) *string { return &a.Cause })),
			must(at("signal", "What shows it.", named("signal"), func(a *lab.Alternate) *string { return &a.Signal })),
		},
	}
}

func checks() *cases {
	return &cases{key: "check", of: []oneCase{
		{string(lab.Landed), "", "stream", "share of what was due that was sent within a second of its moment, and taken"},
		{string(lab.Answered), "", "stream", "share of the requests sent that had an answer below 500"},
		{string(lab.Keys), "", "stream", "how many different keys were asked for"},
		{string(lab.Coverage), "", "series", "share of the samples due that are there"},
		{string(lab.Settled), "", "", "share of the rests in which memory came to rest"},
		{string(lab.Ceiling), "series", "", "highest sample of a series, as a share of the limit"},
		{string(lab.Stolen), "", "", "share of the processors' time that others took"},
	}}
}

func checkWords() (all []lab.Check) {
	for _, c := range checks().of {
		all = append(all, lab.Check(c.word))
	}
	return all
}

func gate() object[lab.Gate] {
	return object[lab.Gate]{
		title: "a gate", cases: checks(),
		fields: append([]field[lab.Gate]{
			must(at("id", "What it is called.", fresh("criterion"), func(g *lab.Gate) *string { return &g.ID })),
			must(at("check", "What it looks at.", choice(checkWords()...), func(g *lab.Gate) *lab.Check { return &g.Check })),
			at("window", "The phases that are looked at; without it all.", windows(), func(g *lab.Gate) *[]string { return &g.Window }),
			at("stream", "Whose arrivals are meant; without it all.", named("stream"), func(g *lab.Gate) *string { return &g.Stream }),
			at("series", "What is looked at.", series(), func(g *lab.Gate) *lab.Series { return &g.Series }),
		}, bounds(func(g *lab.Gate) *lab.Bound { return &g.Bound })...),
		check: func(r *reader, n tree.Node, g *lab.Gate) {
			if g.Check == lab.Keys {
				r.units(n, &g.Bound, lab.Plain)
			} else {
				r.units(n, &g.Bound, lab.Share)
			}
			r.needsBound(n, g.ID, &g.Bound)
		},
	}
}
