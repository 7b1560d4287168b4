// Package contract is the seam to workers that are given work: what a delivery is made of and what comes back, however it is put on the wire.
//
// The contracts themselves (plain HTTP, Azure's custom handler, Azure's language
// worker) stand in packages of their own below work/contract and pass one
// conformance suite. A payload is a [Value]: small ones are held, large ones are a
// [Stream] that is opened when and as often as the wire needs it, so that none of
// them has to pass through stanch's memory.
package contract

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Invocation is one delivery to one function.
type Invocation struct {
	ID       string // a UUID in lower case; the same in telemetry
	Function string
	Inputs   []Input // the trigger first, then the input bindings as the function lists them
	Metadata []Datum // what is known of the trigger (Azure's binding data), each name once
	Deadline time.Time
	Retry    Retry
	Trace    string // W3C traceparent; may be empty
}

// Input is one value that a function is given.
type Input struct {
	Name    string // of the binding
	Binding string // its type, as in function.json: queueTrigger, blob, …
	Binary  bool   // the function asked for bytes (dataType binary)
	Value   Value
}

// Datum is one fact about the trigger.
type Datum struct {
	Name  string
	Value Value
}

// Retry says which try this is, for functions with a retry policy.
type Retry struct{ Count, Max int }

// Kind is what a Value is.
type Kind uint8

// The kinds.
const (
	None   Kind = iota // nothing (null)
	Text               // Value.Text
	JSON               // Value.Text is JSON
	Bytes              // Value.Bytes
	Large              // Value.Stream
	HTTPIn             // Value.Request
)

// Value is one value of an invocation.
type Value struct {
	Kind    Kind
	Text    string
	Bytes   []byte
	Stream  *Stream
	Request *Request
}

// Stream is a payload that is read where it lies.
type Stream struct {
	Size        int64 // bytes; -1 if nobody knows
	Text        bool  // the function takes it as text (UTF-8)
	ContentType string
	ETag        string
	// Open begins reading at from. It may be called several times, also at once, as
	// long as the invocation runs. ctx bounds the reading.
	Open func(ctx context.Context, from int64) (io.ReadCloser, error)
}

// Request is a client's HTTP request.
type Request struct {
	Method string
	URL    string // absolute
	Header map[string][]string
	Query  map[string][]string
	Params map[string]string // of the route
	Body   Value
}

// Response is what a function answers to one.
type Response struct {
	Status int
	Header map[string][]string
	Body   Value
}

// Result is what a function gave back.
type Result struct {
	Outputs  []Output
	Return   *Value // nil if there was none
	Response *Response
}

// Output is the value of one output binding.
type Output struct {
	Name  string
	Value Value
}

// Level is how much a line of a function's log matters.
type Level uint8

// The levels, those of Azure Functions.
const (
	Trace Level = iota
	Debug
	Information
	Warning
	Error
	Critical
)

var levels = [...]string{"Trace", "Debug", "Information", "Warning", "Error", "Critical"}

// String is the level's name, as Azure Functions writes it.
func (l Level) String() string { return levels[min(int(l), len(levels)-1)] }

// Line is one line of a function's log.
type Line struct {
	At         time.Time
	Invocation string // empty if it belongs to none
	Level      Level
	Category   string
	Text       string
}

// Failed says that the function ran and failed. Trying again may help.
type Failed struct {
	Type    string // of the exception, as the worker calls it; may be empty
	Message string
	Stack   string // may be empty
}

// Error is the exception's type and message.
func (f *Failed) Error() string {
	if f.Type == "" {
		return "function failed: " + f.Message
	}
	return fmt.Sprintf("function failed: %s: %s", f.Type, f.Message)
}

// Gone says that the worker went away with the invocation, or never had it:
// nobody knows how far it came.
type Gone struct{ Err error }

// Error says how the worker's going was noticed.
func (g *Gone) Error() string { return fmt.Sprintf("worker gone: %v", g.Err) }

// Unwrap is what was noticed.
func (g *Gone) Unwrap() error { return g.Err }

// Contract hands invocations to one worker. Invoke is safe for concurrent use.
// When it returns, the worker holds nothing of inv any more that stanch would
// have to keep; values of the result that are streams are read and closed by
// the caller before it calls end. A nil error means that the function succeeded.
// Errors are *Failed and *Gone; when ctx ends first, the worker is told if its
// contract has words for that, and the error is ctx's cause.
type Contract interface {
	Invoke(ctx context.Context, inv *Invocation) (result *Result, end func(), err error)
}
