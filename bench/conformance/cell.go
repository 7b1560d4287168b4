package main

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

type schemaColumn = schema.Column

// equalCell compares what is wanted with what was got, by the column's type.
// Pages print cells as text, some of them rounded: a number is equal within 1e-6
// of it, or at the digits that were printed.
func equalCell(want any, got value.Value, t schema.Type) bool {
	switch w := want.(type) {
	case nil:
		return got.IsNull() || got.Kind() == value.KindString && got.Str() == ""
	case bool:
		return got.Kind() == value.KindBool && got.Bool() == w
	case json.Number:
		f, ok := got.Float()
		n, err := w.Float64()
		return ok && err == nil && near(f, n, w.String())
	case string:
		return equalText(w, got, t)
	}
	text, err := json.Marshal(want)
	v, ok := value.ParseJSON(string(text))
	return err == nil && ok && equalDynamic(v, got)
}

func equalText(want string, got value.Value, t schema.Type) bool {
	want = strings.TrimSpace(html.UnescapeString(strings.ReplaceAll(want, "<br>", "\n")))
	if got.IsNull() {
		return want == "" || want == "null" || want == "(null)"
	}
	if plain := strings.Trim(want, "`<>"); got.Text() == want || got.Text() == plain {
		return true
	}
	switch got.Kind() {
	case value.KindInt, value.KindLong, value.KindReal, value.KindDecimal:
		var n float64
		plain := strings.ReplaceAll(want, ",", "")
		if before, ok := strings.CutSuffix(plain, "∞"); ok {
			return got.Kind() == value.KindReal && math.IsInf(got.Real(), map[bool]int{true: -1, false: 1}[before == "-"])
		}
		if strings.EqualFold(plain, "NaN") {
			return math.IsNaN(got.Real())
		}
		if _, err := fmt.Sscanf(plain, "%g", &n); err != nil {
			return false
		}
		f, _ := got.Float()
		return near(f, n, plain)
	case value.KindBool:
		return strings.EqualFold(want, got.Text()) || want == "1" && got.Bool() || want == "0" && !got.Bool()
	case value.KindDatetime:
		ticks, ok := value.ParseDatetime(want)
		return ok && ticks == got.Long()
	case value.KindTimespan:
		ticks, ok := value.ParseTimespan(want)
		return ok && ticks == got.Long()
	case value.KindGuid:
		return strings.EqualFold(want, got.Text())
	case value.KindArray, value.KindBag:
		v, ok := value.ParseJSON(want)
		return ok && equalDynamic(v, got)
	}
	if t == schema.Dynamic {
		v, ok := value.ParseJSON(want)
		return ok && equalDynamic(v, got)
	}
	return squeeze(want) == squeeze(got.Text())
}

// squeeze makes white space alike: pages wrap it.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func near(got, want float64, printed string) bool {
	if math.Abs(got-want) <= 1e-6*math.Max(math.Abs(got), math.Abs(want)) {
		return true
	}
	_, fraction, ok := strings.Cut(printed, ".")
	return ok && !strings.ContainsAny(fraction, "eE") && math.Abs(got-want) <= 0.5000001*math.Pow(10, -float64(len(fraction)))
}

func equalDynamic(want, got value.Value) bool {
	if got.Kind() != value.KindArray && got.Kind() != value.KindBag && want.Kind() == value.KindString {
		return equalText(want.Str(), got, schema.Dynamic)
	}
	if f, ok := want.Float(); ok && want.Kind() != value.KindBool {
		g, ok := got.Float()
		return ok && near(g, f, want.Text())
	}
	switch want.Kind() {
	case value.KindArray:
		a, b := want.Elems(), got.Elems()
		if got.Kind() != value.KindArray || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !equalDynamic(a[i], b[i]) {
				return false
			}
		}
		return true
	case value.KindBag:
		if got.Kind() != value.KindBag || want.Bag().Len() != got.Bag().Len() {
			return false
		}
		for k, w := range want.Bag().All() {
			if g, ok := got.Bag().Get(k); !ok || !equalDynamic(w, g) {
				return false
			}
		}
		return true
	}
	return value.Equal(want, got)
}
