package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// trick is one way to tamper with a bundle. It says what it did.
type trick struct {
	kind string
	seal bool // afterwards all sums are made anew, and the manifest is sealed
	do   func(dir string, r *rand.Rand) (what string, err error)
}

// errNothing is for a bundle in which a trick finds nothing to play with.
var errNothing = errors.New("there is nothing to edit")

// derived are the files that follow from the evidence.
func derived() []string {
	return []string{"queries.json", "timeline.csv", "criteria.json", "verdict.json", "report.html", "report.md", "junit.xml"}
}

// tricks are those that verify has to catch, whoever plays them, short of making all that
// follows from the evidence anew as well.
func tricks() []trick {
	all := []trick{
		{"a byte of the evidence", false, evidence(flipByte)},
		{"a number in samples.csv", false, named("samples.csv", changeDigit)},
		{"a number in sent.csv", false, named("sent.csv", changeDigit)},
		{"a line of an evidence file is left out", false, evidence(dropLine)},
		{"an evidence file is cut", false, evidence(cut)},
		{"two lines of samples.csv changed places", false, named("samples.csv", swapLines)},
		{"the experiment's file", false, named("experiment.yaml", changeDigit)},
		{"two runs changed places", false, swapRuns},
		{"a run is left out", false, dropRun},
		{"a file is left out", false, dropFile},
		{"a file is added", false, addFile},
		{"the manifest", false, named("manifest.json", changeDigit)},
		{"two runs changed places, and all sums are new", true, swapRuns},
		{"a run is left out, and all sums are new", true, dropRun},
		{"the outcome, and all sums are new", true, anOutcome},
	}
	for _, name := range derived() {
		all = append(all, trick{"a byte of " + name, false, named(name, flipByte)}, trick{"a number in " + name + ", and all sums are new", true, named(name, changeDigit)})
	}
	return all
}

// forgeries change the evidence and make all sums anew. Sums can't show them; what was
// derived from the evidence does, as far as it depends on what was changed. Whoever derives
// all of it anew is not caught at all: a signature is for that.
func forgeries() []trick {
	return []trick{
		{"a number in samples.csv", true, named("samples.csv", changeDigit)},
		{"a number in sent.csv", true, named("sent.csv", changeDigit)},
		{"a number in events.csv", true, named("events.csv", changeDigit)},
		{"a byte of worker.log", true, named("worker.log", flipByte)},
		{"a byte of telemetry", true, func(dir string, r *rand.Rand) (string, error) {
			return among(dir, r, flipByte, func(path string) bool { return strings.Contains(path, "telemetry/") })
		}},
	}
}

// evidence edits any file of the runs.
func evidence(edit func([]byte, *rand.Rand) ([]byte, bool)) func(string, *rand.Rand) (string, error) {
	return func(dir string, r *rand.Rand) (string, error) {
		return among(dir, r, edit, func(path string) bool { return strings.HasPrefix(path, "runs/") })
	}
}

// named edits a file with this name, wherever it is.
func named(name string, edit func([]byte, *rand.Rand) ([]byte, bool)) func(string, *rand.Rand) (string, error) {
	return func(dir string, r *rand.Rand) (string, error) {
		return among(dir, r, edit, func(path string) bool { return filepath.Base(path) == name })
	}
}

// among edits one of the files that fit, and takes another where that one has nothing
// to edit.
func among(dir string, r *rand.Rand, edit func([]byte, *rand.Rand) ([]byte, bool), fits func(path string) bool) (string, error) {
	paths, err := filesOf(dir)
	if err != nil {
		return "", err
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return !fits(path) })
	r.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	for _, path := range paths {
		content, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return "", fmt.Errorf("tamper: %w", err)
		}
		if changed, ok := edit(slices.Clone(content), r); ok && !bytes.Equal(changed, content) {
			return path, os.WriteFile(filepath.Join(dir, path), changed, 0o644)
		}
	}
	return "", errNothing
}

