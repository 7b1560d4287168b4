package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// Kind is what a Value is.
type Kind uint8

// The kinds.
const (
	Text Kind = iota // Value.Text
	JSON             // Value.Text is JSON
	Time             // Value.Time
)

// Value is what a name stands for.
type Value struct {
	Kind Kind
	Text string
	Time time.Time
}

// Lookup finds the value of a name. Names are equal in any case.
type Lookup func(name string) (value Value, found bool)

func (l Lookup) of(name string) (Value, bool) {
	if l == nil {
		return Value{}, false
	}
	return l(name)
}

// Values are named values, each under its name in lower case.
type Values map[string]Value

// Set gives a name a value, in place of the one it has.
func (v Values) Set(name string, value Value) { v[strings.ToLower(name)] = value }

// Lookup finds a value, whatever the name's case.
func (v Values) Lookup(name string) (Value, bool) {
	value, found := v[strings.ToLower(name)]
	return value, found
}

// Properties are the properties of a message that is a JSON object, as Azure
// makes names of them: the top level, without arrays and nulls. They are none if
// it is anything else.
func Properties(body []byte) Values {
	all, err := members(body)
	if err != nil {
		return nil
	}
	values := Values{}
	for _, m := range all {
		if m.value[0] != '[' && m.value[0] != 'n' {
			values.Set(m.name, Value{Kind: JSON, Text: string(m.value)})
		}
	}
	return values
}

type member struct {
	name  string
	value json.RawMessage
}

// members are those of a JSON object, in its order, and maybe one name twice.
func members(object []byte) (all []member, err error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.Join(errors.New("no JSON object"), err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)} // the decoder takes nothing else
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return all, nil
}

// member is a property of a JSON object: the one with that very name, else the
// first one with it in another case.
func (v Value) member(name string) (below Value, found bool) {
	if v.Kind != JSON {
		return Value{}, false
	}
	all, err := members([]byte(v.Text))
	if err != nil {
		return Value{}, false
	}
	for _, m := range all {
		if m.name == name {
			return Value{Kind: JSON, Text: string(m.value)}, true
		}
		if !found && strings.EqualFold(m.name, name) {
			below, found = Value{Kind: JSON, Text: string(m.value)}, true
		}
	}
	return below, found
}

// text is how the value stands in a name. A format counts only for times: Azure
// ignores it elsewhere.
func (v Value) text(format string) (string, error) {
	switch v.Kind {
	case Time:
		return formatTime(v.Time, format)
	case JSON:
		return scalar(v.Text)
	default:
		return v.Text, nil
	}
}

// scalar is a JSON value as .NET prints it: truth has a capital letter, and null
// is nothing. Azure makes nothing of objects and arrays too, which nobody wants
// in the name of a blob.
func scalar(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "null":
		return "", nil
	case text == "true":
		return "True", nil
	case text == "false":
		return "False", nil
	case strings.HasPrefix(text, `"`):
		var s string
		err := json.Unmarshal([]byte(text), &s)
		return s, err
	case strings.HasPrefix(text, "{"):
		return "", errors.New("it is an object, which has no place in a name")
	case strings.HasPrefix(text, "["):
		return "", errors.New("it is a list, which has no place in a name")
	default:
		return text, nil
	}
}
