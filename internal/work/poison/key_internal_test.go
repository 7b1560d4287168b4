package poison

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/work/ledger"
)

func FuzzAnIDComesBackFromItsKey(f *testing.F) {
	for _, id := range []string{"12", "3f2c-9a", "..", "a/b", "ü=", "\x00\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		text := encode(id)
		if got, ok := decode(text); !ok || got != id {
			t.Errorf("decode(%q) = %q, %v; want %q", text, got, ok, id)
		}
		if err := ledger.CheckKey(prefix + "orders-poison/" + text); err != nil && id != "" && len(id) < 250 {
			t.Errorf("the key of %q is none: %v", id, err)
		}
		if other, ok := decode(id); ok && encode(other) != id {
			t.Errorf("decode(%q) = %q, whose key is %q", id, other, encode(other))
		}
	})
}
