package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/hunt"
)

// paths are those of the Go worker.
func paths() []string {
	return []string{"/health", "/orders/{id}", "/orders", "/users/{id}", "/search/{id}", "/export", "/report/{id}", "/upload"}
}

// subjects are the kinds of trial that this machine can run.
func subjects(stage *rig.Stage) ([]kind, error) {
	worker, err := stage.Build("./bench/hunt/worker", "hunted")
	if err != nil {
		return nil, err
	}
	// Each seed has another endpoint that leaks.
	leaking := func(size int, kind string) func(uint64) ([]string, []string, string) {
		return func(seed uint64) (args, env []string, leaky string) {
			path := paths()[seed%uint64(len(paths()))]
			return []string{worker}, []string{"LEAK_AT=" + path, fmt.Sprint("LEAK_BYTES=", size), "LEAK_KIND=" + kind}, "GET " + path
		}
	}
	clean := func(uint64) ([]string, []string, string) { return []string{worker}, nil, "" }
	kinds := []kind{
		{name: "one of eight, 4 KiB", many: true, paths: paths(), command: leaking(4096, "heap"), bytes: 4096, class: hunt.Managed},
		{name: "native, 24 KiB, Go", paths: paths()[:4], command: func(seed uint64) ([]string, []string, string) {
			return leaking(24<<10, "native")(seed % 4)
		}, bytes: 24 << 10, class: hunt.Native, judge: within(0.05)},
		{name: "clean, eight endpoints", paths: paths(), command: clean},
		{
			// Side b does without the leak that side a has from its environment.
			name: "leaky against fixed", paths: paths()[:2], flags: []string{"--vs", "LEAK_AT= exec " + worker},
			command: func(uint64) ([]string, []string, string) { return leaking(4096, "heap")(0) },
			bytes:   4096, class: hunt.Managed, judge: improved,
		},
	}
	python, err := stage.Worker("python")
	if err != nil {
		fmt.Fprintln(os.Stderr, "the Python worker is left out:", err)
	} else {
		kinds = append(kinds, kind{
			name: "native, 24 KiB, Python", paths: []string{"/healthz", "/work", "/native?kb=24"},
			command: func(uint64) ([]string, []string, string) { return python, nil, "GET /native?kb=24" },
			bytes:   24 << 10, judge: within(0.05), // of no class: Python tells no heap
		})
	}
	if program, err := compile(stage); err != nil {
		fmt.Fprintln(os.Stderr, "the C worker is left out:", err)
	} else {
		kinds = append(kinds, kind{
			name: "native, 24 KiB, C", paths: []string{"/health", "/work", "/many", "/native"},
			command: func(uint64) ([]string, []string, string) { return []string{program}, nil, "GET /native" },
			bytes:   24<<10 + 16, judge: within(0.05), // with malloc's own head
		})
	}
	return kinds, nil
}

// compile builds the C worker.
func compile(stage *rig.Stage) (string, error) {
	program := filepath.Join(stage.Dir, "native")
	out, err := exec.Command("cc", "-O1", "-pthread", "-o", program, filepath.Join(stage.Root, "bench/hunt/native/worker.c")).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("compile it: %w\n%s", err, out)
	}
	return program, nil
}

// within says whether the leak's rate is as near to the truth as this share of it.
func within(share float64) func(hunt.Report) string {
	return func(r hunt.Report) string {
		for _, f := range r.Findings {
			if f.Verdict != hunt.Leaks || f.PerRequest == nil {
				continue
			}
			if off := math.Abs(f.PerRequest.Mid/(24<<10) - 1); off > share {
				return fmt.Sprintf("the rate is off by %.1f %%", 100*off)
			}
		}
		return ""
	}
}

// improved says whether the comparison sees what was fixed, and nothing else.
func improved(r hunt.Report) string {
	if len(r.Comparisons) == 0 {
		return "there is no comparison"
	}
	for _, c := range r.Comparisons {
		want := hunt.Equivalent
		if c.Endpoint == "GET /health" {
			want = hunt.Improved
		}
		if c.Change != want {
			return fmt.Sprintf("%s is %s, and called %s", c.Endpoint, want, c.Change)
		}
	}
	for _, f := range r.Findings {
		if f.Side == hunt.SideB && f.Verdict == hunt.Leaks {
			return "the fixed side is called leaking"
		}
	}
	return ""
}
