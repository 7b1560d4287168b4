package postmortem

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

// Version is of the report's form in JSON. It grows when a reader of the old
// form would misread the new one; new fields alone don't make it grow.
const Version = 1

// Report is all that is kept of a death. Texts have had their secrets blanked
// by whoever filled them in.
type Report struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	At      time.Time `json:"at"` // of the death
	Worker  string    `json:"worker"`
	PID     int       `json:"pid"`
	Command []string  `json:"command"`
	Started time.Time `json:"started"`
	Ready   time.Time `json:"ready,omitzero"` // zero if it never was

	Verdict Verdict `json:"verdict"`

	Used         int64   `json:"used"`                 // bytes, at the last look
	Limit        int64   `json:"limit"`                // bytes; memory.Unlimited or 0 if there is none
	DecidedBy    string  `json:"decided_by,omitempty"` // the signal that Used and Limit come from
	Band         string  `json:"band,omitempty"`
	Slope        float64 `json:"slope"` // bytes a second, just before
	Trend        float64 `json:"trend"` // bytes a second, over minutes; 0 if unknown
	PSISomeAvg10 float64 `json:"psi_some_avg10"`
	PSIFullAvg10 float64 `json:"psi_full_avg10"`

	Leak *Leak `json:"leak,omitempty"` // what was found of its memory; nil before it served

	Curve    []Point   `json:"curve"`
	InFlight []Request `json:"in_flight"`
	Ladder   []Line    `json:"ladder"` // what stanch did: events, their kind as the source
	Output   []Line    `json:"output"` // the last of what the worker printed, the stream as the source
}

// MarshalJSON writes a rate that is no number as 0: JSON has none such, and no
// report is to be lost for one figure.
func (r Report) MarshalJSON() ([]byte, error) {
	type plain Report
	for _, f := range []*float64{&r.Slope, &r.Trend, &r.PSISomeAvg10, &r.PSIFullAvg10} {
		if math.IsNaN(*f) || math.IsInf(*f, 0) {
			*f = 0
		}
	}
	return json.Marshal(plain(r))
}

// Leak is what the trend of the worker's memory had said.
type Leak struct {
	State      trend.State     `json:"state"`
	Class      trend.Class     `json:"class"`
	Cause      string          `json:"cause,omitempty"`
	Since      time.Time       `json:"since,omitzero"`        // the growth began
	PerSecond  *trend.Interval `json:"per_second,omitempty"`  // bytes
	PerRequest *trend.Interval `json:"per_request,omitempty"` // bytes
	Why        string          `json:"why"`
}

// Point is memory at one moment.
type Point struct {
	At       time.Time `json:"at"`
	Used     int64     `json:"used"`
	Limit    int64     `json:"limit"`
	InFlight int       `json:"in_flight"`
	Queue    int       `json:"queue"`
}

// Request is one that was under way. In JSON its age is in seconds.
type Request struct {
	Method string
	Path   string
	Size   int64 // bytes of body that were declared; −1 if unknown
	Age    time.Duration
}

type jsonRequest struct {
	Method string  `json:"method"`
	Path   string  `json:"path"`
	Size   int64   `json:"size"`
	Age    float64 `json:"age"`
}

// MarshalJSON writes the age in seconds.
func (r Request) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonRequest{r.Method, r.Path, r.Size, r.Age.Seconds()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Request) UnmarshalJSON(text []byte) error {
	var j jsonRequest
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*r = Request{j.Method, j.Path, j.Size, time.Duration(j.Age * float64(time.Second))}
	return nil
}

// Line is one sentence, or one line of output.
type Line struct {
	At     time.Time `json:"at"`
	Source string    `json:"source"`
	Text   string    `json:"text"`
}

// longestSummary is what Kubernetes keeps of a termination message.
const longestSummary = 4096

// Summary is the report in at most 4096 bytes, as /dev/termination-log takes
// it: the verdict, its reasons, and as many requests, acts and last lines as
// there is room for.
func (r *Report) Summary() string {
	var s strings.Builder
	// add says whether there was room; what follows something that had none
	// would be misread as following what came before it.
	add := func(format string, args ...any) bool {
		line := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD") + "\n"
		if len(line) > 500 {
			line = cut(line, 496) + "…\n"
		}
		if s.Len()+len(line) > longestSummary {
			return false
		}
		s.WriteString(line)
		return true
	}
	add("%s (%s)", printable(r.headline()), r.Verdict.Confidence)
	for _, why := range r.Verdict.Because {
		add("- %s", printable(why))
	}
	for i, q := range r.oldest() {
		if i == 5 {
			add("in flight: %d more", len(r.InFlight)-i)
			break
		}
		add("in flight: %s %s%s for %v", printable(q.Method), printable(q.Path), bodyOf(q), round(q.Age))
	}
	for _, l := range r.Ladder[max(len(r.Ladder)-5, 0):] {
		add("%s %s", ago(l.At.Sub(r.At)), printable(l.Text))
	}
	for _, l := range r.Output[max(len(r.Output)-10, 0):] {
		add("%s: %s", printable(l.Source), printable(l.Text))
	}
	return s.String()
}

func (r *Report) headline() string {
	return fmt.Sprintf("Worker %s died at %s: %s", r.Worker, r.At.UTC().Format("2006-01-02 15:04:05 UTC"), r.Verdict.Text)
}

// bodyOf tells a request's body, if it has one.
func bodyOf(q Request) string {
	switch {
	case q.Size > 0:
		return fmt.Sprintf(" (%v)", bytesize.Size(q.Size))
	case q.Size < 0:
		return " (body of unknown size)"
	}
	return ""
}

// cut shortens text to n bytes, between characters.
func cut(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
