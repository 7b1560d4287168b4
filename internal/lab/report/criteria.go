package report

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// CriteriaJSON is the criteria with what was judged of them, as a list, in their
// order. The error is about a number that has no form in JSON.
func CriteriaJSON(f *Findings) ([]byte, error) {
	all := make([]Criterion, len(f.Criteria))
	for i, c := range f.Criteria {
		if c.Window == nil {
			c.Window = []string{}
		}
		if c.Results == nil {
			c.Results = []verdict.Result{}
		}
		all[i] = c
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(all); err != nil {
		return nil, fmt.Errorf("write the criteria: %w", err)
	}
	return b.Bytes(), nil
}
