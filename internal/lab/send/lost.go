package send

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/stanch-dev/stanch/internal/work"
)

// Why there was no answer. Reports count by these texts.
const (
	refused  = "connection refused"
	reset    = "connection reset" // or closed, before the answer was whole
	timedOut = "timeout"
	ended    = "the run ended"
	tooMany  = "too many are open" // it was never begun
	unknown  = "connection error"
	notTaken = "the store did not take it: "
)

var errNobody = errors.New("nobody serves")

// because turns an error of the network or of a store into one of the few texts.
func because(err error) string {
	var timeout net.Error
	var tooLarge *work.TooLarge
	var unavailable *work.Unavailable
	switch {
	case errors.Is(err, errNobody):
		return err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return timedOut
	case errors.Is(err, syscall.ECONNREFUSED):
		return refused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return reset
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no sockets left"
	case errors.Is(err, syscall.ENOSPC):
		return "no space left"
	case errors.As(err, &tooLarge):
		return "too large"
	case errors.As(err, &unavailable):
		return "unavailable"
	}
	return unknown
}
