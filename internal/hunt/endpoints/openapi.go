package endpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

// methods are the operations of a path that can be driven, in the order of
// the specification.
func methods() []string { return []string{"get", "put", "post", "delete", "head", "patch"} }

// ReadOpenAPI finds the endpoints of an OpenAPI 3 document in JSON or YAML
// (spec.openapis.org/oas/v3.1.0): every operation of every path, with the examples
// and likely values of its parameters. A path of the first server goes before
// theirs. References are followed inside the document only.
func ReadOpenAPI(text []byte) ([]Endpoint, error) {
	var root any
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	d := document{object(root)}
	if version, _ := d.root["openapi"].(string); !strings.HasPrefix(version, "3.") {
		if _, old := d.root["swagger"]; old {
			return nil, errors.New("read the OpenAPI document: it is of version 2, and stanch reads 3\nhint: converters of version 2 to 3 exist for every language")
		}
		return nil, errors.New("read the OpenAPI document: it has no line openapi: 3.…\nhint: a plain list of endpoints is given with --file")
	}
	prefix := d.prefix()
	paths := object(d.root["paths"])
	var all []Endpoint
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := d.follow(paths[path])
		if !strings.HasPrefix(path, "/") || !sendable(path) {
			continue
		}
		for _, method := range methods() {
			if operation := object(item[method]); operation != nil {
				all = append(all, d.endpoint(strings.ToUpper(method), prefix+path, item, operation))
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("read the OpenAPI document: it has no paths")
	}
	return all, nil
}

// document is a parsed one. It is walked as it is, not as it should be: what has
// another shape than the specification says is as if it were not there.
type document struct{ root map[string]any }

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func array(v any) []any {
	a, _ := v.([]any)
	return a
}

// deepest bounds references that follow one another, and schemas in schemas.
const deepest = 12

// follow is the object v, or the one that it refers to.
func (d document) follow(v any) map[string]any {
	m := object(v)
	for range deepest {
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		at, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			return nil
		}
		var here any = d.root
		for part := range strings.SplitSeq(at, "/") {
			here = object(here)[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
		}
		m = object(here)
	}
	return nil
}

// prefix is the path of the first server, unless it has variables.
func (d document) prefix() string {
	servers := array(d.root["servers"])
	if len(servers) == 0 {
		return ""
	}
	address, _ := object(servers[0])["url"].(string)
	u, err := url.Parse(address)
	if err != nil || strings.ContainsAny(address, "{}") {
		return ""
	}
	prefix := strings.Trim(u.EscapedPath(), "/")
	if prefix == "" || !sendable(prefix) {
		return ""
	}
	return "/" + prefix
}

// sendable says whether a text can stand in a request line.
func sendable(path string) bool { return !strings.ContainsAny(path, " \t\r\n\x00") }

func (d document) endpoint(method, path string, item, operation map[string]any) Endpoint {
	e := Endpoint{drive.Request{Method: method, Path: path, Keys: map[string]drive.Values{}}}
	// An operation's parameter replaces the path's of the same name and place.
	parameters := map[string]map[string]any{}
	for _, raw := range slices.Concat(array(item["parameters"]), array(operation["parameters"])) {
		p := d.follow(raw)
		name, _ := p["name"].(string)
		in, _ := p["in"].(string)
		if name != "" {
			parameters[in+" "+name] = p
		}
	}
	var query []string
	for _, key := range slices.Sorted(maps.Keys(parameters)) {
		p := parameters[key]
		in, name, _ := strings.Cut(key, " ")
		required, _ := p["required"].(bool)
		switch in {
		case "path":
			e.Keys[name] = d.values(p)
		case "query":
			if required {
				query = append(query, url.QueryEscape(name)+"={"+name+"}")
				e.Keys[name] = d.values(p)
			}
		case "header":
			if required {
				e.Header = append(e.Header, name+": "+first(d.values(p)))
			}
		}
	}
	if len(query) > 0 {
		e.Path += "?" + strings.Join(query, "&")
	}
	body := d.follow(operation["requestBody"])
	for kind, media := range object(body["content"]) {
		if strings.HasPrefix(kind, "application/json") {
			e.Body = d.body(object(media))
			break
		}
	}
	return e
}

// body is a sample of a JSON body.
func (d document) body(media map[string]any) string {
	sample, ok := d.example(media)
	if !ok {
		sample = (&sampler{d, mostParts}).sample(media["schema"], 0)
	}
	text, err := json.Marshal(sample)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// example is what a parameter, a media type or a schema gives as one.
func (d document) example(of map[string]any) (any, bool) {
	if v, ok := of["example"]; ok {
		return v, true
	}
	examples := object(of["examples"])
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if v, ok := d.follow(examples[name])["value"]; ok {
			return v, true
		}
	}
	if list := array(of["examples"]); len(list) > 0 {
		return list[0], true
	}
	return nil, false
}

// first is one of the values.
func first(v drive.Values) string {
	if len(v.List) > 0 {
		return v.List[0]
	}
	return "1"
}
