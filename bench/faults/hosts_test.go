package faults_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// pace are the times of a run: short, so that what was lost is back soon.
type pace struct {
	lease   time.Duration // how long the hosts hold a message
	limit   time.Duration // functionTimeout, whole seconds
	absence time.Duration // the store's longest
}

// writeApp writes the function app: this program is its handler.
func writeApp(t *testing.T, limit time.Duration) string {
	t.Helper()
	app := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"host.json": fmt.Sprintf(`{"version":"2.0","functionTimeout":"00:00:%02d","extensions":{"queues":{"maxPollingInterval":"00:00:00.500","batchSize":8,"newBatchThreshold":8}},
			"customHandler":{"description":{"defaultExecutablePath":%q}}}`, int(limit.Seconds()), self),
		"work/function.json": `{"bindings":[{"type":"queueTrigger","direction":"in","name":"msg","queueName":"jobs"},
			{"type":"blob","direction":"in","name":"input","path":"inputs/{blob}","stanchMode":"streamed"},
			{"type":"queue","direction":"out","name":"out","queueName":"out"}]}`,
	} {
		path := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return app
}

// instance is one stanch process.
type instance struct {
	host   int
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended
	asked  atomic.Bool   // to end: SIGTERM
}

// launch starts a host. Its own words go into a file.
func (r *run) launch(host int) *instance {
	r.t.Helper()
	log, err := os.OpenFile(filepath.Join(r.dir, fmt.Sprintf("host%d.log", host)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	i := &instance{host: host, exited: make(chan struct{})}
	i.cmd = exec.Command(program, "run", "--app", r.app, "--data", filepath.Join(r.dir, fmt.Sprint("data", host)),
		"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--lease", r.pace.lease.String(), "--restart-budget", "100000/10m",
		"--restart-backoff", "1s", "--drain-timeout", "5s", "--stop-grace", "2s", "--shutdown-delay", "0s")
	i.cmd.Env = append(os.Environ(), "AzureWebJobsStorage="+r.depot.host(host),
		controlVar+"="+r.control.URL, notesVar+"="+r.notes, fmt.Sprint(hostVar, "=", host))
	i.cmd.Stdout, i.cmd.Stderr = log, log
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // a signal is for it alone, and it does not outlive a test that is killed
	if err := i.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		_ = i.cmd.Wait() // how it ended is asked of ProcessState
		close(i.exited)
		r.post(func() { r.ended(i) })
	}()
	return i
}

// signal sends a signal, and says whether it was still there.
func (i *instance) signal(s syscall.Signal) bool {
	return i.cmd.Process.Signal(s) == nil
}

// end asks it to end, and waits until it has.
func (i *instance) end(t *testing.T) (took time.Duration) {
	begun := time.Now()
	i.asked.Store(true)
	i.signal(syscall.SIGTERM)
	select {
	case <-i.exited:
		if code := i.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("host %d ended with exit code %d, want 0", i.host, code)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("host %d did not end within 30 s of SIGTERM", i.host)
		i.signal(syscall.SIGKILL)
		<-i.exited
	}
	return time.Since(begun)
}
