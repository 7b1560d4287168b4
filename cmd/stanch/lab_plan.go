package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
)

// labPlan is what an experiment is going to do. Times are seconds of the wall's clock.
type labPlan struct {
	Name    string      `json:"name"`
	Claim   string      `json:"claim"`
	Small   bool        `json:"small"`
	Speed   float64     `json:"speed"`
	Scale   float64     `json:"scale"`
	Seed    uint64      `json:"seed"`
	Phases  []planPhase `json:"phases"`
	Runs    []planRun   `json:"runs"` // of the fewest rounds
	Before  int         `json:"before"`
	Arrive  int64       `json:"arrivals"` // in one timeline
	Bytes   int64       `json:"bytes"`    // of their payloads
	Seconds float64     `json:"seconds"`  // of all runs of the fewest rounds
	Most    float64     `json:"most_seconds"`
	Gates   int         `json:"gates"`
	Proof   int         `json:"proof"`
	Against int         `json:"disproof"`
	Metrics int         `json:"metrics"`
}

type planPhase struct {
	Name   string           `json:"name"`
	Start  float64          `json:"start"`
	End    float64          `json:"end"`
	Judged bool             `json:"judged"`
	Arrive map[string]int64 `json:"arrivals"` // by stream
	Bytes  int64            `json:"bytes"`
	Peak   int64            `json:"most_in_a_second"`
	Do     []string         `json:"do,omitempty"`

	streams []string // in the order of the file
}

type planRun struct {
	Number  int           `json:"number"`
	Role    timeline.Role `json:"role"`
	Variant string        `json:"variant"`
	Round   int           `json:"round,omitempty"`
	Seconds float64       `json:"seconds"`

	what string
}

// planOf counts what the timeline asks for, arrival by arrival, as a run would.
func planOf(e *lab.Experiment) *labPlan {
	p := &labPlan{
		Name: e.Name, Claim: e.Hypothesis.Claim, Small: e.Version.Small, Speed: e.Version.Speed, Scale: e.Version.Scale, Seed: e.Load.Seed,
		Gates: len(e.Gates), Proof: len(e.Proof), Against: len(e.Disproof),
	}
	if e.Compare != nil {
		p.Metrics = len(e.Compare.Metrics)
	}
	for range timeline.Before(e) {
		p.Before++
	}
	for _, span := range timeline.Spans(e) {
		phase := planPhase{Name: span.Phase.Name, Start: span.Start.Seconds(), End: span.End.Seconds(), Judged: span.Phase.Judge, Arrive: map[string]int64{}}
		second, inSecond := int64(-1), int64(0)
		for a := range timeline.Arrivals(e, []timeline.Span{span}) {
			phase.Arrive[a.Stream]++
			phase.Bytes += int64(a.Size)
			if s := int64(a.At / time.Second); s != second {
				second, inSecond = s, 0
			}
			inSecond++
			phase.Peak = max(phase.Peak, inSecond)
			p.Arrive++
		}
		for _, stream := range e.Load.Streams {
			if phase.Arrive[stream.Name] > 0 {
				phase.streams = append(phase.streams, stream.Name)
			}
		}
		for _, a := range span.Phase.Do {
			phase.Do = append(phase.Do, done(a))
		}
		p.Bytes += phase.Bytes
		p.Phases = append(p.Phases, phase)
	}
	runs := timeline.Runs(e, e.Repeat.Least)
	for _, r := range runs {
		p.Runs = append(p.Runs, planRun{r.Number, r.Role, r.Variant, r.Round, timeline.Length(timeline.Spans(e, r.Phases...)).Seconds(), r.String()})
	}
	p.Seconds = timeline.Total(e, runs).Seconds()
	p.Most = timeline.Total(e, timeline.Runs(e, e.Repeat.Most)).Seconds()
	return p
}

// done says an action for people.
func done(a lab.Action) string {
	switch {
	case a.Use != "":
		return "use " + a.Use
	case a.Recycle != nil && a.Recycle.Drain:
		return "recycle"
	case a.Recycle != nil:
		return "kill, and start anew"
	case a.Limit != nil:
		var parts []string
		if a.Limit.Memory > 0 {
			parts = append(parts, "memory "+a.Limit.Memory.String())
		}
		if a.Limit.Allocation > 0 {
			parts = append(parts, "allocation "+a.Limit.Allocation.String())
		}
		return "limit " + strings.Join(parts, ", ")
	}
	return a.Fault.Dependency + " is " + string(a.Fault.Kind)
}

// String prints the plan for people.
func (p *labPlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", p.Name, p.Claim)
	version := "as it is written"
	if p.Small {
		version = "the small version"
	}
	fmt.Fprintf(&b, "%s, at speed %v and scale %v, seed %d\n\n", version, p.Speed, p.Scale, p.Seed)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PHASE\tFROM\tTO\tARRIVALS\tBYTES\tDOES")
	for _, phase := range p.Phases {
		var arrive []string
		for _, stream := range phase.streams {
			arrive = append(arrive, fmt.Sprintf("%d %s", phase.Arrive[stream], stream))
		}
		if len(arrive) == 0 {
			arrive = []string{"-"}
		}
		does := strings.Join(phase.Do, "; ")
		if !phase.Judged {
			does = strings.TrimPrefix(does+"; not judged", "; ")
		}
		fmt.Fprintln(t, strings.TrimRight(fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", phase.Name, clock(phase.Start), clock(phase.End), strings.Join(arrive, ", "), bytesize.Size(phase.Bytes), does), "\t"))
	}
	_ = t.Flush()
	fmt.Fprintf(&b, "\n")
	t = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tWHAT\tTAKES")
	for _, r := range p.Runs {
		fmt.Fprintf(t, "%d\t%s\t%s\n", r.Number, r.what, takes(r.Seconds))
	}
	_ = t.Flush()
	fmt.Fprintf(&b, "\nA timeline has %d requests, messages and blobs with %s", p.Arrive, bytesize.Size(p.Bytes))
	if p.Before > 0 {
		fmt.Fprintf(&b, ", and %d that are there before", p.Before)
	}
	fmt.Fprintf(&b, ".\n")
	fmt.Fprintf(&b, "The verdict: %s.\n", strings.Join(p.asked(), ", "))
	fmt.Fprintf(&b, "It takes %s", takes(p.Seconds))
	if p.Most > p.Seconds {
		fmt.Fprintf(&b, ", up to %s until it is decided", takes(p.Most))
	}
	fmt.Fprintf(&b, ", and the starts of workers on top.\n")
	return b.String()
}

// asked counts what the verdict rests on.
func (p *labPlan) asked() (all []string) {
	for _, part := range []struct {
		n         int
		one, many string
	}{
		{p.Gates, "gate", "gates"},
		{p.Proof, "criterion of proof", "criteria of proof"},
		{p.Against, "of disproof", "of disproof"},
		{p.Metrics, "metric compared", "metrics compared"},
	} {
		switch part.n {
		case 0:
		case 1:
			all = append(all, "1 "+part.one)
		default:
			all = append(all, fmt.Sprintf("%d %s", part.n, part.many))
		}
	}
	return all
}

// clock prints seconds as minutes and seconds.
func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond)
	return fmt.Sprintf("%d:%04.1f", int(d.Minutes()), (d % time.Minute).Seconds())
}
