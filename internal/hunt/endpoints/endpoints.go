// Package endpoints says which requests a hunt drives apart.
//
// They are named by hand, listed in a file, described by an OpenAPI document, or
// learnt from requests that were recorded. What is not named by hand is sent only
// if it is a GET: a hunt sends thousands of requests, and nobody wants thousands of
// orders deleted because a document mentions them. An endpoint without a value for
// a parameter gets one that is likely; whether the worker takes it shows in the
// first block.
//
// Begin with Parse for a single one, and ReadList, ReadOpenAPI and Learn for many.
package endpoints

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

// Endpoint is one endpoint with what is sent to it.
type Endpoint struct{ drive.Request }

// Name tells endpoints apart.
func (e Endpoint) Name() string {
	return hunt.Endpoint{Method: e.Method, Path: e.Path}.Name()
}

// Parse reads an endpoint as it is written on a command line: "/orders/{id}",
// "GET /orders", `POST /orders {"id": {id}}`, or with the worker's address in front
// of the path, which is base then.
func Parse(text string) (base string, e Endpoint, err error) {
	const hint = "\nhint: write it as /orders/{id}, 'POST /orders {\"n\": 1}' or http://127.0.0.1:8000/orders"
	text = strings.TrimSpace(text)
	method, at := "GET", text
	if word, rest, ok := strings.Cut(text, " "); ok && isMethod(word) {
		method, at = word, strings.TrimSpace(rest)
	}
	at, body, _ := strings.Cut(at, " ")
	path := at
	if scheme, rest, ok := strings.Cut(at, "://"); ok {
		host, below, _ := strings.Cut(rest, "/")
		if strings.Contains(host, "@") {
			return "", Endpoint{}, errors.New("the endpoint's address holds a password\nhint: --header 'Authorization: …'")
		}
		if scheme != "http" && scheme != "https" || host == "" {
			return "", Endpoint{}, fmt.Errorf("the endpoint %q has no address of http or https%s", shown(text), hint)
		}
		base, path = scheme+"://"+host, "/"+below
	}
	if !strings.HasPrefix(path, "/") {
		return "", Endpoint{}, fmt.Errorf("the endpoint %q has no path%s", shown(text), hint)
	}
	return base, Endpoint{drive.Request{Method: method, Path: path, Body: strings.TrimSpace(body)}}, nil
}

// shown is a text in an error: no longer than a line.
func shown(text string) string {
	if len(text) > 80 {
		return strings.ToValidUTF8(text[:80], "") + "…"
	}
	return text
}

func isMethod(word string) bool {
	for i := range len(word) {
		if word[i] < 'A' || word[i] > 'Z' {
			return false
		}
	}
	return word != ""
}

// Check says what is wrong with a set of endpoints: none at all, or two of one name.
func Check(all []Endpoint) error {
	if len(all) == 0 {
		return errors.New("there is no endpoint to drive\nhint: name them: stanch hunt http://127.0.0.1:8000/orders http://127.0.0.1:8000/export")
	}
	seen := map[string]bool{}
	for _, e := range all {
		if seen[e.Name()] {
			return fmt.Errorf("the endpoint %s is there twice", e.Name())
		}
		seen[e.Name()] = true
	}
	return nil
}

// Safe splits endpoints into those that only read, by their method, and the rest.
func Safe(all []Endpoint) (safe, unsafe []Endpoint) {
	for _, e := range all {
		if e.Method == "GET" || e.Method == "HEAD" {
			safe = append(safe, e)
		} else {
			unsafe = append(unsafe, e)
		}
	}
	return safe, unsafe
}

// requestPath is the path of a URL, with its query.
func requestPath(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.EscapedPath(), "/") {
		return "", false
	}
	path := u.EscapedPath()
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return path, true
}
