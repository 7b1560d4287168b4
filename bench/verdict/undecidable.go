package main

import "github.com/stanch-dev/stanch/internal/lab/verdict"

// undecidable are the experiments that can tell nothing, whatever is true.
func undecidable() []planted {
	is := func(name, why, shown, base string, change func(t *terms)) planted {
		return planted{name, verdict.Inconclusive, why, shown, base, usual(change)}
	}
	return []planted{
		is("too-short", "a third of a second has six samples, and a slope takes eight", "no stretch of 8 points", "stretch", func(t *terms) {
			t.Told, t.Length, t.Planted = []string{"keep=/work:16384"}, "150ms", ""
		}),
		is("load-that-did-not-land", "the worker takes 60 ms for a request, one after the other, and is asked 150 times a second", "gate landed", "growth", func(t *terms) {
			t.Told, t.Rate = []string{"keep=/work:16384", "block=/work:60"}, 150
		}),
		is("planted-not-seen", "memory goes up and down by 80 MB, and what is planted is 4 KiB a request", "control planted", "growth", func(t *terms) {
			t.Told, t.Clean, t.Size = []string{"keep=/work:16384", "wander=80000000"}, []string{"wander=80000000"}, "4KiB"
		}),
		is("same-twice-differs", "each start leaves 4 KiB or 48 KiB for a request, in turns", "control same", "growth", func(t *terms) {
			t.Told = []string{"uneven=/work:4096:49152"}
			t.Same = "told"
		}),
		is("repeats-that-disagree", "every second start leaves 16 KiB for a request, and the others nothing", "repeats disagree", "growth", func(t *terms) {
			t.Told = []string{"odd=/work:16384"}
			t.Repeats = 2
		}),
		is("signals-apart", "memory is critical first; seconds later requests fail, without it", "at-the-same-time fails", "incident", func(t *terms) {
			t.Told, t.Clean, t.Memory = []string{"hold=/bulk:2097152:2000", "wait=/late:1200", "fail=/late:0.6"}, nil, "512MiB"
		}),
		is("no-second-start", "the worker lives once, and is replaced in the middle", "gate landed", "stretch", func(t *terms) {
			t.Told, t.Planted, t.Between = []string{"keep=/work:16384", "starts=1"}, "", "{recycle: {drain: false}}"
		}),
		is("answers-that-fail", "three of ten requests are answered 500, and who knows what they left", "gate answered", "growth", func(t *terms) {
			t.Told = []string{"keep=/work:16384", "fail=/work:0.3"}
		}),
		is("no-room", "200 KB a request in 96 MiB: the kernel ends it before it is measured", "gate room", "growth", func(t *terms) {
			t.Told, t.Memory = []string{"keep=/work:200000"}, "96MiB"
		}),
	}
}
