package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/hunt"
)

// size prints bytes; a few of them as they are, for one decimal of a kibibyte would
// hide what an interval tells.
func size(bytes float64) string {
	switch {
	case bytes < 0:
		return "-" + size(-bytes)
	case bytes < 10_000:
		return fmt.Sprintf("%.0fB", bytes)
	}
	return bytesize.Size(math.Round(bytes)).String()
}

// why says a finding in a sentence.
func why(f *hunt.Finding, who *suspect) string {
	switch f.Verdict {
	case hunt.Leaks:
		return fmt.Sprintf("each request leaves %s behind (%s to %s), in %d rounds", size(f.PerRequest.Mid), size(f.PerRequest.Lo), size(f.PerRequest.Hi), f.Rounds)
	case hunt.Clean:
		if f.AtMost < 1 {
			return "leaves nothing behind that would show"
		}
		return "leaves at most " + size(f.AtMost) + " a request behind"
	case hunt.Filling:
		return fmt.Sprintf("grew until round %d, and since then by at most %s a request: it fills something", who.from-1, size(f.AtMost))
	case hunt.Kills:
		return fmt.Sprintf("the worker died in %d of its blocks: %s", f.Deaths, who.ended)
	case hunt.Unidentifiable:
		return fmt.Sprintf("none of its %d requests was answered well", f.Failed)
	}
	switch {
	case f.PerRequest == nil:
		return "too few rounds to say"
	case who.from > 0:
		return fmt.Sprintf("grew, and less since round %d; more rounds will tell whether it goes on", who.from)
	}
	return fmt.Sprintf("%s to %s a request: could be either", size(f.PerRequest.Lo), size(f.PerRequest.Hi))
}

// notes are what an operator should know beside the findings.
func (s *side) notes(all judgements, smallest float64) (notes []string) {
	unstable, blocks, replaced := 0, 0, 0
	for _, o := range s.seen {
		switch {
		case o.After.Generation != o.Before.Generation:
			replaced++
		case o.Block.Round > 0:
			blocks++
			if !o.After.Stable {
				unstable++
			}
		}
	}
	if unstable*4 > blocks {
		notes = append(notes, fmt.Sprintf("memory had not come to rest after %d of %d blocks, so that intervals are wide; a longer settling would help", unstable, blocks))
	}
	if replaced > 0 {
		notes = append(notes, fmt.Sprintf("the worker was replaced in %d blocks, and the first block of each endpoint after that does not count", replaced))
	}
	lead := all.lead()
	for _, name := range slices.Sorted(maps.Keys(s.suspects)) {
		in := lead.interval(name)
		if found := s.suspects[name].found; found != nil {
			in = found.perRequest
		}
		if in != nil && in.Hi < -smallest {
			notes = append(notes, fmt.Sprintf("%s gives memory back (%s a request): another endpoint may take it, and leak only by itself", name, size(-in.Mid)))
		}
	}
	return notes
}

// overall is the verdict on all endpoints.
func overall(findings []hunt.Finding) hunt.Verdict {
	all := hunt.Clean
	for _, f := range findings {
		switch f.Verdict {
		case hunt.Leaks, hunt.Kills:
			return hunt.Leaks
		case hunt.Undecided, hunt.Unidentifiable:
			all = hunt.Undecided
		}
	}
	return all
}

// summary is the hunt in a line.
func summary(r *hunt.Report) string {
	if len(r.Comparisons) > 0 {
		changes := map[hunt.Change]int{}
		for _, c := range r.Comparisons {
			changes[c.Change]++
		}
		return fmt.Sprintf("b against a: %d improved, %d worse, %d equivalent, %d undecided",
			changes[hunt.Improved], changes[hunt.Worse], changes[hunt.Equivalent], changes[hunt.Unsettled])
	}
	leaking, undecided, atMost := 0, 0, 0.0
	var worst *hunt.Finding
	for i := range r.Findings {
		f := &r.Findings[i]
		switch f.Verdict {
		case hunt.Leaks:
			leaking++
			if worst == nil || f.PerRequest.Mid > worst.PerRequest.Mid {
				worst = f
			}
		case hunt.Clean, hunt.Filling:
			atMost = max(atMost, f.AtMost)
		default:
			undecided++
		}
	}
	switch {
	case worst == nil && r.Verdict == hunt.Leaks:
		return "a worker died under load"
	case leaking == 0 && undecided == 0:
		return "none leaks more than " + size(atMost) + " a request"
	case leaking == 0:
		return fmt.Sprintf("undecided for %d of %d endpoints", undecided, len(r.Findings))
	}
	line := fmt.Sprintf("%s leaks %s a request", worst.Endpoint, size(worst.PerRequest.Mid))
	if leaking > 1 {
		line += fmt.Sprintf(", and %d more leak", leaking-1)
	}
	return line
}
