package function

import "testing"

// From outside a name that repeats is one function, whichever came last.
func TestNoNameRepeats(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range families() {
		if seen[f.Name] {
			t.Errorf("there are two functions %s", f.Name)
		}
		seen[f.Name] = true
	}
}
