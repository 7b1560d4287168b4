package functionrpc

import (
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// door lets in the one worker that is expected, once.
type door struct {
	wire.UnimplementedFunctionRpcServer
	host   *Host
	passed atomic.Bool
}

// EventStream is a worker's connection, from its first message to its end.
func (d *door) EventStream(s stream) error {
	first, err := s.Recv()
	if err != nil {
		return err
	}
	hello := first.GetStartStream()
	if hello == nil {
		return d.refuse(codes.InvalidArgument, "its first message is not StartStream")
	}
	if hello.WorkerId != d.host.config.Worker {
		return d.refuse(codes.PermissionDenied, "its id is not that of the worker that stanch has started")
	}
	if d.passed.Swap(true) {
		return d.refuse(codes.AlreadyExists, "the worker with its id was here already")
	}
	l := newLink(d.host)
	d.host.arrived <- l
	return l.run(s)
}

func (d *door) refuse(code codes.Code, why string) error {
	d.host.system(contract.Warning, "refused a process that connected: "+why)
	return status.Error(code, why)
}
