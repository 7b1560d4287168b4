package endpoints

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

// list is a file of endpoints.
type list struct {
	Endpoints []entry `yaml:"endpoints"`
}

// entry is one of them: a line as on the command line, or a mapping.
type entry struct{ Endpoint }

type mapping struct {
	Method  string            `yaml:"method"`
	Path    string            `yaml:"path"`
	Body    string            `yaml:"body"`
	Headers map[string]string `yaml:"headers"`
	Keys    map[string]string `yaml:"keys"`
}

// UnmarshalYAML reads either form.
func (e *entry) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		base, parsed, err := Parse(text)
		if err == nil && base != "" {
			err = fmt.Errorf("the endpoint %q has an address\nhint: a file has paths alone; --at says where the worker is", shown(text))
		}
		e.Endpoint = parsed
		return err
	}
	var m mapping
	if err := unmarshal(&m); err != nil {
		return err
	}
	if m.Method == "" {
		m.Method = "GET"
	}
	if !isMethod(m.Method) || !strings.HasPrefix(m.Path, "/") {
		return fmt.Errorf("an endpoint needs a path that begins with /, and a method in capitals; it has %q and %q", shown(m.Path), m.Method)
	}
	e.Request = drive.Request{Method: m.Method, Path: m.Path, Body: m.Body, Keys: map[string]drive.Values{}}
	for name, value := range m.Headers {
		e.Header = append(e.Header, name+": "+value)
	}
	for name, text := range m.Keys {
		values, err := drive.ParseValues(text)
		if err != nil {
			return fmt.Errorf("keys: %s: %w", name, err)
		}
		e.Keys[name] = values
	}
	return nil
}

// ReadList reads a YAML file of endpoints:
//
//	endpoints:
//	  - GET /orders/{id}
//	  - path: /orders
//	    method: POST
//	    body: '{"customer": {id}}'
//	    keys: {id: 200}
//
// A key that is not known is an error.
func ReadList(text []byte) ([]Endpoint, error) {
	var l list
	if err := yaml.UnmarshalWithOptions(text, &l, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the endpoints: %w", err)
	}
	if len(l.Endpoints) == 0 {
		return nil, errors.New("read the endpoints: there are none\nhint: the file is endpoints: with a list of 'GET /path' below it")
	}
	all := make([]Endpoint, len(l.Endpoints))
	for i, e := range l.Endpoints {
		all[i] = e.Endpoint
	}
	return all, nil
}
