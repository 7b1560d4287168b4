package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/demo/terminal"
	"github.com/stanch-dev/stanch/internal/chart"
)

// screen tells the story. On a terminal the progress stays in its place.
type screen struct {
	*terminal.Terminal
	lines int // of progress on the screen
	told  time.Duration
}

func newScreen(out *os.File) *screen { return &screen{Terminal: terminal.New(out)} }

func (sc *screen) intro(s settings, guarded *side) {
	sc.Say("")
	sc.Say("%s", sc.Paint("1", "The same leaking worker, twice."))
	sc.Say("It keeps %d KiB of every GET for good, has a memory limit of %d MiB, and gets", s.leakKB, s.limit>>20)
	sc.Say("%.0f requests a second for %v. One is behind stanch; the other is started", s.rate, s.duration)
	sc.Say("again whenever it dies. No request is sent twice.")
	if guarded.group == nil {
		sc.Say("(Without cgroups the demo itself kills what goes over the")
		sc.Say("limit, in the kernel's place. A real limit also stalls before it kills.)")
	} else {
		sc.Say("(The limits are cgroups, %s, with everything inside.)", guarded.group.Version())
	}
	sc.Say("")
}

// progress redraws the two lines, or, where the output is no terminal, tells
// them every ten seconds.
func (sc *screen) progress(at time.Duration, s settings, sides []*side) {
	if !sc.Live {
		if at-sc.told < 10*time.Second && at < s.duration || sc.told >= s.duration {
			return
		}
		sc.told = at
	} else if sc.lines > 0 {
		fmt.Fprintf(sc.Out, "\x1b[%dA", sc.lines)
	}
	sc.lines = len(sides)
	for _, sd := range sides {
		used := sd.memory.Last().Bytes
		clear := ""
		if sc.Live {
			clear = "\x1b[2K"
		}
		sc.Say("%s%3.0f s  %-13s %s %3d MiB  %5d sent  %s  %s", clear, at.Seconds(), sd.name,
			sc.bar(used, s.limit), used>>20, sd.sum.Sent, sc.lost(sd.sum.Lost), sd.fate())
	}
}

func (sc *screen) bar(used, limit int64) string {
	const width = 20
	full := int(math.Round(min(float64(used)/float64(limit), 1) * width))
	code := "32"
	switch {
	case used > limit*9/10:
		code = "31"
	case used > limit*3/4:
		code = "33"
	}
	return sc.Paint(code, strings.Repeat("█", full)) + strings.Repeat("░", width-full)
}

func (sc *screen) lost(n int64) string {
	if n == 0 {
		return sc.Paint("32", "0 lost")
	}
	return sc.Paint("31;1", fmt.Sprintf("%d lost", n))
}

// fate is what became of the worker.
func (sd *side) fate() string {
	if sd.stanch != nil {
		return fmt.Sprintf("%d× replaced", sd.replaced)
	}
	return fmt.Sprintf("%d× killed", sd.kills)
}

func (sc *screen) summary(s settings, sides []*side) {
	sc.Say("")
	row := func(name string, value func(*side) string) {
		fmt.Fprintf(sc.Out, "  %-24s", name)
		for _, sd := range sides {
			fmt.Fprintf(sc.Out, "%18s", value(sd))
		}
		fmt.Fprintln(sc.Out)
	}
	row("", func(sd *side) string { return sd.name })
	row("requests sent", func(sd *side) string { return fmt.Sprint(sd.sum.Sent) })
	row("requests lost", func(sd *side) string { return fmt.Sprint(sd.sum.Lost) })
	row("longest outage", func(sd *side) string { return long(sd.sum.OutageMS) })
	row("99 % answered within", func(sd *side) string { return long(int64(math.Ceil(sd.sum.P99MS))) })
	row("worker replaced in time", func(sd *side) string {
		if sd.stanch == nil {
			return "never"
		}
		return fmt.Sprintf("%d times", sd.replaced)
	})
	row("killed at its limit", func(sd *side) string { return fmt.Sprintf("%d times", sd.kills) })
	row("peak of memory", func(sd *side) string {
		return fmt.Sprintf("%d of %d MiB", sd.memory.Peak()>>20, s.limit>>20)
	})
	for _, sd := range sides {
		sc.Say("")
		sc.chart(s, sd)
	}
}

func long(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d ms", ms)
	}
	return fmt.Sprintf("%.1f s", float64(ms)/1000)
}

func (sc *screen) chart(s settings, sd *side) {
	series := chart.Series{}
	for _, sample := range sd.memory.Stop() {
		if at := sample.At.Sub(sd.begin).Seconds(); at >= 0 {
			series.X, series.Y = append(series.X, at), append(series.Y, float64(sample.Bytes>>20))
		}
	}
	var marks []chart.Mark
	for _, m := range sd.marks {
		marks = append(marks, chart.Mark{X: m.at.Sub(sd.begin).Seconds(), Label: m.label})
	}
	chart.Line(sc.Out, chart.Options{
		Width: sc.Width, Height: 10, Title: "Memory " + sd.name, Color: sc.Color, Marks: marks,
		Unit:  func(v float64) string { return fmt.Sprintf("%.0f MiB", v) },
		XUnit: func(v float64) string { return fmt.Sprintf("%.0f s", v) },
		Lines: []chart.HLine{{Y: float64(s.limit >> 20), Label: "limit"}},
	}, series)
}
