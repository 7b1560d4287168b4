package experiment

import (
	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

func controls() object[lab.Controls] {
	return object[lab.Controls]{
		title: "controls",
		fields: []field[lab.Controls]{
			at("planted", "A leak of known size that has to be detected.", maybe(planted().kind()), func(c *lab.Controls) **lab.Planted { return &c.Planted }),
			at("same", "One variant twice, which must not differ.", maybe(same().kind()), func(c *lab.Controls) **lab.Same { return &c.Same }),
		},
	}
}

func planted() object[lab.Planted] {
	return object[lab.Planted]{
		title: "planted",
		fields: []field[lab.Planted]{
			must(at("variant", "Who is given the leak.", named("variant"), func(p *lab.Planted) *string { return &p.Variant })),
			must(at("size", "How much it keeps each time.", size(1), func(p *lab.Planted) *bytesize.Size { return &p.Size })),
			by("request", at("per", "What it keeps that for.", per(), func(p *lab.Planted) *lab.Per { return &p.Per })),
			must(at("window", "The phases that are run for it.", windows(), func(p *lab.Planted) *[]string { return &p.Window })),
		},
	}
}

func same() object[lab.Same] {
	return object[lab.Same]{
		title: "same",
		fields: []field[lab.Same]{
			must(at("variant", "Who is run twice.", named("variant"), func(s *lab.Same) *string { return &s.Variant })),
			must(at("window", "The phases that are run for it.", windows(), func(s *lab.Same) *[]string { return &s.Window })),
		},
	}
}

func comparison() object[lab.Comparison] {
	return object[lab.Comparison]{
		title: "compare",
		fields: []field[lab.Comparison]{
			must(at("a", "The variant that is there.", named("variant"), func(c *lab.Comparison) *string { return &c.A })),
			must(at("b", "The variant that is better or worse.", named("variant"), func(c *lab.Comparison) *string { return &c.B })),
			must(at("metrics", "What they are compared by.", list(1, 50, metric().kind()), func(c *lab.Comparison) *[]lab.Metric { return &c.Metrics })),
		},
	}
}

func metric() object[lab.Metric] {
	return object[lab.Metric]{
		title: "a metric", oneOf: []string{"series", "kql", "quantile"},
		fields: []field[lab.Metric]{
			must(at("id", "What it is called.", fresh("criterion"), func(m *lab.Metric) *string { return &m.ID })),
			at("says", "What is asked by it.", text(), func(m *lab.Metric) *string { return &m.Says }),
			must(at("window", "The phases that are looked at.", windows(), func(m *lab.Metric) *[]string { return &m.Window })),
			at("series", "Its growth, with per; its median without.", series(), func(m *lab.Metric) *lab.Series { return &m.Series }),
			at("per", "What growth is counted over.", per(), func(m *lab.Metric) *lab.Per { return &m.Per }),
			at("kql", "Asked of the rows of the window, run by run.", oneNumber(), func(m *lab.Metric) *string { return &m.KQL }),
			at("quantile", "A percentile of the durations of requests: 50% is the median.", share(1), func(m *lab.Metric) *float64 { return &m.Quantile }),
			at("stream", "Whose requests are meant, of quantile; without it all, and of function apps the calls that stanch recorded.", named("stream"), func(m *lab.Metric) *string { return &m.Stream }),
			by("open", at("expect", "What b is expected to be beside a.", choice(lab.Less, lab.More, lab.Equal, lab.NoWorse, lab.Either), func(m *lab.Metric) *lab.Expect { return &m.Expect })),
			by("10%", at("by", "The least change that counts, as a share of a; of same, the most.", share(maxFactor), func(m *lab.Metric) *float64 { return &m.By })),
			by("0.95", at("confidence", "Of the interval.", number(0.5, 0.999999), func(m *lab.Metric) *float64 { return &m.Confidence })),
		},
		check: func(r *reader, n tree.Node, m *lab.Metric) {
			r.goesWith(n, "series", "per")
			r.goesWith(n, "quantile", "stream")
			if q := n.Value("quantile"); q.Line != 0 && (m.Quantile <= 0 || m.Quantile >= 1) {
				r.fail(q, "95%", "quantile has to lie between 0 and 1")
			}
		},
	}
}

func repeat() object[lab.Repeat] {
	return object[lab.Repeat]{
		title: "repeat",
		fields: []field[lab.Repeat]{
			by("1", at("least", "How often it is run at least.", whole(1, 100), func(r *lab.Repeat) *int { return &r.Least })),
			at("most", "How often at most; without it as often as least.", whole(1, 100), func(r *lab.Repeat) *int { return &r.Most }),
			by("true", at("until-decided", "End after least, as soon as the verdict is clear.", flag(), func(r *lab.Repeat) *bool { return &r.UntilDecided })),
		},
		check: func(r *reader, n tree.Node, v *lab.Repeat) {
			if v.Most == 0 {
				v.Most = v.Least
			}
			if v.Most < v.Least {
				r.fail(n.Value("most"), "", "most is %d, below the %d of least", v.Most, v.Least)
			}
		},
	}
}
