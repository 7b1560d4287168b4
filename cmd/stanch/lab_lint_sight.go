package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/foresight"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// labSight is what a criterion could tell, in JSON. Amounts are in the series' unit, of
// a unit of per where there is one; null is not known, or nothing at all.
type labSight struct {
	Part      string          `json:"part"`
	ID        string          `json:"id"`
	Window    string          `json:"window"`
	Seconds   float64         `json:"seconds"`
	Requests  int64           `json:"requests"`
	Samples   int             `json:"samples"`
	Measure   verdict.Measure `json:"measure"`
	Series    string          `json:"series,omitempty"`
	Per       string          `json:"per,omitempty"`
	Noise     verdict.Number  `json:"noise,omitempty"` // what is new from floor to floor
	NoiseFrom string          `json:"noise_from,omitempty"`
	Tells     verdict.Number  `json:"could_tell"`
	Asks      verdict.Number  `json:"asks"`
	Grade     foresight.Grade `json:"grade"`
	Why       string          `json:"why,omitempty"`
	Longer    int             `json:"times_as_long,omitempty"`
	Higher    int             `json:"times_the_load,omitempty"`
}

func labSights(all []foresight.Sight) []labSight {
	out := make([]labSight, 0, len(all))
	for _, s := range all {
		one := labSight{
			Part: s.Part, ID: s.ID, Window: s.Window, Seconds: s.Seconds, Requests: s.Requests, Samples: s.Samples,
			Measure: s.Reads.Measure, Series: s.Reads.Series, Per: s.Reads.Per,
			Noise: verdict.Number(s.Noise.New), NoiseFrom: s.Noise.From,
			Tells: verdict.Number(s.Tells), Asks: verdict.Number(s.Asks), Grade: s.Grade, Why: s.Why, Longer: s.Longer, Higher: s.Higher,
		}
		if s.Why != "" {
			one.Asks = verdict.Number(math.NaN())
		}
		out = append(out, one)
	}
	return out
}

// sightTable is a line for each criterion.
func sightTable(all []foresight.Sight) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PART\tCRITERION\tWINDOW\tCOULD TELL\tASKS\tSO")
	for _, s := range all {
		if s.Why != "" {
			fmt.Fprintf(t, "%s\t%s\t%s\t-\t-\t%s\n", s.Part, s.ID, s.Window, s.Why)
			continue
		}
		so := string(s.Grade)
		if s.Noise.From != "" && s.Noise.From != s.Window {
			so += ", by the noise of " + s.Noise.From
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Part, s.ID, s.Window, couldTell(&s), asks(&s), so)
	}
	_ = t.Flush()
	return b.String()
}

// couldTell says what a criterion could tell from nothing.
func couldTell(s *foresight.Sight) string {
	if math.IsInf(s.Tells, 0) {
		return "nothing: memory wanders"
	}
	amount := amountOf(s, s.Tells)
	switch {
	case s.Reads.Against != nil:
		return "a difference of " + amount
	case s.Reads.Measure == verdict.MeanOf:
		return "a level to " + amount
	}
	return "growth of " + amount
}

// asks says what it has to tell.
func asks(s *foresight.Sight) string {
	is := string(s.Reads.Is)
	if s.Reads.Threshold == 0 && s.Reads.Is != verdict.Within {
		return "the smallest effect, " + amountOf(s, s.Asks)
	}
	return is + " " + amountOf(s, s.Asks)
}

// amountOf is an amount of a series, in what it is counted over.
func amountOf(s *foresight.Sight, v float64) string {
	text := strconv.FormatFloat(v, 'g', 3, 64)
	switch lab.Series(s.Reads.Series) {
	case lab.Threads, lab.FDs, lab.Goroutines:
	default:
		text += "B"
		if v >= 1 {
			text = bytesize.Size(math.Round(v)).String()
		}
	}
	if s.Reads.Per != "" {
		text += " a " + strings.TrimSuffix(s.Reads.Per, "s")
	}
	return text
}

// warnings say which parts of the experiment could not tell what they ask, and what
// would help.
func warnings(all []foresight.Sight) []string {
	said := []string{}
	for _, s := range all {
		if s.Grade != foresight.Coarse {
			continue
		}
		what := map[string]string{
			"control":  "this experiment can't pass its control",
			"proof":    "this experiment can't prove its claim",
			"disproof": "this experiment can't disprove its claim this way",
		}[s.Part]
		if s.Why != "" {
			said = append(said, fmt.Sprintf("%s: %s: %s", what, s.ID, s.Why))
			continue
		}
		said = append(said, fmt.Sprintf("%s: %s could tell %s, and is asked for %s: %s", what, s.ID, couldTell(&s), asks(&s), advice(&s)))
	}
	if !slices.ContainsFunc(all, func(s foresight.Sight) bool { return s.Part == "control" }) {
		said = append(said, "nothing tries the instrument: controls, planted and same, would show that it sees what is there, and nothing else")
	}
	return said
}

// advice says what would make a criterion fine enough.
func advice(s *foresight.Sight) string {
	var ways []string
	if s.Longer > 0 {
		ways = append(ways, fmt.Sprintf("make %s %d times as long", s.Window, s.Longer))
	}
	if s.Higher > 0 {
		ways = append(ways, fmt.Sprintf("make its load %d times as high", s.Higher))
	}
	return cmp.Or(strings.Join(ways, ", or "), "no length would help; ask for a larger effect")
}
