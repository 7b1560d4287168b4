package contracttest

import (
	"errors"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// Lack is something that a worker can't do. The suite then leaves out what needs it,
// and says so and why; what can't be given to the worker is given to it still, and
// has to fail.
type Lack string

// The lacks.
const (
	NoJSON   Lack = "functions take no JSON"
	NoValue  Lack = "functions take nothing but values"
	NoFacts  Lack = "functions don't see the trigger's facts"
	NoRetry  Lack = "functions don't see which try it is"
	NoCancel Lack = "functions aren't told that nobody waits any more"
)

var lacks = []Lack{NoJSON, NoValue, NoFacts, NoRetry, NoCancel}

// lacks says, in the test's output too, whether the worker has a lack.
func (c Case) lacks(t *testing.T, l Lack) bool {
	why, found := c.Lacks[l]
	if found {
		t.Run(string(l), func(t *testing.T) { t.Skip(why) })
	}
	return found
}

// refused checks that what a worker lacks fails, and does not go wrong in silence.
func (c Case) refused(t *testing.T, w *Worker, inv *contract.Invocation) {
	t.Helper()
	_, _, err := w.Invoke(patient(t), inv)
	if _, ok := errors.AsType[*contract.Failed](err); !ok {
		t.Errorf("Invoke %s with what the worker is said not to take: %v, want *contract.Failed", inv.Function, err)
	}
}
