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

// screen tells the story. On a terminal the progress stays in its place; in a pipe
// it is a line every five seconds.
type screen struct {
	*terminal.Terminal
	drawn bool
	told  time.Duration
}

func newScreen(out *os.File) *screen { return &screen{Terminal: terminal.New(out)} }

func (sc *screen) intro(s settings, w pythonWorker) {
	sc.Say("")
	sc.Say("%s", sc.Paint("1", "A Python function that reads an image of 5 MB for each message, three ways."))
	sc.Say("%d messages go round and round, %v each way, in Azure's own Python worker", s.messages, s.duration)
	sc.Say("(form %s), under stanch, with a limit of %d MiB; the storage is Azurite.", w.name, s.limit>>20)
	if !w.shared {
		sc.Say("This form can't read shared memory: the first two ways are the same.")
		sc.Say("bench/pyworker/install.sh says how the complete one is had.")
	}
	sc.Say("")
}

// begin goes on to the next variant, below what was shown.
func (sc *screen) begin() { sc.drawn, sc.told = false, 0 }

func (sc *screen) progress(s settings, sd *side) {
	clear := ""
	if sc.Live {
		clear = "\x1b[2K"
		if sc.drawn {
			clear = "\x1b[2A\x1b[2K"
		}
	} else {
		if sd.took-sc.told < 5*time.Second && sd.took < s.duration {
			return
		}
		sc.told = sd.took
	}
	sc.drawn = true
	private := sd.private.Last().Bytes
	second := ""
	if sc.Live {
		second = "\x1b[2K"
	}
	sc.Say("%s%3.0f s  %-28s %s %4d messages  %5.1f/s", clear, sd.took.Seconds(), sd.name, sc.bar(private, s.limit/4), sd.done, sd.rate())
	sc.Say("%s       worker %d MiB private, %d MiB RSS; stanch %d MiB RSS", second, private>>20, sd.resident.Last().Bytes>>20, sd.own.Last().Bytes>>20)
}

func (sc *screen) bar(used, full int64) string {
	const width = 16
	n := int(math.Round(min(float64(used)/float64(full), 1) * width))
	return sc.Paint("36", strings.Repeat("█", n)) + strings.Repeat("░", width-n)
}

func (sc *screen) summary(s settings, sides []*side) {
	sc.Say("")
	row := func(name string, value func(*side) string) {
		fmt.Fprintf(sc.Out, "  %-28s", name)
		for _, sd := range sides {
			fmt.Fprintf(sc.Out, "%15s", value(sd))
		}
		fmt.Fprintln(sc.Out)
	}
	mib := func(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
	row("", func(sd *side) string { return sd.short })
	row("messages", func(sd *side) string { return fmt.Sprint(sd.done) })
	row("messages a second", func(sd *side) string { return fmt.Sprintf("%.1f", sd.rate()) })
	row("of them failed", func(sd *side) string { return fmt.Sprint(sd.failed) })
	row("worker's private peak", func(sd *side) string { return mib(sd.private.Peak()) })
	row("worker's RSS peak", func(sd *side) string { return mib(sd.resident.Peak()) })
	row("growth a message, 2nd half", func(sd *side) string { return fmt.Sprintf("%+.0f B", sd.growth()) })
	row("workers lost", func(sd *side) string { return fmt.Sprint(sd.died) })
	row("stanch's RSS peak", func(sd *side) string { return mib(sd.own.Peak()) })
	sc.Say("")
	sc.Say("  Growth over a minute is rough: runs differ by 100 kB a message and more, either way.")
	for _, sd := range sides {
		sc.Say("")
		sc.chart(s, sd)
	}
}

func (sc *screen) chart(s settings, sd *side) {
	series := chart.Series{}
	for _, sample := range sd.private.Stop() {
		if at := sample.At.Sub(sd.begin).Seconds(); at >= 0 {
			series.X, series.Y = append(series.X, at), append(series.Y, float64(sample.Bytes>>20))
		}
	}
	_ = chart.Line(sc.Out, chart.Options{ // the only errors are stdout's
		Width: sc.Width, Height: 8, Title: "The worker's private memory: " + sd.name, Color: sc.Color,
		Unit:  func(v float64) string { return fmt.Sprintf("%.0f MiB", v) },
		XUnit: func(v float64) string { return fmt.Sprintf("%.0f s", v) },
	}, series)
}
