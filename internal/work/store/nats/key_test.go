package nats

import (
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/ledger"
)

func FuzzEveryKeyHasASubjectOfItsOwn(f *testing.F) {
	for _, key := range []string{"a", "a/b", "a.b/c", ".a", "a.", "a..b", "=2E", "a=/b", "x/=3D.", "receipts/box/cat.jpg"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if ledger.CheckKey(key) != nil {
			t.Skip()
		}
		subject := subjectOf(key)
		if got := keyOf(subject); got != key {
			t.Errorf("keyOf(%q) = %q, want %q", subject, got, key)
		}
		for part := range strings.SplitSeq(subject, ".") {
			if part == "" || strings.ContainsAny(part, " *>\t\r\n") {
				t.Errorf("subjectOf(%q) = %q, which no server takes", key, subject)
			}
		}
	})
}
