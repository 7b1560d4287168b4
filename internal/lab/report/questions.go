package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
)

// part is that of the report's own questions.
const part = "report"

// The report's own questions.
const (
	requestsByBin     = "requests by bin"
	dependenciesByBin = "dependencies by bin"
	failedAllocations = "failed allocations"
	exceptionsByType  = "exceptions by type"
	workerExits       = "worker exits"
)

// mostRows is how many rows of text a question asks for.
const mostRows = 200

// Questions are what a report asks of each run, beside what the criteria do: requests
// and calls of dependencies in bins as wide as those of [Timeline], allocations that
// failed, exceptions, exits of workers. The column t is the second of the run, of bins
// the one at which they begin. A worker's lines from before the timeline are among
// them, at seconds below zero.
func Questions(_ *lab.Experiment, records []lab.Record) []lab.Question {
	var all []lab.Question
	for i := range records {
		r := &records[i]
		end := length(r)
		if end == 0 {
			continue
		}
		width := widthOf(end)
		began := "datetime(" + r.Began.UTC().Format("2006-01-02T15:04:05.0000000Z") + ")"
		second := fmt.Sprintf("t = round((timestamp - %s) / 1s, 3)", began)
		// Milliseconds, so that no fraction stands in a timespan.
		binned := fmt.Sprintf("t = floor((timestamp - %s) / %dms, 1) * %s", began, int64(math.Round(1000*width)), fixed(width))
		add := func(id string, from float64, lines ...string) {
			all = append(all, lab.Question{ID: id, Part: part, Run: r.Number, From: r.Moment(from), To: r.Moment(end + width), KQL: strings.Join(lines, "\n| ")})
		}
		before := min(earliest(r), 0)
		add(requestsByBin, 0, "requests",
			"summarize requests = count(), failed = countif(success == false), p50 = percentile(duration, 50), p95 = percentile(duration, 95) by "+binned,
			"project t, requests, failed, p50, p95", "order by t asc")
		add(dependenciesByBin, 0, "dependencies",
			"summarize calls = count(), failed = countif(success == false) by "+binned,
			"project t, calls, failed", "order by t asc")
		add(failedAllocations, before, "union traces, exceptions",
			`extend text = strcat(type, iff(isempty(type) or isempty(coalesce(outerMessage, message)), "", ": "), iff(isempty(outerMessage), message, outerMessage))`,
			`where text contains "MemoryError" or text contains "OutOfMemory" or text contains "out of memory"`,
			"project "+second+", text", fmt.Sprintf("top %d by t asc, text asc", mostRows))
		add(exceptionsByType, before, "exceptions",
			"summarize count = count(), first = min(timestamp) by type, text = iff(isempty(outerMessage), message, outerMessage)",
			"project type, text, count, first = round((first - "+began+") / 1s, 3)", fmt.Sprintf("top %d by count desc, type asc, text asc", mostRows))
		add(workerExits, before, "traces",
			`where message has "exited with code"`,
			"project "+second+", text = message", fmt.Sprintf("top %d by t asc, text asc", mostRows))
	}
	return all
}

// earliest is the second at which the first thing of a run was seen.
func earliest(r *lab.Record) float64 {
	first := 0.0
	if len(r.Events) > 0 {
		first = min(first, orZero(r.Events[0].At))
	}
	if len(r.Samples) > 0 {
		first = min(first, orZero(r.Samples[0].At))
	}
	return max(first, -time.Hour.Seconds())
}
