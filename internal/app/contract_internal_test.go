package app

import "testing"

func TestSharedMemoryIsOnUnlessTheAppTurnsItOff(t *testing.T) {
	for _, test := range []struct {
		value       string
		share, fail bool
		why         string
	}{
		{"", true, false, "it keeps a worker small"},
		{"1", true, false, "as Azure's documents have it"},
		{"True", true, false, "settings are written by people"},
		{"0", false, false, "the one way to turn it off"},
		{"no", false, false, "a word that Azure's worker knows"},
		{"off", false, true, "nothing becomes the default in silence"},
	} {
		share, err := sharing(func(string) (string, bool) { return test.value, test.value != "" })
		if share != test.share || (err != nil) != test.fail {
			t.Errorf("sharing with %q, %s: got %v, %v; want %v, an error %v", test.value, test.why, share, err, test.share, test.fail)
		}
	}
}
