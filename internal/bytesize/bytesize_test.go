package bytesize_test

import (
	"math"
	"testing"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

func TestParseReadsWhatPeopleWrite(t *testing.T) {
	for text, want := range map[string]bytesize.Size{
		"4096":    4096,
		"256MiB":  256 << 20,
		"256 mib": 256 << 20,
		"2Gi":     2 << 30,
		"1.5GiB":  3 << 29,
		"2GB":     2e9,
		"2G":      2e9,
		"64k":     64000,
		"0":       0,
		" 12B ":   12,
	} {
		got, err := bytesize.Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-5MiB", "1e9", "12 parsecs", "1.2.3G", "NaN", "Inf", "9e99", "99999999TiB", "10 MiB extra", "..", "１"} {
		if got, err := bytesize.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %d, want an error", text, got)
		}
	}
}

func TestStringPrintsTheLargestUnit(t *testing.T) {
	for size, want := range map[bytesize.Size]string{
		0: "0B", 1: "1B", 1023: "1023B", 1024: "1KiB", 1536: "1.5KiB", 256 << 20: "256MiB",
		1<<30 - 1: "1GiB", 3 << 29: "1.5GiB", -(5 << 20): "-5MiB", math.MaxInt64: "8388608TiB",
	} {
		if got := size.String(); got != want {
			t.Errorf("Size(%d).String() = %q, want %q", int64(size), got, want)
		}
	}
}

func FuzzWhatIsParsedPrintsBack(f *testing.F) {
	for _, seed := range []string{"1", "256MiB", "1.5 GB", "0.1KiB", "9223372036854775807"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		size, err := bytesize.Parse(text)
		if err != nil {
			return
		}
		if size < 0 {
			t.Fatalf("Parse(%q) = %d: below zero", text, size)
		}
		again, err := bytesize.Parse(size.String())
		if err != nil && size < 1<<62 {
			t.Fatalf("Parse(%q) = %d prints as %q, which is not read: %v", text, size, size, err)
		}
		if again.String() != size.String() && size < 1<<62 {
			t.Fatalf("Parse(%q) = %d prints as %q, read back it prints as %q", text, size, size, again)
		}
	})
}
