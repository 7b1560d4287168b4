package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/trial"
)

// labScreen shows how an experiment goes: on a terminal in a block that stays in its
// place, else a line for each run, phase and death.
type labScreen struct {
	out      io.Writer
	e        *lab.Experiment
	quiet    bool
	terminal bool
	color    bool
	width    int

	mu    sync.Mutex
	lines int // of the block
	most  int // runs
	run   timeline.Run
	began time.Time
	phase string
	told  int // exits
	left  time.Duration
}

func newLabScreen(w world, e *lab.Experiment, quiet bool) *labScreen {
	s := &labScreen{out: w.stderr, e: e, quiet: quiet, terminal: isTerminal(w.stderr), width: 80}
	if s.terminal {
		width, color := terminal(world{stdout: w.stderr, environ: w.environ})
		s.width, s.color = min(max(width, 40), 120), color
	}
	return s
}

// begin is told of each run.
func (s *labScreen) begin(run timeline.Run, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run, s.most, s.began, s.phase, s.told = run, most, time.Now(), "", 0
	s.left = 0
	for _, later := range timeline.Runs(s.e, max(run.Round, s.e.Repeat.Least, 1)) {
		if later.Number > run.Number {
			s.left += timeline.Length(timeline.Spans(s.e, later.Phases...))
		}
	}
	if s.quiet {
		return
	}
	s.erase()
	fmt.Fprintf(s.out, "%s run %d of %s: %s\n", s.paint("1", s.e.Name), run.Number, s.upTo(), run)
}

// upTo is how many runs there may be.
func (s *labScreen) upTo() string {
	if s.e.Repeat.UntilDecided && s.e.Repeat.Most > s.e.Repeat.Least {
		return fmt.Sprintf("up to %d", s.most)
	}
	return fmt.Sprint(s.most)
}

// show is told a few times a second.
func (s *labScreen) show(p trial.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet {
		return
	}
	if !s.terminal {
		s.tell(p)
		return
	}
	s.erase()
	lines := s.block(p)
	for _, line := range lines {
		fmt.Fprintln(s.out, line)
	}
	s.lines = len(lines)
}

// tell prints what is new.
func (s *labScreen) tell(p trial.Progress) {
	if p.Phase != s.phase {
		s.phase = p.Phase
		fmt.Fprintf(s.out, "  %6.1fs  %s; %s\n", p.Second, p.Phase, figuresOf(p))
	}
	if p.Exits > s.told {
		s.told = p.Exits
		for _, e := range p.Events {
			if e.Kind == lab.EventExited {
				fmt.Fprintf(s.out, "  %6.1fs  %s\n", e.At, clipLine(e.Text, 160))
			}
		}
	}
}

func figuresOf(p trial.Progress) string {
	text := fmt.Sprintf("%d sent, %d answered, %d failed", p.Sent, p.Answered, p.Failed)
	if !math.IsNaN(p.Used) && p.Generation > 0 {
		text = fmt.Sprintf("memory %v, ", bytesize.Size(p.Used)) + text
	}
	return text
}

// block is the screen of a trial.
func (s *labScreen) block(p trial.Progress) []string {
	left := time.Duration((p.Length-p.Second)*float64(time.Second)) + s.left
	lines := []string{
		s.phases(p),
		s.memory(p),
		fmt.Sprintf("load    %d sent, %d answered, %s; p95 %s", p.Sent, p.Answered, s.alarm(p.Failed > 0, fmt.Sprintf("%d failed", p.Failed)), p95Words(p.P95)),
		fmt.Sprintf("time    %s of %s, %s left in all", clock(p.Second), clock(p.Length), max(left, 0).Round(time.Second)),
	}
	for _, e := range p.Events {
		text, _, _ := strings.Cut(e.Text, "\n")
		line := clipLine(fmt.Sprintf("%7.1fs %s", e.At, text), s.width-1)
		lines = append(lines, s.alarm(e.Kind == lab.EventExited, line))
	}
	return lines
}

func p95Words(p95 time.Duration) string {
	if p95 == 0 {
		return "-"
	}
	return p95.Round(time.Millisecond).String()
}

// phases are all of them, with the present one marked.
func (s *labScreen) phases(p trial.Progress) string {
	var names []string
	for _, span := range timeline.Spans(s.e, p.Run.Phases...) {
		name := span.Phase.Name
		if name == p.Phase {
			if p.Cycle > 0 {
				name += fmt.Sprintf(" %d/%d", p.Cycle, span.Phase.Cycles)
			}
			name = s.paint("1", "["+name+"]")
		}
		names = append(names, name)
	}
	return "phase   " + strings.Join(names, " ")
}

// memory is a bar against the limit, with the bounds that criteria set.
func (s *labScreen) memory(p trial.Progress) string {
	if p.Generation == 0 || math.IsNaN(p.Used) {
		return "memory  " + s.alarm(true, "no worker")
	}
	text := bytesize.Size(p.Used).String()
	if math.IsNaN(p.Limit) || p.Limit <= 0 {
		return "memory  " + text
	}
	text += fmt.Sprintf(" of %v; process %d, %d have ended", bytesize.Size(p.Limit), p.Generation, p.Exits)
	room := s.width - 10 - len(text)
	if room < 10 {
		return "memory  " + text
	}
	full := min(max(int(p.Used/p.Limit*float64(room)), 0), room)
	bar := []rune(strings.Repeat("█", full) + strings.Repeat("░", room-full))
	for _, mark := range s.marks() {
		if at := int(mark / p.Limit * float64(room)); at >= 0 && at < room {
			bar[at] = '|'
		}
	}
	return "memory  " + s.alarm(p.Used > 0.9*p.Limit, string(bar)) + " " + text
}

// marks are the bounds in bytes that criteria hold levels against.
func (s *labScreen) marks() (all []float64) {
	for _, c := range append(append([]lab.Criterion{}, s.e.Proof...), s.e.Disproof...) {
		if c.Test != lab.Level {
			continue
		}
		for _, e := range c.Bound.Edges() {
			if e.Value.Unit == lab.Bytes {
				all = append(all, e.Value.Number)
			}
		}
	}
	return all
}

func (s *labScreen) alarm(on bool, text string) string {
	if !on {
		return text
	}
	return s.paint("31", text)
}

func (s *labScreen) paint(code, text string) string {
	if !s.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// erase takes the block off the terminal.
func (s *labScreen) erase() {
	if s.lines > 0 {
		fmt.Fprintf(s.out, "\x1b[%dF\x1b[J", s.lines)
		s.lines = 0
	}
}

// end leaves the terminal as it was.
func (s *labScreen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

// clipLine keeps a line within columns, and what moves a cursor out of it.
func clipLine(text string, width int) string {
	text, _, _ = strings.Cut(text, "\n")
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, text))
	if len(runes) > width && width > 1 {
		return string(runes[:width-1]) + "…"
	}
	return string(runes)
}
