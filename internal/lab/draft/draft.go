// Package draft writes an experiment for somebody's own worker, from a few answers.
//
// What comes out is text for people: a whole experiment.yaml with comments that say what
// to change and why. It asks for more than a claim needs to look true: controls, gates,
// disproof as well as proof, and a small version. Sizes and times are not taken from
// thin air. The least effect is what the planned windows could tell at the noise that
// `lab lint` supposes, so that a draft never promises what it can't keep; and nothing
// of what a user typed can become YAML of its own.
//
// It is pure: the same answers give the same text. Begin with [Answers] and [Write].
package draft

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// Claim is what somebody says of the worker.
type Claim string

// The claims.
const (
	Leak    Claim = "leak"    // it keeps memory with each request
	OOM     Claim = "oom"     // under load it goes over its limit; with Other, that one does not
	Fix     Claim = "fix"     // it leaks, and Other does not
	Compare Claim = "compare" // Other is no worse
)

// Claims are all of them, in the order in which people are asked.
func Claims() []Claim { return []Claim{Leak, OOM, Fix, Compare} }

// Worker is one form of the worker.
type Worker struct {
	Dir       string   // below the experiment's folder, with slashes; empty is the folder itself
	Command   []string // empty: the folder says, as that of a function app does
	Functions bool     // a function app
}

// Answers are what a draft is made of.
type Answers struct {
	Name   string
	Claim  Claim
	Worker Worker
	Other  *Worker // what it is compared with; nil without
	Memory bytesize.Size
	// What comes. A function app may have queues and containers of blobs.
	Requests []lab.Request // Method, Path, Keys and Size of each; no Size is Payload
	Queues   []string
	Blobs    []string // CONTAINER/PATH with {n}
	Payload  bytesize.Size
	// Rate is how many come in a second under load, all kinds together.
	Rate float64
	// Length is what all runs of the fewest rounds take together, about.
	Length time.Duration
	// Smallest is the least growth a request that anybody cares about; 0 is what the
	// experiment could tell.
	Smallest bytesize.Size
	Place    string // of the experiment's folder, as the comments call it; may be empty
}

//go:embed *.tmpl
var texts embed.FS

// Write writes the experiment. The error is that of Answers.Check.
func Write(a Answers) (string, error) {
	if err := a.Check(); err != nil {
		return "", err
	}
	all, err := template.New("").Funcs(template.FuncMap{
		"text": quoted, "words": words, "size": size, "time": span, "rate": rate, "lower": strings.ToLower,
	}).ParseFS(texts, "*.tmpl")
	if err != nil {
		return "", fmt.Errorf("read the templates: %w", err)
	}
	var b strings.Builder
	if err := all.ExecuteTemplate(&b, string(a.Claim)+".tmpl", sheetOf(a)); err != nil {
		return "", fmt.Errorf("write the experiment: %w", err)
	}
	return b.String(), nil
}
