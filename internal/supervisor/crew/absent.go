package crew

import (
	"context"
	"errors"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// absent stands in for a worker that has gone.
type absent struct{ Hand }

var errAbsent = errors.New("it went before the call reached it")

func (absent) Invoke(context.Context, *contract.Invocation) (*contract.Result, func(), error) {
	return nil, nil, &contract.Gone{Err: errAbsent}
}
