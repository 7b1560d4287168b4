package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"slices"
	"strconv"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/rows"
)

// Records reads what every run left, by number. A run that was killed is read as far as
// it was written: its phases are those that its events tell, and notes, one line each,
// say what is missing. The error is of what can't be read, and names the file, and the
// line where there is one.
func (b *Bundle) Records() (all []lab.Record, notes []string, err error) {
	root, err := os.OpenRoot(b.dir)
	if err != nil {
		return nil, nil, fmt.Errorf("read the runs: %w", err)
	}
	defer root.Close()
	entries, err := listDir(root, runsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		number, _ := strconv.Atoi(entry.Name())
		if name := path.Join(runsName, entry.Name()); number < 1 || runDir(number) != name {
			notes = append(notes, visible(name)+" is no run, and was left out")
			continue
		}
		record, more, err := readRun(root, number)
		if err != nil {
			return nil, nil, err
		}
		all, notes = append(all, record), append(notes, more...)
	}
	slices.SortFunc(all, func(a, b lab.Record) int { return cmp.Compare(a.Number, b.Number) })
	slices.Sort(notes)
	return all, notes, nil
}

func readRun(root *os.Root, number int) (r lab.Record, notes []string, err error) {
	note := func(format string, args ...any) {
		notes = append(notes, fmt.Sprintf("run %d: ", number)+fmt.Sprintf(format, args...))
	}
	name := path.Join(runDir(number), headName)
	text, err := readFile(root, name, mostHead)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.Number = number
		note("it has no %s, so that its variant and its beginning are not known", headName)
	case err != nil:
		return r, nil, err
	default:
		if r, err = decodeHead(name, text); err != nil {
			return r, nil, err
		}
		if r.Number != number {
			return r, nil, fmt.Errorf("read %s: it is of run %d", name, r.Number)
		}
	}
	ended := r.Finished || r.Why != ""
	if r.Samples, err = readRows(root, number, samplesName, rows.Samples(), ended, note); err != nil {
		return r, nil, err
	}
	if r.Sent, err = readRows(root, number, sentName, rows.Sent(), ended, note); err != nil {
		return r, nil, err
	}
	if r.Events, err = readRows(root, number, eventsName, rows.Events(), ended, note); err != nil {
		return r, nil, err
	}
	if !ended {
		r.Why = "nobody ended it"
		note("%s", r.Why)
		if len(r.Spans) == 0 {
			r.Spans = spansOf(&r)
		}
	}
	return r, notes, nil
}

// readRows reads a file of a run. Of a run that nobody ended it may be missing.
func readRows[T any](root *os.Root, number int, base string, form rows.Form[T], ended bool, note func(string, ...any)) ([]T, error) {
	name := path.Join(runDir(number), base)
	file, _, err := openFile(root, name)
	if errors.Is(err, fs.ErrNotExist) && !ended {
		note("%s was not begun", base)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	all, torn, err := rows.Read(name, file, form)
	if err != nil {
		return nil, err
	}
	if torn > 0 {
		note("the last %d bytes of %s are no whole line, and were left out", torn, base)
	}
	return all, nil
}

// spansOf are the phases that a run's events tell. The last one goes on to the last thing
// that was seen.
func spansOf(r *lab.Record) (spans []lab.Span) {
	last := math.Inf(-1)
	see := func(at float64) {
		if !math.IsNaN(at) {
			last = max(last, at)
		}
	}
	for _, s := range r.Samples {
		see(s.At)
	}
	for _, s := range r.Sent {
		see(s.At)
		see(s.Done)
	}
	for _, e := range r.Events {
		see(e.At)
		if e.Kind != lab.EventPhase || e.Text == "" {
			continue
		}
		if len(spans) > 0 {
			spans[len(spans)-1].To = e.At
		}
		spans = append(spans, lab.Span{Name: e.Text, From: e.At})
	}
	if len(spans) > 0 {
		spans[len(spans)-1].To = last
	}
	return spans
}
