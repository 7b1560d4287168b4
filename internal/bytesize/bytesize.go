// Package bytesize reads and prints amounts of memory the way people write them: "256MiB", "1.5GB", "4096".
//
// Binary units (KiB, MiB, GiB, TiB, and Kubernetes' Ki, Mi, Gi, Ti) are powers
// of 1024; decimal ones (kB, MB, GB, TB, and k, M, G, T) powers of 1000. A bare
// number is bytes. What [Parse] reads, [Size.String] prints back to the same
// value, to the precision printed.
package bytesize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is an amount of memory in bytes.
type Size int64

// The units that code needs by name.
const (
	KiB Size = 1 << (10 * (iota + 1))
	MiB
	GiB
	TiB
)

var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
	"ki": 1 << 10, "kib": 1 << 10, "mi": 1 << 20, "mib": 1 << 20,
	"gi": 1 << 30, "gib": 1 << 30, "ti": 1 << 40, "tib": 1 << 40,
}

// Parse reads a size such as "256MiB", "1.5 GB", "2Gi" or "4096". The unit's
// case does not matter. A negative, non-finite or overflowing size and an
// unknown unit are errors that say what was found.
func Parse(s string) (Size, error) {
	text := strings.TrimSpace(s)
	end := strings.IndexFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && r != '.'
	})
	if end < 0 {
		end = len(text)
	}
	number, unit := text[:end], strings.TrimSpace(text[end:])
	factor, known := units[strings.ToLower(unit)]
	if number == "" {
		return 0, fmt.Errorf("size %q does not start with a number; write it like 256MiB", s)
	}
	if !known {
		return 0, fmt.Errorf("size %q has the unknown unit %q; use one of KiB, MiB, GiB, TiB, kB, MB, GB, TB", s, unit)
	}
	if whole, err := strconv.ParseInt(number, 10, 64); err == nil && factor == 1 {
		return Size(whole), nil
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, fmt.Errorf("size %q: %q is not a number", s, number)
	}
	bytes := math.Round(value * factor)
	if bytes >= math.MaxInt64 {
		return 0, fmt.Errorf("size %q is more than 8 EiB", s)
	}
	return Size(bytes), nil
}

// String prints the size in the largest binary unit that is at most the size,
// with up to one decimal: "512B", "1.5KiB", "256MiB".
func (s Size) String() string {
	sign, v := "", float64(s)
	if s < 0 {
		sign, v = "-", -v
	}
	for _, u := range []struct {
		name string
		size Size
	}{{"TiB", TiB}, {"GiB", GiB}, {"MiB", MiB}, {"KiB", KiB}} {
		// What would print as 1024 of the unit below is 1 of this one.
		below := math.Max(float64(u.size)/1024, 1)
		if tenth := below / 10; math.Round(v/tenth)*tenth >= float64(u.size) {
			rounded := math.Round(v/float64(u.size)*10) / 10
			return sign + strconv.FormatFloat(rounded, 'f', -1, 64) + u.name
		}
	}
	return sign + strconv.FormatFloat(v, 'f', -1, 64) + "B"
}

// MarshalText prints the size as [Size.String] does.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a size as [Parse] does.
func (s *Size) UnmarshalText(text []byte) (err error) {
	*s, err = Parse(string(text))
	return err
}
