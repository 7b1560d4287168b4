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
	return &call{f: f, id: newID(), trace: newTrace(), begun: time.Now(), values: expression.Values{}, source: source}
}

// known tells the function a fact about its trigger, and names it for binding
// expressions.
func (c *call) known(name string, v contract.Value) {
	c.metadata = append(c.metadata, contract.Datum{Name: name, Value: v})
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
	c.values.Set(name, value)
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
	return jsonValue(`"` + t.UTC().Format(time.RFC3339Nano) + `"`)
}

// objectValue is anything as JSON.
func objectValue(v any) contract.Value {
	text, err := json.Marshal(v)
	if err != nil {
		return contract.Value{} // of texts, numbers and times there is none
	}
	return jsonValue(string(text))
}
