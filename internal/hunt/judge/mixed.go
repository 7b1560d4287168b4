package judge

import "github.com/stanch-dev/stanch/internal/hunt"

// Mixed judges windows of mixed traffic, for when endpoints can't be driven apart.
// Its findings are unidentifiable where the endpoints' requests rose and fell
// together.
func Mixed(endpoints []string, smallest float64, stretches []hunt.Stretch) hunt.Report {
	return hunt.Report{Verdict: hunt.Undecided, Blocks: len(stretches), Detectable: -1, More: -1, Remaining: -1}
}
