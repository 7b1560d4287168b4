package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/postmortem"
)

// Entry is one post-mortem in a list.
type Entry struct {
	ID     string    `json:"id"`
	Path   string    `json:"path"`
	At     time.Time `json:"at"`
	Worker string    `json:"worker"`
	Cause  string    `json:"cause"`
	Text   string    `json:"text"`
}

// List returns the post-mortems, the newest first, and how many files were no
// readable ones.
func (a *Archive) List() (entries []Entry, skipped int, err error) {
	names, skipped, err := a.ours()
	if err != nil {
		return nil, 0, err
	}
	for _, n := range names {
		r, err := read(filepath.Join(a.dir, n))
		if err != nil {
			skipped++
			continue
		}
		entries = append(entries, Entry{ID: strings.TrimSuffix(n, ".json"), Path: filepath.Join(a.dir, n), At: r.At, Worker: r.Worker, Cause: r.Verdict.Cause, Text: r.Verdict.Text})
	}
	return entries, skipped, nil
}

// Load returns the report with this id, or with the only id that begins so;
// the newest readable one for "" and "latest".
func (a *Archive) Load(id string) (postmortem.Report, error) {
	const hint = "\nhint: stanch postmortem ls lists them"
	names, _, err := a.ours()
	if err != nil {
		return postmortem.Report{}, err
	}
	if id == "" || id == "latest" {
		for _, n := range names {
			if r, err := read(filepath.Join(a.dir, n)); err == nil {
				return r, nil
			}
		}
		return postmortem.Report{}, fmt.Errorf("there is no post-mortem in %s\nhint: one is written when a worker dies; --data says where", a.dir)
	}
	if slices.Contains(names, id+".json") {
		return read(a.path(id))
	}
	var match []string
	for _, n := range names {
		if strings.HasPrefix(n, id) {
			match = append(match, strings.TrimSuffix(n, ".json"))
		}
	}
	switch len(match) {
	case 0:
		return postmortem.Report{}, fmt.Errorf("there is no post-mortem %q in %s%s", id, a.dir, hint)
	case 1:
		return read(a.path(match[0]))
	}
	return postmortem.Report{}, fmt.Errorf("%d post-mortems begin with %q, %s and %s among them%s", len(match), id, match[0], match[1], hint)
}

// largestReport is more than any report that was written takes.
const largestReport = 32 << 20

func read(path string) (r postmortem.Report, err error) {
	f, err := os.Open(path)
	if err != nil {
		return r, fmt.Errorf("read post-mortem: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largestReport+1))
	if err == nil && len(text) > largestReport {
		err = fmt.Errorf("more than %d bytes", largestReport)
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	switch {
	case err != nil:
	case r.Version == 0 || r.At.IsZero() || r.Verdict.Cause == "":
		err = errors.New("it is JSON, but no post-mortem")
	case r.Version > postmortem.Version:
		err = fmt.Errorf("it has version %d, and this stanch knows none above %d\nhint: use the stanch that wrote it", r.Version, postmortem.Version)
	}
	if err != nil {
		return postmortem.Report{}, fmt.Errorf("read post-mortem %s: %w", path, err)
	}
	return r, nil
}
