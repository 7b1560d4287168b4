package function

import (
	"math"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// vectors are the functions that make one number of a series, or of two.
func vectors() []Func {
	return []Func{
		{Name: "series_dot_product", Args: []string{"array, array", "array, number", "number, array"}, Type: schema.Real, Eval: func(args []value.Value) value.Value {
			dot, ok := dotProduct(args[0], args[1])
			if !ok {
				return value.Null
			}
			return value.Real(dot)
		}},
		{Name: "series_magnitude", Args: []string{"array"}, Type: schema.Real, Eval: func(args []value.Value) value.Value {
			dot, ok := dotProduct(args[0], args[0])
			if !ok {
				return value.Null
			}
			return value.Real(math.Sqrt(dot))
		}},
		{Name: "series_cosine_similarity", Args: []string{"array, array, real?, real?"}, Type: schema.Real, Eval: cosine},
		{Name: "series_product", Args: []string{"array"}, Type: schema.Real, Eval: func(args []value.Value) value.Value {
			if !isArray(args[0]) {
				return value.Null
			}
			product := 1.0
			for _, e := range args[0].Elems() {
				x, _ := e.Float()
				if !isNumeric(e) {
					return value.Null
				}
				product *= x
			}
			return value.Real(product)
		}},
		{Name: "series_pearson_correlation", Args: []string{"array, array"}, Type: schema.Real, Eval: pearson},
		{Name: "jaccard_index", Args: []string{"array, array"}, Type: schema.Dynamic, Eval: jaccard},
	}
}

// dotProduct goes as far as the shorter series does, and leaves out what is no
// number. A number stands for a series of nothing else. There is none of a series
// without elements.
func dotProduct(a, b value.Value) (dot float64, ok bool) {
	n := -1
	for _, v := range []value.Value{a, b} {
		switch {
		case isArray(v) && (n < 0 || len(v.Elems()) < n):
			n = len(v.Elems())
		case !isArray(v) && !isNumeric(v):
			return 0, false
		}
	}
	for i := range n {
		x, y := elementAt(a, i), elementAt(b, i)
		if isNumeric(x) && isNumeric(y) {
			fx, _ := x.Float()
			fy, _ := y.Float()
			dot += fx * fy
		}
	}
	return dot, n > 0
}

func cosine(args []value.Value) value.Value {
	dot, ok := dotProduct(args[0], args[1])
	if !ok {
		return value.Null
	}
	for i := range 2 {
		var magnitude float64
		if len(args) > 2+i {
			magnitude, _ = args[2+i].Float()
		} else {
			square, _ := dotProduct(args[i], args[i])
			magnitude = math.Sqrt(square)
		}
		dot /= magnitude
	}
	return value.Real(dot)
}

// pearson is null unless both series are numbers throughout, and as many.
func pearson(args []value.Value) value.Value {
	a, okA := numbersOf(args[0])
	b, okB := numbersOf(args[1])
	if !okA || !okB || len(a) != len(b) || len(a) == 0 {
		return value.Null
	}
	ma, mb := 0.0, 0.0
	for i := range a {
		ma += a[i]
		mb += b[i]
	}
	ma /= float64(len(a))
	mb /= float64(len(b))
	aa, ab, bb := 0.0, 0.0, 0.0
	for i := range a {
		aa += (a[i] - ma) * (a[i] - ma)
		ab += (a[i] - ma) * (b[i] - mb)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	return value.Real(ab / math.Sqrt(aa*bb))
}

// numbersOf is the numbers of an array; not ok if anything else is in it.
func numbersOf(v value.Value) (out []float64, ok bool) {
	if !isArray(v) {
		return nil, false
	}
	out = make([]float64, len(v.Elems()))
	for i, e := range v.Elems() {
		if !isNumeric(e) {
			return nil, false
		}
		out[i], _ = e.Float()
	}
	return out, true
}

// jaccard is how much of two sets is common to both.
func jaccard(args []value.Value) value.Value {
	if !isArray(args[0]) || !isArray(args[1]) {
		return value.Null
	}
	a, b := setOf(args[0]), setOf(args[1])
	common := 0
	for k := range a {
		if b[k] {
			common++
		}
	}
	return value.Real(float64(common) / float64(len(a)+len(b)-common))
}
