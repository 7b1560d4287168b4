package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
)

// again has a process of its own be the bare host: what the bench itself holds is
// not to be counted.
func (b *bench) again(ctx context.Context, size int64) (f figure, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, self, "-bare", fmt.Sprint(size>>20), "-cache", b.cache, "-settle", b.settle.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(out, &f)
}

// bareHost hands a payload over as bytes on the stream, held whole, which
// stanch's own limit forbids. The host is this process.
func (s settings) bareHost(ctx context.Context, size int64) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	forms, err := pyworker.Installed(s.cache, "bench/pyworker/loop.py")
	if err != nil {
		return err
	}
	config := functionrpc.Default()
	if config.App, err = filepath.Abs("bench/memory/apps/grpc"); err != nil {
		return err
	}
	config.Shared, config.Plain, config.Spool = nil, max(size, 64<<20), ""
	host, err := functionrpc.New(config)
	if err != nil {
		return err
	}
	worker := forms[0].Command(ctx, config.App, host.Args(), append(host.Env(), "PYTHONDONTWRITEBYTECODE=1"))
	if err := worker.Start(); err != nil {
		return errors.Join(err, host.Stop(ctx))
	}
	ended := make(chan struct{})
	go func() { defer close(ended); host.Exited(fmt.Errorf("exited: %w", worker.Wait())) }()
	defer func() {
		cancel()
		<-ended
		err = errors.Join(err, host.Stop(context.Background()))
	}()
	functions, err := host.Start(ctx)
	if err != nil {
		return err
	}
	for _, function := range functions {
		if err := host.Load(ctx, function); err != nil {
			return err
		}
	}
	if _, err := send(ctx, host, warm); err != nil {
		return err
	}
	debug.FreeOSMemory()
	pause(ctx, s.settle)
	own, pid := os.Getpid(), worker.Process.Pid
	f := figure{StanchBase: residents("VmRSS", own), WorkerBase: residents("VmRSS", pid)}
	for _, p := range []int{own, pid} {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p), []byte("5"), 0); err != nil {
			return fmt.Errorf("reset the peak: %w", err)
		}
	}
	began := time.Now()
	answer, refused := send(ctx, host, size)
	f.Seconds = time.Since(began).Seconds()
	f.StanchPeak, f.WorkerPeak = residents("VmHWM", own), residents("VmHWM", pid)
	pause(ctx, s.settle)
	f.WorkerRetained = residents("VmRSS", pid)
	if refused != nil {
		f.Refused = refused.Error()
	} else if err := compare(answer, size); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// send invokes the function that reads a blob in pieces.
func send(ctx context.Context, host *functionrpc.Host, size int64) (answer []byte, err error) {
	stream := &contract.Stream{Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) { return io.NopCloser(payload(size)), nil }}
	result, end, err := host.Invoke(ctx, &contract.Invocation{ID: fmt.Sprint("blob-", size), Function: "read", Inputs: []contract.Input{
		{Name: "job", Binding: "queueTrigger", Value: contract.Value{Kind: contract.Text, Text: fmt.Sprint(size)}},
		{Name: "blob", Binding: "blob", Binary: true, Value: contract.Value{Kind: contract.Large, Stream: stream}},
	}})
	if err != nil {
		return nil, err
	}
	defer end()
	return []byte(result.Outputs[0].Value.Text), nil
}
