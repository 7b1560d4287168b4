package experiment

import (
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

// unjudged are the phases that no window may have.
const unjudged = "unjudged phase"

func phase() object[lab.Phase] {
	return object[lab.Phase]{
		title: "a phase",
		fields: []field[lab.Phase]{
			must(at("name", "What the windows of criteria call it.", fresh("phase"), func(p *lab.Phase) *string { return &p.Name })),
			must(at("for", "How long it gives load, all cycles together.", span(time.Millisecond), func(p *lab.Phase) *time.Duration { return &p.For })),
			by("1", at("cycles", "Equal parts that the load is given in.", whole(1, 1000), func(p *lab.Phase) *int { return &p.Cycles })),
			by("0s", at("rest", "Time without load after each cycle.", span(0), func(p *lab.Phase) *time.Duration { return &p.Rest })),
			at("load", "How fast each stream comes; what is not named does not.", byName("stream", rate(), func(name string, v float64) lab.Rate { return lab.Rate{Stream: name, PerSecond: v} }), func(p *lab.Phase) *[]lab.Rate { return &p.Rates }),
			at("do", "What is done at its start, in order.", list(0, 20, action().kind()), func(p *lab.Phase) *[]lab.Action { return &p.Do }),
			by("true", at("judge", "false for a warm-up, which no criterion may name.", flag(), func(p *lab.Phase) *bool { return &p.Judge })),
		},
		check: func(r *reader, n tree.Node, p *lab.Phase) {
			if !p.Judge {
				r.names[unjudged] = append(r.names[unjudged], p.Name)
			}
			if p.Cycles > 1 && p.Rest == 0 {
				r.fail(n.Value("cycles"), "rest: 30s", "cycles without a rest between them are one")
			}
		},
	}
}

func action() object[lab.Action] {
	return object[lab.Action]{
		title: "an action", oneOf: []string{"use", "recycle", "limit", "fault"},
		fields: []field[lab.Action]{
			at("use", "Go on with this variant, in a fresh process.", named("variant"), func(a *lab.Action) *string { return &a.Use }),
			at("recycle", "Go on in a fresh process of the same variant.", maybe(recycle().kind()), func(a *lab.Action) **lab.Recycle { return &a.Recycle }),
			at("limit", "Other limits from here on.", maybe(newLimit().kind()), func(a *lab.Action) **lab.Limit { return &a.Limit }),
			at("fault", "A dependency is ill until the phase is over.", maybe(fault().kind()), func(a *lab.Action) **lab.Fault { return &a.Fault }),
		},
	}
}

func newLimit() object[lab.Limit] {
	return object[lab.Limit]{
		title: "a new limit", fields: limits(func(l *lab.Limit) *lab.Limit { return l }, false),
		check: func(r *reader, n tree.Node, l *lab.Limit) {
			if *l == (lab.Limit{}) {
				r.fail(n, "memory: 1GiB", "the limit has neither memory nor allocation")
			}
			r.allocation(n, *l)
		},
	}
}

func recycle() object[lab.Recycle] {
	return object[lab.Recycle]{
		title: "recycle",
		fields: []field[lab.Recycle]{
			by("true", at("drain", "Let it finish what it has begun; false kills it.", flag(), func(c *lab.Recycle) *bool { return &c.Drain })),
			by("30s", at("grace", "Time for that.", wait(0, time.Hour), func(c *lab.Recycle) *time.Duration { return &c.Grace })),
		},
	}
}

func fault() object[lab.Fault] {
	return object[lab.Fault]{
		title: "a fault",
		fields: []field[lab.Fault]{
			must(at("dependency", "The setting of the worker that holds its address: in the env of each variant, of a service, or AzureWebJobsStorage.", variable(), func(f *lab.Fault) *string { return &f.Dependency })),
			must(at("kind", "What is wrong with it.", choice(lab.Slow, lab.Failing, lab.Down), func(f *lab.Fault) *lab.FaultKind { return &f.Kind })),
			at("delay", "How much later a slow one answers.", wait(time.Millisecond, time.Hour), func(f *lab.Fault) *time.Duration { return &f.Delay }),
			by("100%", at("share", "Share of the calls that it befalls.", share(1), func(f *lab.Fault) *float64 { return &f.Share })),
		},
		check: func(r *reader, n tree.Node, f *lab.Fault) {
			if (f.Kind == lab.Slow) != (f.Delay > 0) {
				r.fail(n, "kind: slow, delay: 800ms", "delay is for slow faults, and they need one")
			}
		},
	}
}
