package verdict

// Measure is what a criterion reads from a window.
type Measure string

// The measures. Those without a bound of their own are read, not estimated: the
// number is what it is in this run.
const (
	Value      Measure = "value"      // a fact, named by Series; read
	Count      Measure = "count"      // samples; read
	Coverage   Measure = "coverage"   // share of the window's twentieths that have a sample; read
	Max        Measure = "max"        // read
	Min        Measure = "min"        // read
	MeanOf     Measure = "mean"       // in the order of time, by the means of ten parts
	Percentile Measure = "percentile" // At, by order statistics
	Slope      Measure = "slope"      // of the floors, a second, or a unit of the series Per
	Growth     Measure = "growth"     // of the floor in a cycle, or a unit of Per, by Student's t over cycles
	Weakest    Measure = "weakest"    // growth of the weakest cycle as a share of their mean; read
	Saturating Measure = "saturating" // slope of the later half as a share of the earlier one's
	Shift      Measure = "shift"      // of the values against those of Against, by their ranks
	Retained   Measure = "retained"   // share of what Peak had above Base that the window still has
	Endpoint   Measure = "endpoint"   // of several Streams the first leaves more than the threshold a request, the others less
	Aligned    Measure = "aligned"    // seconds between the first and the last onset of the signals
)

// Relation is how the measure stands to the threshold.
type Relation string

// The relations. Within is on both sides of zero: larger than -Threshold and smaller
// than Threshold.
const (
	Above   Relation = "above"
	Below   Relation = "below"
	AtLeast Relation = "at least"
	AtMost  Relation = "at most"
	Within  Relation = "within"
)

// Place is where a measure is taken. An empty variant is the only one; in Against it is
// that of the criterion.
type Place struct {
	Variant string
	Window  string
}

// Against is what a measure is held against: the same measure at another place.
type Against struct {
	Place
	Ratio  bool // the criterion's measure over the other; else less the other
	Share  bool // of a Ratio in pairs: less one, which is the change as a share of the other
	Paired bool // over all repeats, each of which is a pair
}

// Criterion is a statement that the evidence may establish.
type Criterion struct {
	ID         string
	Place      Place
	Measure    Measure
	Series     string
	Per        string  // a series that counts up, such as requests; empty is seconds
	At         float64 // which percentile, as a share: 0.95
	Against    *Against
	Is         Relation
	Threshold  float64  // in the measure's unit
	Confidence float64  // of each bound; 0 is 0.99, and 0.95 for within
	Least      float64  // Saturating: the last third also has to grow less. Endpoint: the first stream also has to leave more. 0 asks for nothing
	Base, Peak string   // Retained: the windows before and in the incident
	Streams    []string // Endpoint: series that count requests up
	Signals    []Signal
	Others     []Signal // Aligned: what else could explain the effects
	Tolerance  float64  // Aligned: seconds; the threshold of Aligned
	Overlap    float64  // Aligned: share of the shortest signal in which all have to be on; 0 is a half
}

// Signal is a series being beyond a threshold. Of a criterion's signals the first is the
// cause that is claimed, the rest are its effects.
type Signal struct {
	Name      string // in words: "memory is critical"
	Series    string
	Is        Relation // Above or Below
	Threshold float64
	Hold      float64 // seconds that it has to last to count; 0 for events
}

// Control tries the instrument. The runs with its name have to make its criterion
// hold.
type Control struct {
	Name      string
	Kind      Kind
	Criterion Criterion
}

// Kind says what a control tries.
type Kind string

// The kinds.
const (
	Positive Kind = "positive" // something was planted, and has to be found
	Negative Kind = "negative" // the same twice, and must not differ: its criterion is within a margin
)

// Repeats says how often. A verdict needs the least, and may be asked for after each
// repeat from then on.
type Repeats struct {
	Least, Most int // 0 is 1, and as many as the least
}

// Comparison asks which of two variants has less of something, repeat by repeat.
type Comparison struct {
	Name       string
	A, B       string // variants
	Window     string
	Measure    Measure
	Series     string
	Per        string
	At         float64
	Smallest   float64 // a difference that matters, in the measure's unit
	Share      bool    // Smallest is a share of A
	More       bool    // more is better
	Expect     Change  // Better, Worse, Equivalent or NotWorse is the claim, where a case has no criteria; empty: none
	Confidence float64 // two-sided; 0 is 0.95
}

// Case is all that is judged, fixed before the run.
type Case struct {
	Gates       []Criterion
	Controls    []Control
	Proof       []Criterion
	Disproof    []Criterion
	Comparisons []Comparison
	Repeats     Repeats
}
