package postmortem

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/chart"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

// WriteText writes the report for someone who was just paged: first why, then
// the evidence, the memory curve, the requests, what stanch did, and the last
// lines. Times are told as distances from the death. What a terminal would
// obey is shown, not sent.
func (r *Report) WriteText(w io.Writer, width int, color bool) error {
	if width <= 0 {
		width = 80
	}
	t := &text{out: bufio.NewWriter(w), color: color}
	t.print("%s\n", t.strong(printable(r.headline())))
	t.print("%s", sentence(r.Verdict.Confidence))
	for _, why := range r.Verdict.Because {
		t.print("  · %s\n", printable(why))
	}
	r.writeWorker(t)
	r.writeMemory(t, width)
	r.writeRequests(t)
	t.lines("What stanch did", r.Ladder, r.At, false)
	t.lines("Last output", r.Output, r.At, true)
	return t.out.Flush()
}

func sentence(c Confidence) string {
	switch c {
	case Certain:
		return "This is certain:\n"
	case Likely:
		return "This is likely, not certain:\n"
	}
	return "Who or what did it is not known. What is:\n"
}

func (r *Report) writeWorker(t *text) {
	t.section("Worker")
	t.print("  %s\n", printable(strings.Join(r.Command, " ")))
	life := fmt.Sprintf("pid %d", r.PID)
	if !r.Started.IsZero() {
		life += ", lived " + clean(round(r.At.Sub(r.Started)))
	}
	if r.Ready.IsZero() {
		life += ", was never ready"
	} else {
		life += ", was ready after " + clean(round(r.Ready.Sub(r.Started)))
	}
	t.print("  %s\n", life)
}

func (r *Report) writeMemory(t *text, width int) {
	t.section("Memory")
	var facts []string
	if r.Limit > 0 && r.Limit < unlimited {
		facts = append(facts, fmt.Sprintf("%v of %v", bytesize.Size(r.Used), bytesize.Size(r.Limit)))
	} else if r.Used > 0 {
		facts = append(facts, fmt.Sprintf("%v, no limit", bytesize.Size(r.Used)))
	}
	if r.Band != "" {
		facts = append(facts, "band "+r.Band)
	}
	if r.DecidedBy != "" {
		facts = append(facts, "by "+r.DecidedBy)
	}
	if r.Slope != 0 {
		facts = append(facts, rate("slope", r.Slope))
	}
	if r.Trend != 0 {
		facts = append(facts, rate("trend", r.Trend))
	}
	if r.PSISomeAvg10 > 0 || r.PSIFullAvg10 > 0 {
		facts = append(facts, fmt.Sprintf("stalled some %.1f %%, full %.1f %%", r.PSISomeAvg10, r.PSIFullAvg10))
	}
	if len(facts) > 0 {
		t.print("  %s\n", strings.Join(facts, " · "))
	}
	if text := r.Leak.text(r.At); text != "" {
		t.print("  %s\n", text)
	}
	if len(facts) > 0 {
		t.print("\n")
	}
	curve := chart.Series{}
	for _, p := range r.Curve {
		curve.X = append(curve.X, p.At.Sub(r.At).Seconds())
		curve.Y = append(curve.Y, float64(p.Used))
	}
	opt := chart.Options{
		Width: min(width, 120), Height: 10, Color: t.color, Marks: r.marks(),
		Unit:  func(v float64) string { return bytesize.Size(v).String() },
		XUnit: func(v float64) string { return ago(time.Duration(v * float64(time.Second))) },
	}
	if r.Limit > 0 && r.Limit < unlimited {
		opt.Lines = []chart.HLine{{Y: float64(r.Limit), Label: "limit"}}
	}
	if err := chart.Line(t.out, opt, curve); err != nil {
		return // t.out keeps it, and Flush returns it
	}
}

