package report

import (
	"encoding/json"
	"fmt"

	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// rows are the answer to one of the report's own questions about a run.
func (f *Findings) rows(run int, id string) [][]any {
	for i := range f.Answers {
		if a := &f.Answers[i]; a.Part == part && a.Run == run && a.ID == id && a.Problem == "" {
			return a.Rows
		}
	}
	return nil
}

// cell is a number in a row; false if there is none.
func cell(row []any, i int) (float64, bool) {
	if i >= len(row) {
		return 0, false
	}
	return numeric(row[i])
}

func numeric(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int32:
		return float64(v), true
	case int:
		return float64(v), true
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	}
	return 0, false
}

// shown is a cell as text. A number has the same text whether it was just computed or
// read from a file, where whole ones and others are alike.
func shown(v any) string {
	if n, ok := numeric(v); ok {
		return tabular.Real(n)
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(v)
}
