package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/hunt/endpoints"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// chosen are the endpoints of a hunt.
type chosen struct {
	base   string // of endpoints that were given as URLs
	all    []endpoints.Endpoint
	byHand map[string]bool // by name: the user meant it, so that what is wrong with it is a mistake
	notes  []string
}

// mostLearnt is how many endpoints are taken out of recorded requests: each has its
// blocks in every round.
const mostLearnt = 12

// endpoints gathers those of the arguments, of the file, of the document and of
// what was recorded.
func (q *huntRequest) endpoints(ctx context.Context, w world, args []string) (*chosen, error) {
	c := &chosen{base: q.at, byHand: map[string]bool{}}
	for _, text := range args {
		base, e, err := endpoints.Parse(text)
		if err != nil {
			return nil, &codedError{code: exitUsage, err: err}
		}
		if base != "" {
			if c.base != "" && strings.TrimRight(c.base, "/") != base {
				return nil, usage(errors.New("the endpoints are at two addresses"), "one hunt is about one worker")
			}
			c.base = base
		}
		c.all = append(c.all, e)
	}
	if q.file != "" {
		text, err := os.ReadFile(q.file)
		if err != nil {
			return nil, &codedError{code: exitUsage, err: fmt.Errorf("read the endpoints: %w", err)}
		}
		listed, err := endpoints.ReadList(text)
		if err != nil {
			return nil, &codedError{code: exitUsage, err: fmt.Errorf("%s: %w", q.file, err)}
		}
		c.all = append(c.all, listed...)
	}
	for _, e := range c.all {
		c.byHand[e.Name()] = true
	}
	if q.openapi != "" {
		text, err := os.ReadFile(q.openapi)
		if err != nil {
			return nil, &codedError{code: exitUsage, err: fmt.Errorf("read the OpenAPI document: %w", err)}
		}
		described, err := endpoints.ReadOpenAPI(text)
		if err != nil {
			return nil, &codedError{code: exitUsage, err: fmt.Errorf("%s: %w", q.openapi, err)}
		}
		c.add(described, q.unsafe, len(described))
	}
	if q.recorded || len(q.from) > 0 {
		rows, err := recordedRoutes(ctx, w, q.from)
		if err != nil {
			return nil, err
		}
		c.add(endpoints.Learn(rows), q.unsafe, mostLearnt)
	}
	if err := endpoints.Check(c.all); err != nil {
		if len(c.notes) > 0 {
			err = fmt.Errorf("%s: %w", c.notes[0], err)
		}
		return nil, &codedError{code: exitUsage, err: err}
	}
	return c, nil
}

// add takes so many of those that nobody named, and says what it leaves out.
func (c *chosen) add(found []endpoints.Endpoint, unsafe bool, most int) {
	if !unsafe {
		safe, rest := endpoints.Safe(found)
		if len(rest) > 0 {
			c.notes = append(c.notes, fmt.Sprintf("%s not driven, since more than reading may come of it (--unsafe drives them too)", plural(len(rest), "endpoint")))
		}
		found = safe
	}
	taken := 0
	for _, e := range found {
		if c.has(e.Name()) {
			continue
		}
		if taken == most {
			c.notes = append(c.notes, fmt.Sprintf("the %d most frequent of %d endpoints are driven", most, len(found)))
			return
		}
		taken++
		c.all = append(c.all, e)
	}
}

func (c *chosen) has(name string) bool {
	for _, e := range c.all {
		if e.Name() == name {
			return true
		}
	}
	return false
}

// drop leaves an endpoint out.
func (c *chosen) drop(name, why string) {
	for i, e := range c.all {
		if e.Name() == name {
			c.all = append(c.all[:i:i], c.all[i+1:]...)
			c.notes = append(c.notes, name+" is left out: "+why)
			return
		}
	}
}

func (c *chosen) names() (names []string) {
	for _, e := range c.all {
		names = append(names, e.Name())
	}
	return names
}

// recordedRoutes asks what was recorded for its operations.
func recordedRoutes(ctx context.Context, w world, from []string) ([]endpoints.Row, error) {
	source, err := openQuerySource(w, from)
	if err != nil {
		return nil, err
	}
	defer func() { _ = source.close() }()
	if source.empty() {
		return nil, usage(fmt.Errorf("learn endpoints from recorded requests: %s", cmp.Or(source.why, "there are no tables")), "name endpoints by hand, or --openapi")
	}
	const text = `requests | where isnotempty(name) | summarize n = sum(itemCount), urls = make_set(url, 50) by name | top 200 by n`
	queries, _, err := kql.Compile(text, kql.Options{Source: source, Now: value.Ticks(time.Now()), MemoryLimit: 256 << 20})
	if err != nil {
		return nil, fmt.Errorf("learn endpoints from recorded requests: %w", err)
	}
	result, err := queries[0].Run(ctx)
	if err != nil {
		return nil, fmt.Errorf("learn endpoints from recorded requests: %w", err)
	}
	var rows []endpoints.Row
	for _, r := range result.Rows {
		row := endpoints.Row{Name: r[0].Str(), Count: r[1].Long()}
		for _, u := range r[2].Elems() {
			row.URLs = append(row.URLs, u.Str())
		}
		rows = append(rows, row)
	}
	return rows, nil
}
