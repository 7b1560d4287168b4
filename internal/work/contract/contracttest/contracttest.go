// Package contracttest is the conformance suite of the contracts: what each of them has to do with an invocation, whatever it looks like on the wire.
//
// A contract's own test calls [Run] with a way to start a worker, and says in a
// [Case] what the contract can't do by its nature, and what the worker can't do and
// why (see [Lack]). What the worker's functions do
// is the same for all ([Answer]); only the reading and writing of the wire is the
// test's own. A worker over HTTP is a process of its own ([Process]), so that it
// can be killed, and so that its memory is not stanch's.
package contracttest

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// Case is a contract, and what it can.
type Case struct {
	// Start starts a worker that has the functions of Answer. log gets their lines;
	// it is safe for concurrent use.
	Start func(t *testing.T, log func(contract.Line)) *Worker

	HTTP     bool // functions are given requests, and give responses
	Logs     bool // a function's lines come back
	Garbage  bool // there are answers that are none
	Reason   bool // a failure has a type, besides its message
	OddNames bool // metadata may have any name
	Holds    bool // payloads are held whole, and so have a bound: none of 32 MiB passes

	Input string          // what functions call their input; empty: in
	Lacks map[Lack]string // what the worker can't do, and why
}

// Worker is one that is started.
type Worker struct {
	contract.Contract
	Held func() int      // how many files stanch has for its results now
	Stop func() []string // ends it in good order, and returns what its functions noted; safe to call twice
	// Kill ends it as the kernel does. It is for workers whose functions begin when
	// their payloads have arrived, and can't die before; nil for others.
	Kill func()
}

// patience bounds every wait. What it bounds takes milliseconds.
const patience = 60 * time.Second

// Run holds a contract to all of it.
func Run(t *testing.T, c Case) {
	for lack, why := range c.Lacks {
		if !slices.Contains(lacks, lack) || why == "" {
			t.Fatalf("the case lacks %q because %q; want a lack that the suite knows, and why", lack, why)
		}
	}
	for _, part := range []struct {
		name string
		test func(*testing.T, Case)
	}{
		{"values arrive and come back", values},
		{"an invocation's facts arrive", facts},
		{"HTTP requests and responses", requests},
		{"lines come before the result", lines},
		{"failures", failures},
		{"a worker that dies", deaths},
		{"a time that is over", slowness},
		{"payloads that are not what was announced", broken},
		{"many at once", crowd},
		{"32 MiB in flat memory", flat},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, c) })
	}
}

func (c Case) start(t *testing.T) *Worker { return c.Start(t, func(contract.Line) {}) }

func (c Case) input() string { return cmp.Or(c.Input, "in") }

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (c Case) invocation(function, id string, v contract.Value) *contract.Invocation {
	return &contract.Invocation{
		ID: id, Function: function, Deadline: time.Now().Add(patience),
		Inputs: []contract.Input{{Name: c.input(), Binding: "queueTrigger", Binary: strings.HasSuffix(function, "bytes"), Value: v}},
	}
}

func text(s string) contract.Value  { return contract.Value{Kind: contract.Text, Text: s} }
func held(s string) contract.Value  { return contract.Value{Kind: contract.Bytes, Bytes: []byte(s)} }
func plain(s string) contract.Value { return contract.Value{Kind: contract.JSON, Text: s} }

// large is a stream that says it has size bytes.
func large(isText bool, size int64, from func() io.Reader) contract.Value {
	return contract.Value{Kind: contract.Large, Stream: &contract.Stream{
		Size: size, Text: isText,
		Open: func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(from()), nil },
	}}
}

// call invokes a function that succeeds, and returns its value as bytes.
func call(t *testing.T, w *Worker, inv *contract.Invocation) string {
	t.Helper()
	result, end, err := w.Invoke(patient(t), inv)
	if err != nil {
		t.Fatalf("Invoke %s: %v", inv.Function, err)
	}
	defer end()
	body, err := value(result).Open(t.Context(), "result")
	if err != nil {
		t.Fatalf("Invoke %s: open the result: %v", inv.Function, err)
	}
	defer body.Close()
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("Invoke %s: read the result: %v", inv.Function, err)
	}
	return string(all)
}

type result struct{ contract.Value }

// value is what a function gave back, wherever its contract puts that.
func value(r *contract.Result) result {
	switch {
	case r.Return != nil:
		return result{*r.Return}
	case len(r.Outputs) > 0:
		return result{r.Outputs[0].Value}
	}
	return result{}
}

// Open is without the size, which a result's reader does not need.
func (r result) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	body, _, err := r.Value.Open(ctx, name)
	return body, err
}

// read invokes a function that tells what it saw.
func read(t *testing.T, w *Worker, inv *contract.Invocation) Seen {
	t.Helper()
	answer := call(t, w, inv)
	var seen Seen
	if err := json.Unmarshal([]byte(answer), &seen); err != nil {
		t.Fatalf("Invoke %s = %.200q: %v", inv.Function, answer, err)
	}
	return seen
}
