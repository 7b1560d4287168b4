// Package verdict says whether a lab's hypothesis is supported, from nothing but the
// evidence of its runs.
//
// A Case is what is to be judged, fixed before the run: gates of validity, controls,
// criteria of proof and of disproof, comparisons of variants. Evidence is what the
// runs left: series, facts and windows, on a clock that begins with each run. Judge
// makes a Verdict of the two. It has no clock and no file; the same case and evidence
// give the same verdict to the bit, in whatever order runs, series, windows and facts are
// listed.
//
// Four rules keep it honest. The instrument is tried first: where a gate or a control
// is missed there is no verdict, only the reason. Proof needs all of its criteria,
// disproof any; both, neither, or repeats that disagree are inconclusive. What was
// not found is not thereby absent: a disproof has to be established, by an interval
// that lies inside the margin or beyond the threshold, and says what it could have
// found. And every number tells what it rests on: variant, repeat, window, series, n.
//
// Begin with Case, Evidence and Judge. What a criterion measures is in measure.go, how it
// is decided in decide.go, how outcomes combine in judge.go.
package verdict

// Outcome is the answer.
type Outcome string

// The outcomes.
const (
	Supported    Outcome = "supported"
	NotSupported Outcome = "not supported"
	Inconclusive Outcome = "inconclusive"
)

// Again is how Verdict.Next begins where more of the same evidence could decide.
const Again = "run again"

// Decision is what the evidence says of one criterion.
type Decision string

// The decisions. A criterion fails when its contrary is established, and is unclear
// when neither is.
const (
	Holds   Decision = "holds"
	Fails   Decision = "fails"
	Unclear Decision = "unclear"
)

// Verdict is an outcome and all that it rests on. Its JSON is the same for the same
// case and evidence.
type Verdict struct {
	Outcome     Outcome    `json:"outcome"`
	Why         []string   `json:"why"`
	Next        string     `json:"next,omitempty"`   // what would decide it
	Causes      []string   `json:"causes,omitempty"` // others than the claim's that the signals point to
	Repeats     []Repeated `json:"repeats"`
	Gates       []Result   `json:"gates"`
	Controls    []Result   `json:"controls"`
	Proof       []Result   `json:"proof"`
	Disproof    []Result   `json:"disproof"`
	Comparisons []Compared `json:"comparisons"`
}

// Repeated is what one repeat says by itself.
type Repeated struct {
	Repeat  int     `json:"repeat"`
	Outcome Outcome `json:"outcome"`
	Why     string  `json:"why"`
}

// Input is what one number was read from.
type Input struct {
	Control string `json:"control,omitempty"`
	Repeat  int    `json:"repeat"`
	Variant string `json:"variant"`
	Window  string `json:"window"`
	From    Number `json:"from"` // seconds of the run
	To      Number `json:"to"`
	Series  string `json:"series"`
	N       int    `json:"n"` // samples in the window
}

// Result is one criterion held against the evidence. Lo and Hi are bounds, each of which
// the truth passes with a probability of at most 1-Confidence; they are the estimate itself
// where the number was read and not estimated.
type Result struct {
	ID         string   `json:"id"`
	Measure    Measure  `json:"measure"`
	Repeat     int      `json:"repeat"` // 0 is all repeats together
	Inputs     []Input  `json:"inputs"`
	Estimate   Number   `json:"estimate"`
	Lo         Number   `json:"lo"`
	Hi         Number   `json:"hi"`
	N          int      `json:"n"` // points that the estimate rests on
	Is         Relation `json:"is"`
	Threshold  Number   `json:"threshold"`
	Raised     bool     `json:"raised,omitempty"` // to what the same variant twice differs by
	Confidence Number   `json:"confidence"`       // as used; higher than asked for among several disproofs or looks
	P          Number   `json:"p"`                // the least odds of error at which it would hold
	Detectable Number   `json:"detectable"`       // an effect of this size would be found 8 times in 10; for within, such a margin
	Decision   Decision `json:"decision"`
	Why        string   `json:"why"`
	Causes     []string `json:"causes,omitempty"`
}
