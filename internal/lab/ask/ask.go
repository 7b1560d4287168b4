// Package ask puts an experiment to what its runs left: it makes a verdict's case of the
// file, and the verdict's evidence of the raw records.
//
// The file speaks of phases, series and queries; a verdict knows windows, series and
// facts, and nothing of files. This is the one place that knows both, so that what a
// criterion means does not depend on who asks: lint before a run, the run after each
// round, and whoever recomputes it later. It is pure: the same experiment, records
// and answers give the same case and evidence.
//
// Names are made here and nowhere else: a window of several phases is theirs joined
// by +, and what was counted or asked is named after what it is of. Begin with
// [Case] and [Evidence].
package ask

import (
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// Everything is the window of a whole run.
const Everything = "the whole run"

// Series that are no samples of the worker.
const (
	requests  = "requests" // calls that have ended, counted up
	durations = "durations"
)

// Names of the controls.
const (
	Planted = "planted"
	Same    = "same"
)

// windowName is the name of a window of phases; of none it is the whole run.
func windowName(phases []string) string {
	if len(phases) == 0 {
		return Everything
	}
	return strings.Join(phases, "+")
}

// of is the name of a series or fact of one stream.
func of(what, stream string) string {
	if stream == "" {
		return what
	}
	return what + " of " + stream
}

func signalName(name string) string { return "signal " + name }

func answerName(id string) string { return "answer to " + id }

// axis is the series that a growth is counted over. Times are those of the timeline as
// it was written, which a speed makes shorter.
func axis(per lab.Per) string {
	if per == lab.PerRequest {
		return requests
	}
	return string(per) + "s"
}
