package function

import (
	"encoding/base64"
	"math/bits"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// encodings are the functions that write a value in another alphabet, and rand,
// which the binder knows to be none of a constant.
func encodings() []Func {
	return []Func{
		{Name: "base64_encode_tostring", Args: []string{"string"}, Type: schema.String, Eval: text1(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
		{Name: "base64_encodestring", Args: []string{"string"}, Type: schema.String, Eval: text1(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })},
		{Name: "base64_decode_tostring", Args: []string{"string"}, Type: schema.String, Eval: text1(decodeBase64)},
		{Name: "base64_decodestring", Args: []string{"string"}, Type: schema.String, Eval: text1(decodeBase64)},
		{Name: "base64_decode_toarray", Args: []string{"string"}, Type: schema.Dynamic, Eval: base64ToArray},
		{Name: "bitset_count_ones", Args: []string{"integer"}, Type: schema.Long, Label: FirstArgument, Eval: func(args []value.Value) value.Value {
			return value.Long(int64(bits.OnesCount64(uint64(args[0].Long()))))
		}},
		{Name: "replace_strings", Args: []string{"string, array, array"}, Type: schema.String, Eval: replaceStrings},
		{Name: "rand", Args: []string{"", "number"}, Type: schema.Real, Label: FirstArgument, Eval: random},
	}
}

// decodeBase64 gives nothing for what is not base64, or no text.
func decodeBase64(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

func base64ToArray(args []value.Value) value.Value {
	b, err := base64.StdEncoding.DecodeString(args[0].Str())
	if err != nil {
		return value.Null
	}
	elems := make([]value.Value, len(b))
	for i, c := range b {
		elems[i] = value.Long(int64(c))
	}
	return value.Array(elems)
}

// replaceStrings replaces one text after the other, and never in what has been
// put in; arrays of different lengths give nothing.
func replaceStrings(args []value.Value) value.Value {
	from, to := args[1].Elems(), args[2].Elems()
	if len(from) != len(to) {
		return value.Null
	}
	type piece struct {
		text string
		done bool
	}
	pieces := []piece{{args[0].Str(), false}}
	for i := range from {
		if from[i].Kind() != value.KindString || from[i].Str() == "" {
			continue
		}
		with := from[i] // what is no text replaces nothing, but the place is taken
		if to[i].Kind() == value.KindString {
			with = to[i]
		}
		var next []piece
		for _, p := range pieces {
			if p.done || !strings.Contains(p.text, from[i].Str()) {
				next = append(next, p)
				continue
			}
			for k, rest := range strings.Split(p.text, from[i].Str()) {
				if k > 0 {
					next = append(next, piece{with.Str(), true})
				}
				next = append(next, piece{rest, false})
			}
		}
		pieces = next
	}
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return value.String(b.String())
}

// random is from 0 to 1, or a whole number below the argument.
func random(args []value.Value) value.Value {
	if len(args) == 1 {
		n, _ := args[0].Float()
		if !(n > 1) || n > 1<<62 {
			return value.Real(rand.Float64())
		}
		return value.Real(float64(rand.Int64N(int64(n))))
	}
	return value.Real(rand.Float64())
}
