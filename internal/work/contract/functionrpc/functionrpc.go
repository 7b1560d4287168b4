// Package functionrpc is the host's side of the contract that Azure's language workers speak: FunctionRpc, one gRPC stream from the worker.
//
// The worker connects, says its id, and is told in turn to initialise, to list
// its functions, to load them and to run them. Unmodified workers do not know
// that stanch is not Azure's host. Three rules hold. Only the worker with the
// expected id is served. A large payload passes through a file that both map
// (sharedmap), so that neither the stream nor stanch holds it; where the worker
// can't do that, it is refused above a limit. When the stream breaks, everything
// that waited for it ends at once with *contract.Gone.
//
// Whoever supervises the processes calls [New], starts the worker with
// [Host.Args] and [Host.Env], and calls [Host.Start]. Begin there, and at
// [Host.Invoke].
//
// Source of the protocol: Azure/azure-functions-language-worker-protobuf.
package functionrpc

import (
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/sharedmap"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc/wire"
)

// Host is the host of one worker process, and the contract with it.
type Host struct {
	config   Config
	listener net.Listener
	server   *grpc.Server
	serving  sync.WaitGroup
	room     *sharedmap.Room // nil: no payload is shared

	arrived chan *link // the worker's stream, once
	exited  chan struct{}
	stop    sync.Once
	stopErr error

	mu     sync.Mutex
	link   *link // from Start on
	exit   error // why exited is closed
	can    map[string]string
	shares bool
	loaded map[string]string // function's name → id
}

var _ contract.Contract = (*Host)(nil)

// New listens on a free port of 127.0.0.1 and makes the directories for shared
// payloads; what dead workers left there is removed. Stop must be called, Start
// or not.
func New(config Config) (*Host, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	h := &Host{
		config:  config,
		arrived: make(chan *link, 1),
		exited:  make(chan struct{}),
		loaded:  map[string]string{},
	}
	if len(config.Shared) > 0 {
		swept, err := sharedmap.Sweep(config.Shared)
		if err != nil {
			h.system(contract.Warning, err.Error())
		}
		if len(swept) > 0 {
			h.system(contract.Information, "removed payloads of dead workers: "+strings.Join(swept, ", "))
		}
		if h.room, err = sharedmap.Open(config.Worker, config.Shared, config.SharedLeast, config.Memory); err != nil {
			return nil, err
		}
		if err := h.room.Blind(); err != nil {
			h.system(contract.Warning, err.Error()+": a worker that does not read its payloads is not found out")
		}
	}
	var err error
	if h.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		if h.room != nil {
			h.room.Close()
		}
		return nil, fmt.Errorf("listen for the language worker: %w", err)
	}
	h.server = grpc.NewServer(
		grpc.MaxRecvMsgSize(int(min(config.Answer, math.MaxInt32))),
		grpc.MaxSendMsgSize(math.MaxInt32),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.WaitForHandlers(true),
		// A frozen worker can't answer a ping, and its end shows on the connection.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: math.MaxInt64}),
	)
	wire.RegisterFunctionRpcServer(h.server, &door{host: h})
	return h, nil
}

// Args are the arguments that follow the worker's own program. The first ten
// are the form that all workers know; ancient ones (2020) refuse the others.
func (h *Host) Args() []string {
	port := strconv.Itoa(h.listener.Addr().(*net.TCPAddr).Port)
	longest := strconv.Itoa(math.MaxInt32)
	return []string{
		"--host", "127.0.0.1",
		"--port", port,
		"--workerId", h.config.Worker,
		"--requestId", h.config.Worker,
		"--grpcMaxMessageLength", longest,
		"--functions-uri", "http://127.0.0.1:" + port + "/",
		"--functions-worker-id", h.config.Worker,
		"--functions-request-id", h.config.Worker,
		"--functions-grpc-max-message-length", longest,
	}
}

// Env is what the worker finds in its environment beside the app's settings, as
// NAME=VALUE.
func (h *Host) Env() []string {
	env := []string{
		"FUNCTIONS_WORKER_RUNTIME=" + h.config.Runtime,
		"FUNCTIONS_WORKER_DIRECTORY=" + h.config.WorkerDir,
		"FUNCTIONS_APPLICATION_DIRECTORY=" + h.config.App,
		"AzureWebJobsScriptRoot=" + h.config.App,
	}
	if h.room == nil {
		return append(env, "FUNCTIONS_WORKER_SHARED_MEMORY_DATA_TRANSFER_ENABLED=0")
	}
	return append(env, "FUNCTIONS_WORKER_SHARED_MEMORY_DATA_TRANSFER_ENABLED=1",
		"FUNCTIONS_UNIX_SHARED_MEMORY_DIRECTORIES="+strings.Join(h.room.Directories(), ","))
}

// Exited tells that the worker's process has ended. Everything that waits for
// the worker ends now, and not when a time-out or the connection says so. It may
// be called at any time, and more than once.
func (h *Host) Exited(err error) { h.leave(fmt.Errorf("worker process ended: %w", err)) }

// leave ends everything that waits. The first reason counts.
func (h *Host) leave(why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.exit != nil {
		return
	}
	h.exit = why
	close(h.exited)
	if h.link != nil {
		h.link.end(h.exit)
	}
}

// Capabilities are the names of what the worker says it can, sorted.
func (h *Host) Capabilities() (names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name := range h.can {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Shares tells whether large payloads pass through files that the worker maps.
func (h *Host) Shares() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.shares
}

func (h *Host) has(capability string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, found := h.can[capability]
	return found
}
