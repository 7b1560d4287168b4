package funcapp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
	"github.com/stanch-dev/stanch/internal/work/schedule"
)

// resolved is a text with its settings put in. What it was made of may be a
// secret: where it changed, messages do not quote it.
type resolved struct {
	v       jsonpos.Value
	value   string
	changed bool
}

// resolved is the text of a key with its settings put in. It is not found if
// that is not possible; the mistake is told.
func (o *object) resolved(key string) (r resolved, at int, found bool) {
	text, at, found := o.text(key)
	if !found {
		return resolved{}, at, false
	}
	v, _ := o.get(key)
	value, err := expression.Settings(text, o.settings.Lookup)
	if err != nil {
		o.fault(key, resolved{v: v}, err)
		return resolved{}, at, false
	}
	return resolved{v, value, strings.Contains(text, "%")}, at, true
}

// fault tells of a mistake in a text, at its column, unless the text was made of
// settings: then without quoting any of it.
func (o *object) fault(key string, text resolved, err error) {
	column, problem, hint := 0, err.Error(), ""
	var bySchedule *schedule.Error
	var byExpression *expression.Error
	switch {
	case errors.As(err, &bySchedule):
		column, problem, hint = bySchedule.Column, bySchedule.Problem, bySchedule.Hint
	case errors.As(err, &byExpression):
		column, problem, hint = byExpression.Column, byExpression.Problem, byExpression.Hint
	default:
		problem, hint, _ = strings.Cut(problem, "\nhint: ")
	}
	if text.changed {
		o.mistake(text.v.At, fmt.Sprintf("%q is wrong once its settings are put in", key), hint)
		return
	}
	o.mistake(point(text.v, column), fmt.Sprintf("%q: %s", key, problem), hint)
}

func (o *object) trap(key string, text resolved, column int, problem, hint string) {
	if !text.changed {
		o.warn(point(text.v, column), fmt.Sprintf("%q: %s", key, problem), hint)
	}
}

// point is where a column of a text is in the file; the text's beginning if
// escapes moved it.
func point(v jsonpos.Value, column int) int {
	if column < 1 || v.End-v.At != len(v.Text)+2 || column > len(v.Text)+1 {
		return v.At
	}
	return v.At + column
}
