// Command memory measures what a large blob costs the real Azure Python worker, and stanch's host of it, as bytes on the stream and as a shared file.
//
//	sh bench/pyworker/install.sh && go run ./bench/pyworker/memory -mib 128
//
// Every way gets a worker of its own, which reads blobs of 1, 16 and 64 MiB first
// and then the one that counts, in pieces of 64 KiB. The blob is made as it is
// read: nobody holds it. The host runs in this process, whose own memory is
// printed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/pyworker"
	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
)

// figure is what one way cost.
type figure struct {
	Way            string  `json:"way"`
	HostBase       int64   `json:"host_base"` // bytes resident
	HostPeak       int64   `json:"host_peak"`
	WorkerBase     int64   `json:"worker_base"`
	WorkerPeak     int64   `json:"worker_peak"`
	WorkerRetained int64   `json:"worker_retained"`
	Seconds        float64 `json:"seconds"`
	Bytes          int64   `json:"bytes"`
}

func main() {
	mib := flag.Int64("mib", 128, "size of the blob")
	cache := flag.String("cache", ".cache/pyworker", "directory that install.sh has filled")
	app := flag.String("app", "internal/work/contract/functionrpc/testdata/v2", "function app")
	only := flag.String("only", "", "run this way only, in this process")
	flag.Parse()
	if err := run(*cache, *app, *only, *mib<<20); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(cache, app, only string, size int64) error {
	forms, err := pyworker.Installed(cache, "bench/pyworker/loop.py")
	if err != nil {
		return err
	}
	var table []figure
	for _, form := range forms {
		if !form.V2 {
			continue
		}
		for _, way := range ways(form) {
			name := form.Name + ", " + way.name
			if only != "" && only != name {
				continue
			}
			if only == "" {
				// A process of its own: one way's memory must not be the next one's base.
				f, err := again(name, cache, app, size)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				table = append(table, f)
				continue
			}
			f, err := measure(form, app, way.shared, size)
			if err != nil {
				return err
			}
			f.Way = name
			return json.NewEncoder(os.Stdout).Encode(f)
		}
	}
	if len(table) == 0 {
		return errors.New("no worker of the second model is installed\nhint: sh bench/pyworker/install.sh")
	}
	fmt.Printf("%-28s %10s %10s %12s %12s %14s %8s\n", "MiB, blob of "+strconv.FormatInt(size>>20, 10), "host base", "host peak", "worker base", "worker peak", "worker retains", "seconds")
	for _, f := range table {
		fmt.Printf("%-28s %10d %10d %12d %12d %14d %8.2f\n", f.Way, f.HostBase>>20, f.HostPeak>>20, f.WorkerBase>>20, f.WorkerPeak>>20, f.WorkerRetained>>20, f.Seconds)
	}
	return rig.Result(os.Stdout, table)
}

type way struct {
	name   string
	shared []string
}

func ways(form pyworker.Form) []way {
	all := []way{{"gRPC bytes", nil}}
	if form.Shared {
		all = append(all, way{"shared, memory", []string{"/dev/shm"}}, way{"shared, disk", []string{os.TempDir()}})
	}
	return all
}

func measure(form pyworker.Form, app string, shared []string, size int64) (f figure, err error) {
	config := functionrpc.Default()
	if config.App, err = filepath.Abs(app); err != nil {
		return f, err
	}
	config.Shared, config.Plain = shared, max(size, 64<<20)
	host, err := functionrpc.New(config)
	if err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	worker := form.Command(ctx, config.App, host.Args(), append(host.Env(), "PYTHONDONTWRITEBYTECODE=1"))
	worker.Stderr = os.Stderr
	if err := worker.Start(); err != nil {
		return f, errors.Join(err, host.Stop(ctx))
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
		return f, err
	}
	for _, function := range functions {
		if err := host.Load(ctx, function); err != nil {
			return f, err
		}
	}
	for _, warm := range []int64{1 << 20, 16 << 20, 64 << 20} {
		if err := send(ctx, host, warm); err != nil {
			return f, err
		}
	}
	debug.FreeOSMemory()
	time.Sleep(time.Second) // what is freed late is freed by now
	pid := worker.Process.Pid
	f.HostBase, f.WorkerBase, f.Bytes = resident(os.Getpid(), "VmRSS"), resident(pid, "VmRSS"), size
	for _, p := range []int{pid, os.Getpid()} {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p), []byte("5"), 0); err != nil {
			return f, fmt.Errorf("reset the peak: %w", err)
		}
	}
	began := time.Now()
	if err := send(ctx, host, size); err != nil {
		return f, err
	}
	f.Seconds = time.Since(began).Seconds()
	f.HostPeak, f.WorkerPeak = resident(os.Getpid(), "VmHWM"), resident(pid, "VmHWM")
	time.Sleep(time.Second)
	f.WorkerRetained = resident(pid, "VmRSS")
	return f, nil
}

// send invokes the function that reads a blob in pieces.
func send(ctx context.Context, host *functionrpc.Host, size int64) error {
	blob := &contract.Stream{Size: size, Open: func(context.Context, int64) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(rand.NewChaCha8([32]byte{7}), size)), nil
	}}
	result, end, err := host.Invoke(ctx, &contract.Invocation{ID: fmt.Sprint("blob-", size), Function: "pieces", Inputs: []contract.Input{
		{Name: "msg", Binding: "queueTrigger", Value: contract.Value{Kind: contract.Text, Text: "big"}},
		{Name: "image", Binding: "blob", Binary: true, Value: contract.Value{Kind: contract.Large, Stream: blob}},
	}})
	if err != nil {
		return err
	}
	defer end()
	var got struct{ Size int64 }
	if err := json.Unmarshal([]byte(result.Outputs[0].Value.Text), &got); err != nil {
		return err
	}
	if got.Size != size {
		return fmt.Errorf("worker read %d of %d bytes", got.Size, size)
	}
	return nil
}

// resident is a line of /proc/PID/status, in bytes; 0 if the process is gone.
func resident(pid int, line string) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(l, line+":"); found {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
