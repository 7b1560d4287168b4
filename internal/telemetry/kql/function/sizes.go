package function

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// sizes are the functions on amounts of bytes.
func sizes() []Func {
	return []Func{
		{Name: "format_bytes", Args: []string{"number, number!?, string!?"}, Type: schema.String, Label: FirstArgument, Make: makeFormatBytes},
	}
}

var byteUnits = []string{"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"}

// makeFormatBytes counts in powers of 1024, rounds, and drops the zeros that a
// rounded number ends in. Without a unit it takes the largest that there is one of.
func makeFormatBytes(described []Arg) (Eval, error) {
	digits, unit := 0, -1
	if len(described) > 1 {
		n, _ := described[1].Const.Float()
		if !(n >= 0 && n <= 15) {
			return nil, fmt.Errorf("it writes 0 to 15 digits behind the point, and not %v", n)
		}
		digits = int(n)
	}
	if len(described) > 2 && described[2].Const.Str() != "" {
		name := described[2].Const.Str()
		unit = slices.IndexFunc(byteUnits, func(u string) bool { return strings.EqualFold(u, name) })
		if unit < 0 {
			return nil, fmt.Errorf("there is no unit %q; %s are", name, strings.Join(byteUnits, ", "))
		}
	}
	return func(args []value.Value) value.Value {
		size, _ := args[0].Float()
		if math.IsNaN(size) || math.IsInf(size, 0) {
			return value.Null
		}
		at := unit
		if at < 0 {
			for at = 0; at < len(byteUnits)-1 && math.Abs(size) >= math.Ldexp(1, 10*(at+1)); at++ {
			}
		}
		text := strconv.FormatFloat(roundTo(math.Ldexp(size, -10*at), digits), 'f', -1, 64)
		return value.String(text + " " + byteUnits[at])
	}, nil
}

// roundTo takes halves away from zero, as round does.
func roundTo(x float64, digits int) float64 {
	d, ok := value.DecimalOfFloat(x)
	if !ok {
		return x
	}
	return d.Round(digits).Float()
}
