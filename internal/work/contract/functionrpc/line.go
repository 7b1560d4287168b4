package functionrpc

import (
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// line passes on what the worker logs. The wire has no time, so it is when the
// line came.
func (h *Host) line(log *wire.RpcLog) {
	to := h.config.System
	if log.LogCategory == wire.RpcLog_User {
		to = h.config.Line
	}
	if to == nil {
		return
	}
	line := contract.Line{At: time.Now(), Invocation: log.InvocationId, Level: levelOf(log.Level), Category: log.Category, Text: log.Message}
	if e := log.Exception; e != nil {
		line.Text = strings.TrimSpace(line.Text + "\n" + e.Message + "\n" + e.StackTrace)
	}
	to(line)
}

// levelOf takes levels below Debug, which the Python worker calls None, for the
// lowest.
func levelOf(level wire.RpcLog_Level) contract.Level {
	if level < wire.RpcLog_Trace || level > wire.RpcLog_Critical {
		return contract.Trace
	}
	return contract.Level(level)
}

// system says something of the host's own.
func (h *Host) system(level contract.Level, text string) {
	if h.config.System != nil {
		h.config.System(contract.Line{At: time.Now(), Level: level, Category: "stanch.functionrpc", Text: text})
	}
}

// failure is nil for success, else *contract.Failed.
func failure(status *wire.StatusResult) error {
	if status.GetStatus() == wire.StatusResult_Success {
		return nil
	}
	e := status.GetException()
	failed := &contract.Failed{Type: e.GetType(), Message: e.GetMessage(), Stack: e.GetStackTrace()}
	if failed.Message == "" {
		failed.Message = status.GetResult()
	}
	if status.GetStatus() == wire.StatusResult_Cancelled && failed.Type == "" {
		failed.Type = "Cancelled"
	}
	// The Python worker puts the type before the message.
	if kind, rest, found := strings.Cut(failed.Message, ": "); failed.Type == "" && found && identifier(kind) {
		failed.Type, failed.Message = kind, rest
	}
	failed.Message = plainly(failed.Message)
	if failed.Message == "" {
		failed.Message = "the worker gave no reason"
	}
	return failed
}

func identifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '.' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}
