package endpoints

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

// severalValues is how many values are made up for a parameter that has to have a
// form: enough to be different ones.
const severalValues = 100

// values are those that a parameter is likely to take: its examples, what its
// schema lists, or values of the schema's form.
func (d document) values(p map[string]any) drive.Values {
	var list []string
	add := func(v any) {
		if text, ok := scalar(v); ok && text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	schema := d.follow(p["schema"])
	for _, of := range []map[string]any{p, schema} {
		if v, ok := of["example"]; ok {
			add(v)
		}
		examples := object(of["examples"])
		for _, name := range slices.Sorted(maps.Keys(examples)) {
			add(d.follow(examples[name])["value"])
		}
		for _, v := range array(of["examples"]) {
			add(v)
		}
	}
	if len(list) == 0 {
		for _, v := range array(schema["enum"]) {
			add(v)
		}
	}
	if len(list) == 0 {
		if v, ok := schema["default"]; ok {
			add(v)
		}
	}
	if len(list) > 0 {
		return drive.Values{List: list}
	}
	return formed(schema)
}

// formed are values of a schema's form.
func formed(schema map[string]any) drive.Values {
	several := func(one func(i int) string) drive.Values {
		v := drive.Values{}
		for i := range severalValues {
			v.List = append(v.List, one(i))
		}
		return v
	}
	switch kindOf(schema) {
	case "boolean":
		return drive.Values{List: []string{"true", "false"}}
	case "integer", "number":
		low, haveLow := number(schema["minimum"])
		high, haveHigh := number(schema["maximum"])
		switch {
		case haveLow && low > 1 || haveHigh && high < 1:
			if !haveLow {
				low = high - severalValues + 1
			}
			return several(func(i int) string {
				n := low + int64(i)
				if haveHigh && n > high {
					n = high
				}
				return strconv.FormatInt(n, 10)
			})
		case haveHigh:
			return drive.Values{Cardinality: uint64(min(high, 1000))}
		}
		return drive.Values{Cardinality: 1000}
	}
	switch format, _ := schema["format"].(string); format {
	case "uuid":
		return several(func(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", i+1) })
	case "date":
		return several(func(i int) string { return fmt.Sprintf("2026-%02d-%02d", i/28%12+1, i%28+1) })
	case "date-time":
		return several(func(i int) string { return fmt.Sprintf("2026-01-%02dT%02d:00:00Z", i%28+1, i%24) })
	case "email":
		return several(func(i int) string { return fmt.Sprintf("hunt%d@example.com", i+1) })
	}
	return drive.Values{Cardinality: 1000}
}

// kindOf is a schema's type; version 3.1 may list several, of which null is none.
func kindOf(schema map[string]any) string {
	if kind, ok := schema["type"].(string); ok {
		return kind
	}
	for _, v := range array(schema["type"]) {
		if kind, ok := v.(string); ok && kind != "null" {
			return kind
		}
	}
	if schema["properties"] != nil {
		return "object"
	}
	return ""
}

// sampler makes one body up. Schemas that hold themselves several times over would
// have no end, so it makes so many parts and no more.
type sampler struct {
	document
	left int
}

// mostParts is how many parts a body that is made up has.
const mostParts = 500

// sample is a value that a schema is likely to take, for a body.
func (d *sampler) sample(v any, depth int) any {
	schema := d.follow(v)
	if d.left--; schema == nil || depth > deepest || d.left < 0 {
		return nil
	}
	if one, ok := d.example(schema); ok {
		return one
	}
	for _, key := range []string{"default", "const"} {
		if one, ok := schema[key]; ok {
			return one
		}
	}
	if list := array(schema["enum"]); len(list) > 0 {
		return list[0]
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		if list := array(schema[key]); len(list) > 0 {
			return d.sample(list[0], depth+1)
		}
	}
	switch kindOf(schema) {
	case "object":
		return d.properties(schema, depth)
	case "array":
		return []any{d.sample(schema["items"], depth+1)}
	case "integer", "number":
		if low, ok := number(schema["minimum"]); ok {
			return low
		}
		return 1
	case "boolean":
		return true
	case "string":
		return first(formed(schema))
	}
	if len(array(schema["allOf"])) > 0 {
		return d.properties(schema, depth)
	}
	return "text"
}

// properties are those of an object, with those of the schemas that it joins.
func (d *sampler) properties(schema map[string]any, depth int) map[string]any {
	all := map[string]any{}
	for _, part := range array(schema["allOf"]) {
		if more, ok := d.sample(part, depth+1).(map[string]any); ok {
			maps.Copy(all, more)
		}
	}
	properties := object(schema["properties"])
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if depth < deepest && d.left > 0 {
			all[name] = d.sample(properties[name], depth+1)
		}
	}
	return all
}

// scalar prints what can stand in a path.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), true
	}
	return "", false
}

func number(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(min(v, 1<<62)), true
	case float64:
		if v > -1e15 && v < 1e15 {
			return int64(v), true
		}
	}
	return 0, false
}
