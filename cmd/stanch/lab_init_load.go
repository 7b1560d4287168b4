package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/hunt/drive"
	"github.com/stanch-dev/stanch/internal/hunt/endpoints"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/draft"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// usualKeys is how many keys a path has that nobody said anything about.
const usualKeys = 1000

// load puts in what comes: what is named, what a document describes, or else what a
// function app says of its triggers.
func (q *labInit) load(a *draft.Answers) (notes []string, err error) {
	for _, text := range q.endpoints {
		r, err := requestOf(text)
		if err != nil {
			return nil, err
		}
		a.Requests = append(a.Requests, r)
	}
	if q.openapi != "" {
		if notes, err = q.described(a); err != nil {
			return nil, err
		}
	}
	a.Queues = slices.Clone(q.queues)
	for _, blob := range q.blobs {
		if !strings.Contains(blob, "/") {
			blob += "/{n}.bin"
		}
		a.Blobs = append(a.Blobs, blob)
	}
	if q.functions && len(a.Requests)+len(a.Queues)+len(a.Blobs) == 0 {
		return notes, q.triggers(a)
	}
	return notes, nil
}

// requestOf reads a request as a hunt does, but for its body, which is a size.
func requestOf(text string) (lab.Request, error) {
	base, e, err := endpoints.Parse(text)
	if err != nil {
		return lab.Request{}, fmt.Errorf("--endpoint: %w", err)
	}
	if base != "" {
		return lab.Request{}, errors.New("--endpoint: the lab starts the worker, and knows its address\nhint: GET /orders/{id}")
	}
	r, err := labRequest(e)
	if err != nil {
		return lab.Request{}, fmt.Errorf("--endpoint: %w", err)
	}
	if e.Body != "" {
		if r.Size, err = bytesize.Parse(e.Body); err != nil {
			return lab.Request{}, errors.New("--endpoint: a lab sends noise of a size, and no body of yours\nhint: POST /orders 2KiB")
		}
		if e.Method == "GET" || e.Method == "DELETE" {
			return lab.Request{}, fmt.Errorf("--endpoint: a %s has no body", e.Method)
		}
	}
	return r, nil
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// labRequest is an endpoint as a lab sends it: {key} is one of some keys, {n} the
// request's own number, and what has values of its own gets the first of them.
func labRequest(e endpoints.Endpoint) (lab.Request, error) {
	r := lab.Request{Method: e.Method, Keys: 1}
	if !slices.Contains([]string{"GET", "POST", "PUT", "DELETE"}, e.Method) {
		return r, fmt.Errorf("a lab sends GET, POST, PUT and DELETE, and no %s", e.Method)
	}
	r.Path = placeholder.ReplaceAllStringFunc(e.Path, func(name string) string {
		values, known := e.Keys[strings.Trim(name, "{}")]
		switch {
		case name == "{n}":
			return name
		case !known:
			values = drive.Values{Cardinality: usualKeys}
		case len(values.List) > 0:
			return url.PathEscape(values.List[0])
		case values.Cardinality == 0:
			return "{n}"
		}
		r.Keys = max(r.Keys, int(min(values.Cardinality, 1_000_000_000)))
		return "{key}"
	})
	return r, nil
}

// mostDescribed is how many endpoints of a document are taken: with more, each comes
// too seldom to matter.
const mostDescribed = 20

// described takes what a document lets one GET. Anything else would be sent by the
// thousand, with a body that the document does not mean.
func (q *labInit) described(a *draft.Answers) (notes []string, err error) {
	text, err := os.ReadFile(q.openapi)
	if err != nil {
		return nil, fmt.Errorf("--openapi: read the OpenAPI document: %w", err)
	}
	all, err := endpoints.ReadOpenAPI(text)
	if err != nil {
		return nil, fmt.Errorf("--openapi: %s: %w", q.openapi, err)
	}
	left, first := 0, len(a.Requests)
	for _, e := range all {
		r, err := labRequest(e)
		if err != nil || e.Method != "GET" || len(e.Header) > 0 || len(a.Requests)-first == mostDescribed {
			left++
			continue
		}
		a.Requests = append(a.Requests, r)
	}
	if len(a.Requests) == first {
		return nil, fmt.Errorf("--openapi: %s has nothing to GET without headers\nhint: name what is to be asked: --endpoint \"POST /orders 2KiB\"", q.openapi)
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%s of %s not taken: only GETs without headers are, up to %d (--endpoint \"POST /orders 2KiB\" adds one)", plural(left, "endpoint"), q.openapi, mostDescribed))
	}
	return notes, nil
}

// errUnsaid is that an app's files don't tell its triggers, as those of newer models don't.
var errUnsaid = errors.New("the function app does not say in its files what comes")

// triggers takes what a function app's files say that comes.
func (q *labInit) triggers(a *draft.Answers) error {
	app, mistakes := funcapp.Read(os.DirFS(q.app), funcapp.Machine{Environ: q.w.environ, Processors: runtime.GOMAXPROCS(0)})
	for _, fn := range app.Functions {
		if fn.Disabled {
			continue
		}
		switch trigger := fn.Trigger; trigger.Type {
		case funcapp.HTTPTrigger:
			method := "GET"
			for _, m := range trigger.Methods {
				if !slices.Contains(trigger.Methods, method) && slices.Contains([]string{"POST", "PUT", "DELETE"}, m) {
					method = m
				}
			}
			path := strings.TrimSuffix("/"+app.Host.HTTP.RoutePrefix, "/") + "/" + trigger.Route
			r, err := labRequest(endpoints.Endpoint{Request: drive.Request{Method: method, Path: path}})
			if err == nil {
				a.Requests = append(a.Requests, r)
			}
		case funcapp.QueueTrigger:
			if name, fixed := trigger.Queue.Fixed(); fixed {
				a.Queues = append(a.Queues, strings.ToLower(name))
			}
		case funcapp.BlobTrigger:
			a.Blobs = append(a.Blobs, blobsOf(trigger.Pattern.Container(), trigger.Pattern.String()))
		}
	}
	if len(a.Requests)+len(a.Queues)+len(a.Blobs) > 0 {
		return nil
	}
	if funcapp.Faults(mistakes) != nil {
		return fmt.Errorf("the function app in %s has mistakes\nhint: stanch check, run there, tells them", q.app)
	}
	return errUnsaid
}

// blobsOf is a path that a blob trigger's pattern fits: its first name is the blob's
// number.
func blobsOf(container, pattern string) string {
	numbered := false
	path := placeholder.ReplaceAllStringFunc(pattern, func(string) string {
		if numbered {
			return "x"
		}
		numbered = true
		return "{n}"
	})
	if !numbered {
		return container + "/{n}.bin"
	}
	return path
}
