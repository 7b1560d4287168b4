package process_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

func TestADaemonThatShedSessionAndEnvironmentEndsWithItsWorker(t *testing.T) {
	h := newHost(t)
	v := newVoice()
	p, err := h.Start(process.Spec{
		Name: "w1", Env: os.Environ(), Output: v.hear,
		Args: []string{"sh", "-c", `(env -i setsid sh -c 'echo daemon $$; exec sleep 3600' &); exit 3`},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := await(t, p); got.Code != 3 {
		t.Errorf("Exit() = %+v, want code 3: the daemon holds the output, not the exit", got)
	}
	v.await(t, "daemon ")
	pid, err := strconv.Atoi(strings.TrimPrefix(v.all()[0], "stdout daemon "))
	if err != nil {
		t.Fatal(err)
	}
	p.Kill("its first process has ended")
	awaitGone(t, pid)
}

func TestAWorkerThatCannotBeBornInItsPlaceIsPutThere(t *testing.T) {
	h := newHost(t)
	refused := func(*syscall.SysProcAttr, func() error) error {
		return fmt.Errorf("fork into cgroup x: %w", cgroup.ErrNotBorn)
	}
	var added int
	p, err := h.Start(process.Spec{
		Name: "w1", Args: []string{"sleep", "3600"}, Env: os.Environ(), Output: newVoice().hear, Fork: refused,
		Add: func(pid int) error { added = pid; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Kill("the test is over")
	await(t, p)
	if added != p.PID() {
		t.Errorf("Add was told %d, want %d", added, p.PID())
	}
	_, err = h.Start(process.Spec{
		Name: "w2", Args: []string{"sleep", "3600"}, Env: os.Environ(), Output: newVoice().hear, Fork: refused,
		Add: func(pid int) error { added = pid; return syscall.EPERM },
	})
	if err == nil {
		t.Error("Start of a worker that Add refused: no error")
	}
	awaitGone(t, added)
}

func TestASentinelThatWasKilledIsReapedAndReplaced(t *testing.T) {
	h, err := process.NewHost(process.HostConfig{Sentinel: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	first := awaitSentinel(t, 0)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitGone(t, first)
	awaitSentinel(t, first)
}

// awaitSentinel returns the pid of our sentinel once it is another one than
// before.
func awaitSentinel(t *testing.T, before int) int {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		lists, _ := filepath.Glob("/proc/self/task/*/children")
		for _, list := range lists {
			text, err := os.ReadFile(list)
			if err != nil {
				continue // that thread has ended
			}
			for field := range strings.FieldsSeq(string(text)) {
				name, err := os.ReadFile("/proc/" + field + "/cmdline")
				if pid, _ := strconv.Atoi(field); err == nil && pid != before && strings.HasPrefix(string(name), process.SentinelName) {
					return pid
				}
			}
		}
	}
	t.Fatal("there is no sentinel after 30s")
	return 0
}
