package host

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/expression"
)

// newGUID is a random UUID (RFC 9562, version 4).
func newGUID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// newID is a UUID as text.
func newID() string {
	id := newGUID()
	var out [36]byte
	at := 0
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out[at] = '-'
			at++
		}
		hex.Encode(out[at:], []byte{b})
		at += 2
	}
	return string(out[:])
}

// newTrace begins a trace (W3C Trace Context, section 3.2).
func newTrace() string {
	var id [24]byte
	_, _ = rand.Read(id[:])
	return "00-" + hex.EncodeToString(id[:16]) + "-" + hex.EncodeToString(id[16:]) + "-01"
}

// newCall begins a call.
func (h *Host) newCall(f *function, source string) *call {
	c := &call{f: f, id: newID(), trace: newTrace(), begun: time.Now(), metadata: make([]contract.Datum, 0, 8), source: source}
	if len(f.inputs)+len(f.outputs) > 0 {
		c.values = expression.Values{}
	}
	return c
}

// names gives a value a name for binding expressions, of which a function without
// bindings has none.
func (c *call) names(name string, v expression.Value) {
	if c.values != nil {
		c.values.Set(name, v)
	}
}

// knownTime tells the function a time, and names it.
func (c *call) knownTime(name string, t time.Time) {
	c.metadata = append(c.metadata, contract.Datum{Name: name, Value: timeValue(t)})
	c.names(name, expression.Value{Kind: expression.Time, Time: t.UTC()})
}

// known tells the function a fact about its trigger, and names it for binding
// expressions.
func (c *call) known(name string, v contract.Value) {
	c.metadata = append(c.metadata, contract.Datum{Name: name, Value: v})
	if c.values == nil {
		return
	}
	value := expression.Value{Text: v.Text}
	if v.Kind == contract.JSON {
		value.Kind = expression.JSON
		var s string
		if strings.HasPrefix(v.Text, `"`) && json.Unmarshal([]byte(v.Text), &s) == nil {
			value = expression.Value{Text: s}
			if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
				value = expression.Value{Kind: expression.Time, Time: at}
			}
		}
	}
	c.names(name, value)
}

// also tells the function a fact that binding expressions name already, unless it
// has one of that name.
func (c *call) also(name string, v expression.Value) {
	for _, d := range c.metadata {
		if strings.EqualFold(d.Name, name) {
			return
		}
	}
	kind := contract.Text
	if v.Kind == expression.JSON {
		kind = contract.JSON
	}
	c.metadata = append(c.metadata, contract.Datum{Name: name, Value: contract.Value{Kind: kind, Text: v.Text}})
}

func textValue(s string) contract.Value { return contract.Value{Kind: contract.Text, Text: s} }

func jsonValue(s string) contract.Value { return contract.Value{Kind: contract.JSON, Text: s} }

// timeValue is a time as JSON has it.
func timeValue(t time.Time) contract.Value {
	text := make([]byte, 1, len(time.RFC3339Nano)+2)
	text[0] = '"'
	text = append(t.UTC().AppendFormat(text, time.RFC3339Nano), '"')
	return jsonValue(string(text))
}

// objectValue is anything as JSON.
func objectValue(v any) contract.Value {
	text, err := json.Marshal(v)
	if err != nil {
		return contract.Value{} // of texts, numbers and times there is none
	}
	return jsonValue(string(text))
}
