package functionrpc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/contracttest"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
)

// A payload's kind of binding decides what the worker makes of it. What it can't
// take it refuses, and the suite checks that it does.
const (
	noCancel = "the Python worker has no word for a call that is given up, and the function goes on"
	unseen   = "only bindings of triggers see facts, and this one shows none of them"
)

// With a payload that is said to be generic the worker does least; blobs and queue
// messages are converted.
func TestRealWorkerKeepsTheContract(t *testing.T) {
	each(t, func(t *testing.T, form pyworker.Form) {
		for _, row := range []struct {
			kind    string
			first   bool // of the two programming models
			shares  bool
			garbage bool
			lacks   map[contracttest.Lack]string
		}{
			{kind: "generic", shares: true, garbage: true, lacks: map[contracttest.Lack]string{contracttest.NoFacts: unseen}},
			{kind: "generic", garbage: true, lacks: map[contracttest.Lack]string{contracttest.NoFacts: unseen}},
			{kind: "generic", first: true, garbage: true, lacks: map[contracttest.Lack]string{contracttest.NoFacts: unseen}},
			{kind: "blob", shares: true, lacks: map[contracttest.Lack]string{
				contracttest.NoFacts: unseen, contracttest.NoJSON: "its converter takes strings and bytes",
			}},
			{kind: "queue", shares: true, lacks: map[contracttest.Lack]string{
				contracttest.NoJSON: "its converter takes strings and bytes", contracttest.NoValue: "its converter asks for the type of what is not there",
			}},
		} {
			if !row.first && !form.V2 || row.shares && !form.Shared && row.kind == "generic" {
				continue
			}
			shares := row.shares && form.Shared
			row.lacks[contracttest.NoCancel] = noCancel
			if form.Name == "ancient" { // of 2020
				row.garbage = false // it gives text and bytes, which are what they are
				row.lacks[contracttest.NoValue] = "its converter asks for the type of what is not there"
				row.lacks[contracttest.NoRetry] = "its context has no tries"
			}
			t.Run(fmt.Sprintf("%s first model %v shared %v", row.kind, row.first, shares), func(t *testing.T) {
				contracttest.Run(t, contracttest.Case{
					HTTP: true, Logs: true, Garbage: row.garbage, Reason: true, Holds: !shares,
					Input: "payload", // in is a keyword
					Lacks: row.lacks,
					Start: func(t *testing.T, log func(contract.Line)) *contracttest.Worker {
						return realSuite(t, form, row.kind, row.first, shares, log)
					},
				})
			})
		}
	})
}

// named are the functions of the suite that have a payload and an output.
func named() []string {
	return slices.DeleteFunc(contracttest.Functions(), func(name string) bool { return name == "hello" })
}

func realSuite(t *testing.T, form pyworker.Form, kind string, first, shares bool, log func(contract.Line), env ...string) *contracttest.Worker {
	journal := filepath.Join(t.TempDir(), "journal")
	t.Setenv("SUITE_JOURNAL", journal)
	t.Setenv("SUITE_KIND", kind)
	t.Setenv("SUITE_FUNCTIONS", strings.Join(named(), " "))
	t.Setenv("PYTHON_THREADPOOL_THREAD_COUNT", "8")
	if first {
		t.Setenv("PYTHON_SCRIPT_FILE_NAME", "none.py") // what is not there is not of the second
	}
	w, err := start(t, form, "suite", func(c *functionrpc.Config) {
		c.Line, c.Index = log, form.V2 && !first
		if !shares {
			c.Shared = nil
		}
	}, env...)
	if err != nil {
		t.Fatal(err)
	}
	if first {
		loadFirst(t, w)
	}
	return &contracttest.Worker{
		Contract: w.Host,
		Held:     func() int { return len(maps(t, w.shared)) },
		Kill:     w.kill,
		Stop: sync.OnceValue(func() []string {
			w.kill()
			text, err := os.ReadFile(journal)
			if err != nil {
				t.Errorf("read the journal: %v", err)
			}
			return strings.Split(string(text), "\n")
		}),
	}
}

// loadFirst loads what function.json files would describe.
func loadFirst(t *testing.T, w *worker) {
	dir, err := filepath.Abs("testdata/suite/does")
	if err != nil {
		t.Fatal(err)
	}
	load := func(name string, bindings ...string) {
		f := functionrpc.Function{Name: name, Directory: dir, ScriptFile: "__init__.py", EntryPoint: name, Bindings: bindings}
		if err := w.Load(t.Context(), f); err != nil {
			t.Fatalf("Load %s: %v", name, err)
		}
	}
	for _, name := range named() {
		load(name, `{"name":"payload","type":"suiteTrigger","direction":"in"}`, `{"name":"out","type":"suite","direction":"out"}`)
	}
	load("hello", `{"name":"payload","type":"httpTrigger","direction":"in","route":"hello/{id}"}`, `{"name":"$return","type":"http","direction":"out"}`)
}