// text tells of growth, however sure; what does not grow has none.
func (l *Leak) text(death time.Time) string {
	if l == nil || l.PerSecond == nil {
		return ""
	}
	size := func(i *trend.Interval, times float64) string {
		return fmt.Sprintf("%v (%v to %v)", bytesize.Size(i.Mid*times), bytesize.Size(i.Lo*times), bytesize.Size(i.Hi*times))
	}
	facts := []string{"leak " + string(l.State), size(l.PerSecond, 3600) + " an hour"}
	if l.PerRequest != nil {
		facts = append(facts, size(l.PerRequest, 1)+" a request")
	}
	facts = append(facts, "kind "+string(l.Class))
	if l.Cause != "" {
		facts = append(facts, "along with "+l.Cause)
	}
	if !l.Since.IsZero() {
		facts = append(facts, "since "+ago(l.Since.Sub(death)))
	}
	return printable(strings.Join(facts, " · "))
}

// marks are the acts that change what the curve does next.
func (r *Report) marks() (marks []chart.Mark) {
	names := map[telemetry.Kind]string{
		telemetry.GateShut: "refused", telemetry.GateHeld: "held", telemetry.CleanupAsked: "cleanup",
		telemetry.ReplaceStarted: "replacing", telemetry.Frozen: "frozen", telemetry.WorkerReady: "ready",
	}
	for _, l := range r.Ladder {
		if name := names[telemetry.Kind(l.Source)]; name != "" {
			marks = append(marks, chart.Mark{X: l.At.Sub(r.At).Seconds(), Label: name})
		}
	}
	return marks
}

// mostRequests bounds a list that nobody reads to its end.
const mostRequests = 50

func (r *Report) writeRequests(t *text) {
	t.section(fmt.Sprintf("In flight: %d", len(r.InFlight)))
	for i, q := range r.oldest() {
		if i == mostRequests {
			t.print("  and %d more, all younger\n", len(r.InFlight)-i)
			break
		}
		t.print("  %8v  %s %s%s\n", round(q.Age), printable(q.Method), printable(q.Path), bodyOf(q))
	}
}

// oldest are the requests in flight, the oldest first.
func (r *Report) oldest() []Request {
	return slices.SortedStableFunc(slices.Values(r.InFlight), func(a, b Request) int { return int(min(max(b.Age-a.Age, -1), 1)) })
}

// text is a report in the making. Errors stay in out until its Flush.
type text struct {
	out   *bufio.Writer
	color bool
}

func (t *text) print(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

func (t *text) strong(s string) string {
	if t.color {
		return "\x1b[1m" + s + "\x1b[0m"
	}
	return s
}

func (t *text) section(title string) { t.print("\n%s\n", t.strong(title)) }

func (t *text) lines(title string, lines []Line, at time.Time, source bool) {
	if len(lines) == 0 {
		return
	}
	t.section(title)
	for _, l := range lines {
		if source {
			t.print("  %8s  %-6s  %s\n", ago(l.At.Sub(at)), printable(l.Source), printable(l.Text))
		} else {
			t.print("  %8s  %s\n", ago(l.At.Sub(at)), printable(l.Text))
		}
	}
}

// printable shows what a terminal would obey.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\t':
			return ' '
		case c < ' ' || c == 0x7f:
			return 0x2400 + min(c, 0x21) // Unicode's pictures of control characters
		case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029':
			return '\uFFFD'
		}
		return c
	}, s)
}

// ago is a distance from the death: "-1m30s", "-0.25s", "+2s".
func ago(d time.Duration) string {
	sign := "-"
	if d >= 0 {
		sign = "+"
	}
	d = round(d.Abs())
	if d == 0 {
		return "0s"
	}
	return sign + clean(d)
}

// clean prints a duration without the zeros at its end: 5m, not 5m0s.
func clean(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// round keeps about three digits of what people care about.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute || d <= -time.Minute:
		return d.Round(time.Second)
	case d >= time.Second || d <= -time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func rate(name string, v float64) string {
	sign := "+"
	if v < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s %s%v/s", name, sign, bytesize.Size(v))
}