// filesOf are all files below a folder, by their paths in it, sorted.
func filesOf(dir string) (paths []string, err error) {
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list a bundle: %w", err)
	}
	return paths, nil
}

func flipByte(b []byte, r *rand.Rand) ([]byte, bool) {
	if len(b) == 0 {
		return b, false
	}
	b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
	return b, true
}

// changeDigit makes another digit of one, behind the first line, which names columns.
func changeDigit(b []byte, r *rand.Rand) ([]byte, bool) {
	begin := bytes.IndexByte(b, '\n') + 1
	var at []int
	for i := begin; i < len(b); i++ {
		if b[i] >= '0' && b[i] <= '9' {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return b, false
	}
	i := at[r.IntN(len(at))]
	b[i] = '0' + (b[i]-'0'+byte(1+r.IntN(9)))%10
	return b, true
}

func cut(b []byte, r *rand.Rand) ([]byte, bool) {
	if len(b) == 0 {
		return b, false
	}
	return b[:r.IntN(len(b))], true
}

func dropLine(b []byte, r *rand.Rand) ([]byte, bool) {
	lines := bytes.SplitAfter(b, []byte("\n"))
	if len(lines) < 4 {
		return b, false
	}
	i := 1 + r.IntN(len(lines)-2)
	return bytes.Join(slices.Delete(lines, i, i+1), nil), true
}

func swapLines(b []byte, r *rand.Rand) ([]byte, bool) {
	lines := bytes.SplitAfter(b, []byte("\n"))
	if len(lines) < 4 {
		return b, false
	}
	i := 1 + r.IntN(len(lines)-3)
	lines[i], lines[i+1] = lines[i+1], lines[i]
	return bytes.Join(lines, nil), true
}

// runsOf are the folders of a bundle's runs.
func runsOf(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "runs"))
	if err != nil {
		return nil, fmt.Errorf("tamper: %w", err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, filepath.Join(dir, "runs", e.Name()))
	}
	return all, nil
}

func swapRuns(dir string, r *rand.Rand) (string, error) {
	runs, err := runsOf(dir)
	if err != nil {
		return "", err
	}
	if len(runs) < 2 {
		return "", errNothing
	}
	i := r.IntN(len(runs) - 1)
	a, b, aside := runs[i], runs[i+1], filepath.Join(dir, "aside")
	err = errors.Join(os.Rename(a, aside), os.Rename(b, a), os.Rename(aside, b))
	return filepath.Base(a) + " and " + filepath.Base(b), err
}

func dropRun(dir string, r *rand.Rand) (string, error) {
	runs, err := runsOf(dir)
	if err != nil {
		return "", err
	}
	one := runs[r.IntN(len(runs))]
	return filepath.Base(one), os.RemoveAll(one)
}

func dropFile(dir string, r *rand.Rand) (string, error) {
	paths, err := filesOf(dir)
	if err != nil {
		return "", err
	}
	path := paths[r.IntN(len(paths))]
	return path, os.Remove(filepath.Join(dir, path))
}

func addFile(dir string, r *rand.Rand) (string, error) {
	places := []string{"notes.txt", "runs/01/samples.csv.bak", "runs/01/telemetry/more", "verdict.json~"}
	path := places[r.IntN(len(places))]
	return path, os.WriteFile(filepath.Join(dir, path), []byte("x"), 0o644)
}

// anOutcome turns the verdict's outcome around.
func anOutcome(dir string, _ *rand.Rand) (string, error) {
	return among(dir, rand.New(rand.NewPCG(1, 1)), func(b []byte, _ *rand.Rand) ([]byte, bool) {
		from, to := `"outcome": "supported"`, `"outcome": "inconclusive"`
		if !bytes.Contains(b, []byte(from)) {
			from, to = to, from
		}
		if !bytes.Contains(b, []byte(from)) {
			from = `"outcome": "not supported"`
		}
		return bytes.Replace(b, []byte(from), []byte(to), 1), bytes.Contains(b, []byte(from))
	}, func(path string) bool { return path == "verdict.json" })
}
