package app

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

// backlog is how many lines may wait for a stalled stderr before they are
// counted instead of written.
const backlog = 1024

// journal writes events as lines. It never blocks the one who has something to
// say: the guard must go on looking when nobody reads its stderr.
type journal struct {
	out    io.Writer
	asJSON bool
	note   func(telemetry.Event) // the flight recorder
	lines  chan telemetry.Event
	done   chan struct{}

	mu     sync.Mutex
	counts map[string]int64
	missed int
	closed bool
}

func newJournal(out io.Writer, format string, note func(telemetry.Event)) *journal {
	j := &journal{
		out: out, asJSON: format == "json", note: note,
		lines: make(chan telemetry.Event, backlog), done: make(chan struct{}),
		counts: map[string]int64{},
	}
	go j.write()
	return j
}

// event takes one event in.
func (j *journal) event(e telemetry.Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	// One event, one line: a hint follows its error.
	e.Text = strings.ReplaceAll(string(telemetry.Redact([]byte(e.Text))), "\n", "; ")
	j.note(e)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counts[string(e.Kind)]++
	if j.closed {
		return
	}
	select {
	case j.lines <- e:
	default:
		j.missed++
	}
}

// say takes one line in that is no event of a worker's life.
func (j *journal) say(format string, args ...any) {
	j.event(telemetry.Event{Kind: telemetry.Host, Text: fmt.Sprintf(format, args...)})
}

// byKind returns how many events of each kind there were.
func (j *journal) byKind() map[string]int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.counts)
}

func (j *journal) write() {
	defer close(j.done)
	for e := range j.lines {
		j.line(e)
		j.mu.Lock()
		missed := j.missed
		j.missed = 0
		j.mu.Unlock()
		if missed > 0 {
			j.line(telemetry.Event{At: time.Now(), Kind: telemetry.Host, Text: fmt.Sprintf("%d lines were not written, since stderr did not take them", missed)})
		}
	}
}

func (j *journal) line(e telemetry.Event) {
	var err error
	if j.asJSON {
		line, _ := json.Marshal(struct {
			Time   string `json:"time"`
			Kind   string `json:"kind"`
			Worker string `json:"worker,omitempty"`
			Text   string `json:"text"`
		}{e.At.UTC().Format("2006-01-02T15:04:05.000Z"), string(e.Kind), e.Worker, e.Text})
		_, err = j.out.Write(append(line, '\n'))
	} else {
		who := "stanch"
		if e.Worker != "" {
			who += " " + e.Worker
		}
		_, err = fmt.Fprintf(j.out, "%s %s: %s\n", e.At.UTC().Format("2006-01-02T15:04:05.000Z"), who, e.Text)
	}
	if err != nil { // stderr is gone; the flight recorder still has it
		j.mu.Lock()
		j.missed++
		j.mu.Unlock()
	}
}

// close writes what waits, for at most a second.
func (j *journal) close() {
	j.mu.Lock()
	j.closed = true
	close(j.lines)
	j.mu.Unlock()
	select {
	case <-j.done:
	case <-time.After(time.Second):
	}
}
