package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/hunt"
)

// huntResult is what hunt prints as JSON.
type huntResult struct {
	hunt.Report
	Seed         uint64             `json:"seed"`
	Took         time.Duration      `json:"took"`
	Observations []hunt.Observation `json:"observations"`
}

// pair says whether two sides were compared.
func (r *huntResult) pair() bool {
	return slices.ContainsFunc(r.Findings, func(f hunt.Finding) bool { return f.Side == hunt.SideB })
}

// progress says where the hunt is: on a terminal in one line that changes, else
// now and then.
func (c *chase) progress(b hunt.Block) {
	what := b.Endpoint
	if what == "" {
		what = "idle"
	}
	if len(c.teams) > 1 {
		what += " of " + string(b.Side)
	}
	line := fmt.Sprintf("stanch: block %d", b.Number+1)
	if c.report.More >= 0 && c.report.Blocks > 0 {
		line += fmt.Sprintf(" of about %d", c.report.Blocks+c.report.More)
	}
	line += ", " + what
	if c.report.Detectable > 0 {
		line += fmt.Sprintf("; a leak of %s a request would show", amount(c.report.Detectable))
	}
	if c.report.Remaining > 0 {
		line += fmt.Sprintf("; about %v left", roundly(c.report.Remaining))
	}
	now := time.Now()
	if isTerminal(c.w.stderr) {
		if width, _ := terminal(world{stdout: c.w.stderr, environ: c.w.environ}); width > 1 && len(line) >= width {
			line = line[:width-1]
		}
		fmt.Fprintf(c.w.stderr, "\r%-*s", c.shown, line)
		c.shown = len(line)
		return
	}
	if now.Sub(c.began) > 2*time.Second && now.Sub(c.told) > 10*time.Second {
		c.told = now
		fmt.Fprintln(c.w.stderr, line)
	}
}

// clear takes the progress off the terminal.
func (c *chase) clear() {
	if c.shown > 0 {
		fmt.Fprintf(c.w.stderr, "\r%*s\r", c.shown, "")
	}
}

func printHunt(out io.Writer, r *huntResult, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	var b strings.Builder
	fmt.Fprintln(&b, r.Summary)
	fmt.Fprintln(&b)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	pair := r.pair()
	side := func(s hunt.Side) string {
		if pair {
			return string(s) + "\t"
		}
		return ""
	}
	if pair {
		fmt.Fprint(table, "side\t")
	}
	fmt.Fprintln(table, "endpoint\tverdict\tbytes a request\tkind\trequests/s\tp50\tp99\tfailed")
	for _, f := range r.Findings {
		fmt.Fprintf(table, "%s%s\t%s\t%s\t%s\t%.0f\t%s\t%s\t%s\n", side(f.Side), f.Endpoint, f.Verdict, kept(f.PerRequest), kind(f), f.PerSecond, millis(f.P50), millis(f.P99), failed(f))
	}
	_ = table.Flush()
	for _, f := range r.Findings {
		if f.Verdict != hunt.Clean || f.Deaths > 0 {
			fmt.Fprintf(&b, "\n%s%s: %s\n", strings.ReplaceAll(side(f.Side), "\t", " "), f.Endpoint, f.Why)
			if f.Decides != "" {
				fmt.Fprintf(&b, "  to decide it: %s\n", f.Decides)
			}
		}
	}
	if len(r.Comparisons) > 0 {
		fmt.Fprintln(&b)
		table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "b against a\tleak\tbytes a request, b less a\tspeed\trequests/s of a\tof b\tb over a")
		for _, c := range r.Comparisons {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Endpoint, c.Change, kept(c.Leak), c.Pace, figure(c.A, "%.0f"), figure(c.B, "%.0f"), figure(c.Speed, "%.3f"))
		}
		_ = table.Flush()
	}
	fmt.Fprintf(&b, "\n%d blocks in %v, seed %d\n", r.Blocks, roundly(r.Took), r.Seed)
	for _, note := range r.Notes {
		fmt.Fprintln(&b, "note: "+note)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// amount prints bytes, which may be negative.
func amount(v float64) string {
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v) || math.Abs(v) > 1e15:
		return "?"
	case v <= -0.5:
		return "-" + amount(-v)
	case v < 64<<10 && math.Mod(v, 1024) != 0:
		return fmt.Sprintf("%.0fB", math.Abs(v)) // whose second digit counts
	}
	return bytesize.Size(math.Round(v)).String()
}

func kept(i *hunt.Interval) string {
	if i == nil {
		return "not known"
	}
	return fmt.Sprintf("%s (%s to %s)", amount(i.Mid), amount(i.Lo), amount(i.Hi))
}

func figure(i *hunt.Interval, format string) string {
	if i == nil {
		return "not known"
	}
	return fmt.Sprintf(format+" ("+format+" to "+format+")", i.Mid, i.Lo, i.Hi)
}

// kind is that of what leaks; of what does not, there is none.
func kind(f hunt.Finding) string {
	if f.Verdict == hunt.Clean {
		return ""
	}
	return string(f.Class)
}

func failed(f hunt.Finding) string {
	text := ""
	if f.Failed > 0 {
		text = fmt.Sprint(f.Failed)
	}
	if f.Deaths > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%s died %d×", text, f.Deaths))
	}
	return text
}

func millis(v float64) string {
	return time.Duration(v * float64(time.Millisecond)).Round(10 * time.Microsecond).String()
}

func roundly(d time.Duration) time.Duration {
	if d > 10*time.Second {
		return d.Round(time.Second)
	}
	return d.Round(100 * time.Millisecond)
}
