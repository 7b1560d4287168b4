// Package corpus holds memory traces that were recorded from real programs, with the truth about each.
//
// README.md says how they were made, and docs/reference/corpus.md what is in them.
// Nothing here is changed by hand: a file is what the recorder wrote, and its digest
// stands in labels.json. Begin with [Labels] and [Read].
package corpus

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
	"github.com/stanch-dev/stanch/internal/memory/trend/trace"
)

//go:embed labels.json *.csv.gz
var files embed.FS

// Labels are the labels of all traces, in the order in which they were recorded.
func Labels() (all []synth.Label, err error) {
	text, err := files.ReadFile("labels.json")
	if err != nil {
		return nil, fmt.Errorf("read the labels: %w", err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read the labels: %w", err)
	}
	return all, nil
}

// Packed is the file of a trace as it is published: a CSV under gzip.
func Packed(id string) ([]byte, error) {
	text, err := files.ReadFile(id + ".csv.gz")
	if err != nil {
		return nil, fmt.Errorf("read the trace %s: %w", id, err)
	}
	return text, nil
}

// Read is the samples of a trace, with time stretched by a factor of 1 or more.
func Read(id string, stretch int) (samples []trend.Sample, err error) {
	packed, err := Packed(id)
	if err != nil {
		return nil, err
	}
	text, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack the trace %s: %w", id, err)
	}
	_, err = trace.Read(text, id, func(s trend.Sample) error {
		s.At *= time.Duration(stretch)
		samples = append(samples, s)
		return nil
	})
	return samples, err
}

// Stretched is a label whose trace is stretched.
func Stretched(l synth.Label, stretch int) synth.Label {
	factor := float64(stretch)
	l.Rate.PerSecond /= factor
	l.Onset *= factor
	l.End *= factor
	events := make([]synth.Event, 0, len(l.Events))
	for _, e := range l.Events {
		e.At *= factor
		events = append(events, e)
	}
	l.Events = events
	return l
}
