package main

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/timeline"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// opened writes an experiment and reads it as the lab does.
func opened(t *testing.T, e *planted) *lab.Experiment {
	t.Helper()
	dir := t.TempDir()
	p := programs{stanch: "stanch", python: "python3", node: "node", worker: "/goworker"}
	if err := p.folder(dir, e, 7); err != nil {
		t.Fatal(err)
	}
	found, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	read, mistakes := experiment.Read(found.Source, experiment.Options{Folder: found.Has})
	if err := mistakes.Err(); err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	return read
}

func TestEveryExperimentIsAValidFileThatTakesLessThanAMinute(t *testing.T) {
	names, thirds := map[string]bool{}, map[verdict.Outcome]int{}
	for _, e := range all() {
		read := opened(t, &e)
		if read.Name != e.name || read.Load.Seed != 7 {
			t.Errorf("%s is called %s and has seed %d, want 7", e.name, read.Name, read.Load.Seed)
		}
		if took := timeline.Total(read, timeline.Runs(read, read.Repeat.Most)); took.Seconds() > 60 {
			t.Errorf("%s takes %v, want 60 s at most", e.name, took)
		}
		if names[e.name] || e.why == "" {
			t.Errorf("%s is there twice, or does not say how its truth is known", e.name)
		}
		names[e.name] = true
		thirds[e.truth]++
	}
	for _, truth := range []verdict.Outcome{verdict.Supported, verdict.NotSupported, verdict.Inconclusive} {
		if thirds[truth] < 8 {
			t.Errorf("%d experiments are %s, want 8 at least", thirds[truth], truth)
		}
	}
}
