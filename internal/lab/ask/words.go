package ask

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
)

// Words say what has to be so for a criterion to hold.
func Words(c *lab.Criterion) string {
	switch c.Test {
	case lab.Equivalence:
		return "within ±" + valueWords(*c.Within) + perWords(c.Per)
	case lab.Saturating:
		return fmt.Sprintf("the later half grows by less than %v of the earlier one", endsBelow)
	case lab.Endpoint:
		return fmt.Sprintf("%s leaves %s a request, the others at most %s", c.Stream, BoundWords(c.Bound), valueWords(*c.Others))
	case lab.Together:
		return fmt.Sprintf("%s begin within %v of each other", strings.Join(c.Signals, ", "), c.Tolerance)
	case lab.Slope, lab.Growth:
		return BoundWords(c.Bound) + perWords(c.Per)
	}
	return BoundWords(c.Bound)
}

func perWords(per lab.Per) string {
	if per == "" {
		return ""
	}
	return " a " + string(per)
}

// BoundWords are the edges of a bound.
func BoundWords(b lab.Bound) string {
	var all []string
	for _, e := range b.Edges() {
		all = append(all, string(e.Side)+" "+valueWords(e.Value))
	}
	return strings.Join(all, ", ")
}

func valueWords(v lab.Value) string {
	switch v.Unit {
	case lab.Bytes:
		return bytesize.Size(v.Number).String()
	case lab.Duration:
		return time.Duration(v.Number * float64(time.Millisecond)).String()
	case lab.Share:
		return strconv.FormatFloat(100*v.Number, 'g', 6, 64) + " %"
	}
	return strconv.FormatFloat(v.Number, 'g', -1, 64)
}

// MetricWords say what is expected of a comparison.
func MetricWords(m *lab.Metric) string {
	by := strconv.FormatFloat(100*m.By, 'g', 6, 64) + " %"
	switch m.Expect {
	case lab.Less, lab.More:
		return fmt.Sprintf("%s by %s or more is expected", m.Expect, by)
	case lab.Equal:
		return "the same within " + by + " is expected"
	case lab.NoWorse:
		return "no more, within " + by + ", is expected"
	}
	return "nothing is expected; less than " + by + " does not matter"
}
