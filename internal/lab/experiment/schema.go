package experiment

import (
	"encoding/json"
	"slices"
	"strings"
)

// Schema is a JSON schema, as far as editors need it for an experiment.
type Schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        types              `json:"type,omitempty"`
	Const       string             `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Maximum     *float64           `json:"maximum,omitempty"`
	Default     string             `json:"default,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Names       *Schema            `json:"propertyNames,omitempty"`
	Values      *Schema            `json:"additionalProperties,omitempty"` // of other keys
	Items       *Schema            `json:"items,omitempty"`
	MinItems    int                `json:"minItems,omitempty"`
	MaxItems    int                `json:"maxItems,omitempty"`
	OneOf       []*Schema          `json:"oneOf,omitempty"`
	AnyOf       []*Schema          `json:"anyOf,omitempty"`
	AllOf       []*Schema          `json:"allOf,omitempty"`
	If          *Schema            `json:"if,omitempty"`
	Then        *Schema            `json:"then,omitempty"`
	Not         *Schema            `json:"not,omitempty"`

	rows  []row // of an object, in the order of its fields
	cases *cases
	one   []string
}

// nothing is the schema that no value keeps to.
func nothing() *Schema { return &Schema{Not: &Schema{}} }

// needed stands in the reference for a key that has no value of its own.
const needed = "*needed*"

// row is a key in the reference.
type row struct{ key, words, otherwise, doc string }

// types is one type of JSON, or several.
type types []string

// MarshalJSON writes one type as a text.
func (t types) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

func (o object[T]) schema() *Schema {
	s := &Schema{Title: o.title, Description: o.doc, Type: types{"object"}, Properties: map[string]*Schema{}, Values: nothing(), cases: o.cases, one: o.oneOf}
	for _, f := range o.fields {
		p := *f.schema()
		p.Description, p.Default = f.doc, f.otherwise
		s.Properties[f.name] = &p
		row := row{f.name, f.words, f.otherwise, f.doc}
		if f.required {
			s.Required = append(s.Required, f.name)
			row.otherwise = needed
		}
		s.rows = append(s.rows, row)
	}
	for _, key := range o.oneOf {
		s.OneOf = append(s.OneOf, &Schema{Required: []string{key}})
	}
	if o.cases == nil {
		return s
	}
	for _, c := range o.cases.of {
		then := &Schema{Required: strings.Fields(c.needs)}
		if excluded := o.cases.excluded(c); len(excluded) > 0 {
			then.Properties = map[string]*Schema{}
			for _, key := range excluded {
				then.Properties[key] = nothing()
			}
		}
		s.AllOf = append(s.AllOf, &Schema{
			If:   &Schema{Properties: map[string]*Schema{o.cases.key: {Const: c.word}}, Required: []string{o.cases.key}},
			Then: then,
		})
	}
	return s
}

// core is the schema of what the small version may say: a part of what the file may.
func (s *Schema) core() *Schema {
	p := *s
	p.Required, p.AllOf, p.MinItems, p.Default = nil, nil, 0, ""
	if s.Properties != nil {
		p.OneOf = nil
		p.Properties = map[string]*Schema{}
		for key, child := range s.Properties {
			p.Properties[key] = child.core().orNull()
		}
	}
	if s.Names != nil {
		p.Values = s.Values.core().orNull()
	}
	if s.Items == nil {
		return &p
	}
	if key := identity(s.Items); key != "" {
		items := s.Items.core()
		items.Required, items.Properties[key] = []string{key}, s.Items.Properties[key]
		p.Items = items
	}
	return &p
}

// orNull allows for null, which takes something away.
func (s *Schema) orNull() *Schema {
	p := *s
	p.Description = ""
	return &Schema{Description: s.Description, AnyOf: []*Schema{&p, {Type: types{"null"}}}}
}

// identity is the key that tells the items of a list apart: name or id.
func identity(item *Schema) string {
	for _, key := range identities() {
		if item.Properties[key] != nil && slices.Contains(item.Required, key) {
			return key
		}
	}
	return ""
}

func identities() []string { return []string{"name", "id"} }

// FileSchema is the JSON schema of experiment.yaml, with its small version.
func FileSchema() *Schema {
	s := file().schema()
	small := s.core()
	small.Description = "What differs in the small version. What is written here stands as it is: speed and scale do not change it."
	for _, key := range []string{"version", "name", "hypothesis"} {
		delete(small.Properties, key)
	}
	for name, f := range smallFields() {
		p := *f.schema()
		p.Description, p.Default = f.doc, f.otherwise
		small.Properties[name] = &p
	}
	s.Dialect = "http://json-schema.org/draft-07/schema#"
	s.Properties[smallKey] = small
	return s
}

// anchor is how a page links to a heading.
func anchor(title string) string {
	return strings.NewReplacer(" ", "-", "'", "").Replace(strings.ToLower(title))
}
