package verdict

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Number is a float64 that prints itself: with twelve digits, which is more than any
// evidence has, and null where it is infinite or not a number.
type Number float64

// MarshalJSON writes the number.
func (n Number) MarshalJSON() ([]byte, error) {
	v := float64(n)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return []byte("null"), nil
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return nil, fmt.Errorf("round %v: %w", v, err)
	}
	if rounded == 0 {
		rounded = 0 // there is a zero with a sign
	}
	return json.Marshal(rounded)
}

// String is the number as a sentence has it.
func (n Number) String() string { return strconv.FormatFloat(float64(n), 'g', 6, 64) }
