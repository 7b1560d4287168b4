// Package route lets clients call functions over HTTP.
//
// A request is matched with the functions' routes, its key is checked, its body is
// kept (held if it is small, in a file if it is large), and it is handed to the
// host as a [contract.Request]. What the function answers is streamed back. Three
// rules hold. A key that opened the door goes no further: no function, log or URL
// gets it. What went wrong in a function is not told to its client. And a body
// that ends early breaks the connection off, so that nobody takes half of it for
// all.
//
// Begin with [New]; blob events of Event Grid come in by [Events].
package route

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/route/pattern"
)

// Config says what is served and what it takes.
type Config struct {
	Functions []funcapp.Function // those without an HTTP trigger, and disabled ones, are passed over
	HTTP      funcapp.HTTPSettings
	Keys      Keys
	MaxBody   int64  // bytes of a request; 0: 100 MiB, as Azure
	Spool     string // where large bodies are kept
}

const defaultMaxBody = 100 << 20

// Invoke calls a function. end is called when the response has been read. Errors
// that have an answer of their own: *contract.Failed, *contract.Gone,
// *room.TooBig, *work.Unavailable, admit.ErrClosed and context.DeadlineExceeded.
type Invoke func(ctx context.Context, function string, r *contract.Request) (response *contract.Response, end func(), err error)

// Table serves the HTTP functions of an app. It is safe for concurrent use.
type Table struct {
	cfg    Config
	prefix string // with slashes at both ends
	routes []entry
	invoke Invoke
	line   *line
}

// entry is the route of one function.
type entry struct {
	pattern  pattern.Pattern
	function string
	level    string
	methods  []string // all if there are none
}

// New makes a table. The error names everything that is wrong with the routes.
func New(cfg Config, invoke Invoke) (*Table, error) {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	t := &Table{cfg: cfg, prefix: "/", invoke: invoke, line: newLine(cfg.HTTP)}
	if cfg.HTTP.RoutePrefix != "" {
		t.prefix = "/" + cfg.HTTP.RoutePrefix + "/"
	}
	var errs []error
	var claims pattern.Claims
	for _, f := range cfg.Functions {
		if f.Trigger.Type != funcapp.HTTPTrigger || f.Disabled {
			continue
		}
		p, err := pattern.Parse(f.Trigger.Route)
		if err != nil {
			errs = append(errs, fmt.Errorf("route of function %s: %w", f.Name, err))
			continue
		}
		if other, method, clash := claims.Take(p, f.Trigger.Methods, f.Name); clash {
			errs = append(errs, fmt.Errorf("functions %s and %s have the same route for %s", other, f.Name, method))
		}
		t.routes = append(t.routes, entry{p, f.Name, f.Trigger.AuthLevel, f.Trigger.Methods})
	}
	slices.SortStableFunc(t.routes, func(a, b entry) int { return pattern.Compare(a.pattern, b.pattern) })
	return t, errors.Join(errs...)
}

// find is the first route that matches, or the methods that the path has. The path
// is percent-encoded.
func (t *Table) find(method, path string) (found *entry, params map[string]string, allow []string) {
	rest, ok := under(t.prefix, path)
	if !ok {
		return nil, nil, nil
	}
	for i := range t.routes {
		e := &t.routes[i]
		params, ok := e.pattern.Match(rest)
		if !ok {
			continue
		}
		if len(e.methods) == 0 || slices.Contains(e.methods, method) {
			return e, params, nil
		}
		allow = append(allow, e.methods...)
	}
	slices.Sort(allow)
	return nil, nil, slices.Compact(allow)
}

// under cuts the prefix off a path, in any case.
func under(prefix, path string) (rest string, ok bool) {
	if len(path) == len(prefix)-1 {
		path += "/"
	}
	if len(path) < len(prefix) || !strings.EqualFold(path[:len(prefix)], prefix) {
		return "", false
	}
	return path[len(prefix):], true
}

// ServeHTTP answers one request.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, params, allow := t.find(r.Method, r.URL.EscapedPath())
	switch {
	case found == nil && len(allow) > 0:
		w.Header().Set("Allow", strings.Join(allow, ", "))
		http.Error(w, "the route has other methods", http.StatusMethodNotAllowed)
		return
	case found == nil:
		http.Error(w, "no function has this route", http.StatusNotFound)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, "the query can't be read", http.StatusBadRequest)
		return
	}
	if !t.cfg.Keys.admit(identify(r.Header, query), found.level, found.function) {
		http.Error(w, "a key is needed: in the header x-functions-key, or as code in the query", http.StatusUnauthorized)
		return
	}
	leave, err := t.line.enter(r.Context())
	switch {
	case errors.Is(err, errFull):
		http.Error(w, "too many requests wait already", http.StatusTooManyRequests)
		return
	case err != nil:
		fail(w, r, err)
		return
	}
	defer leave()
	body, release, status := t.keep(w, r)
	if status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	defer release()
	request := t.translate(r, query)
	request.Params, request.Body = params, body
	response, end, err := t.invoke(r.Context(), found.function, request)
	if err != nil {
		fail(w, r, err)
		return
	}
	defer end()
	answer(w, r, response)
}
