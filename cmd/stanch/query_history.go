package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// history is the queries of earlier prompts, the oldest first, each a JSON string
// on a line of a file that only its owner can read: queries name people and
// secrets. It is what readline wants of a history.
type history struct {
	file    string // empty: nothing is remembered
	entries []string
}

// mostEntries is how many queries are remembered.
const mostEntries = 1000

// openHistory reads the file, which lies in the user's state directory. With an
// error the history is empty, and is not written.
func openHistory(environ []string) (*history, error) {
	state, home := "", ""
	for _, pair := range environ {
		if v, ok := cutVariable(pair, "XDG_STATE_HOME"); ok {
			state = v
		}
		if v, ok := cutVariable(pair, "HOME"); ok {
			home = v
		}
	}
	switch {
	case state == "" && home == "":
		return &history{}, errors.New("HOME is not set")
	case state == "":
		state = filepath.Join(home, ".local", "state")
	}
	dir := filepath.Join(state, "stanch")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return &history{}, err
	}
	h := &history{file: filepath.Join(dir, "query_history")}
	data, err := os.ReadFile(h.file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return &history{}, err
	}
	for line := range bytes.Lines(data) {
		// A line that is torn is left out.
		if v, ok := value.ParseJSON(strings.TrimSpace(string(line))); ok && v.Str() != "" {
			h.entries = append(h.entries, v.Str())
		}
	}
	if len(h.entries) > mostEntries {
		h.entries = h.entries[len(h.entries)-mostEntries:]
		return h, h.rewrite()
	}
	return h, nil
}

// rewrite replaces the file by the entries that are kept.
func (h *history) rewrite() error {
	var all []byte
	for _, e := range h.entries {
		all = append(value.AppendQuoted(all, e), '\n')
	}
	if err := os.WriteFile(h.file+".new", all, 0o600); err != nil {
		return err
	}
	return os.Rename(h.file+".new", h.file)
}

// Write remembers a query, unless it is the last one again.
func (h *history) Write(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" || len(h.entries) > 0 && h.entries[len(h.entries)-1] == text {
		return len(h.entries), nil
	}
	h.entries = append(h.entries, text)
	if h.file == "" {
		return len(h.entries), nil
	}
	file, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.entries), err
	}
	_, err = file.Write(append(value.AppendQuoted(nil, text), '\n'))
	return len(h.entries), errors.Join(err, file.Close())
}

// GetLine is an entry by its place.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", fmt.Errorf("history: there is no entry %d", i)
	}
	return h.entries[i], nil
}

// Len is how many entries there are.
func (h *history) Len() int { return len(h.entries) }

// Dump is all entries.
func (h *history) Dump() any { return h.entries }
