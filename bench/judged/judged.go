// Package judged reads the lists of cases whose difference somebody looked at: a
// line each, the case, a tab, the reason.
package judged

import (
	"os"
	"strings"
)

// Load gives the reasons by the cases' names.
func Load(name string) (map[string]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	judged := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if id, reason, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			judged[id] = strings.TrimSpace(reason)
		}
	}
	return judged, nil
}
