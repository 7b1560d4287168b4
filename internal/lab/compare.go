package lab

// Comparison is one variant against another under the same arrivals, bytes and order.
type Comparison struct {
	A, B    string // variants; A is the one that B is said to be better or worse than
	Metrics []Metric
}

// Metric is what two arms are compared by. One of Series, KQL and Quantile is set.
type Metric struct {
	ID         string
	Says       string
	Window     []string
	Series     Series // with Per: its growth; without: its median
	Per        Per
	KQL        string  // one row with one number, of each run
	Quantile   float64 // of the durations of Stream's requests
	Stream     string
	Expect     Expect
	By         float64 // the least change that counts, as a share of A; of Same the most
	Confidence float64
}

// Expect is what is expected of B beside A.
type Expect string

// The expectations.
const (
	Less    Expect = "less"
	More    Expect = "more"
	Equal   Expect = "same"
	NoWorse Expect = "no-worse" // less, or the same
	Either  Expect = "open"     // nobody knows: the finding is only told
)

// Repeat is how often the experiment is run: once is one run, or of a comparison a
// pair of runs.
type Repeat struct {
	Least, Most int
	// UntilDecided ends after Least as soon as the verdict is clear; looks between
	// are paid for in the verdict's confidence.
	UntilDecided bool
}
