package subject

import (
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stanch-dev/stanch/internal/memory"
)

func FuzzAProcessIsReadFromAnyText(f *testing.F) {
	f.Add("process_resident_memory_bytes 4.2e+07\nprocess_start_time_seconds 1.7e9\n", uint32(7))
	f.Add("process_resident_memory_bytes{pod=\"a\"} 12 1700000000\n", uint32(1<<31))
	f.Add("process_resident_memory_bytes NaN\nprocess_resident_memory_bytes -1\n# x\n", uint32(1))
	f.Add("process_resident_memory_bytes 1e300\n\n }{\"", uint32(1))
	f.Fuzz(func(t *testing.T, text string, n uint32) {
		if got := parseProcess([]byte(text)); got.resident < 0 || got.resident == math.MaxInt64 {
			t.Errorf("parseProcess(%q) = %+v, want an amount that can be", text, got)
		}
		// Whatever stands before, a line of its own is read.
		if n > 0 {
			more := fmt.Sprintf("%s\nprocess_resident_memory_bytes %d\n", text, n)
			if got := parseProcess([]byte(more)); got.resident != int64(n) {
				t.Errorf("parseProcess(%q) has %d resident, want %d", more, got.resident, n)
			}
		}
	})
}

func TestAContainersCgroupIsKnownByItsID(t *testing.T) {
	const id = "3f2504e04f89"
	for text, want := range map[string]bool{
		"0::/docker/3f2504e04f8911d39a0c0305e82c3301\n":                   true,
		"4:memory:/system.slice/docker-3f2504e04f8911d3.scope\n":          true,
		"0::/kubepods.slice/pod1/cri-containerd-3f2504e04f8911d3.scope\n": true,
		"0::/kubepods/burstable/pod1/3f2504e04f8911d3\n":                  true,
		"0::/user.slice\n":              false,
		"0::/docker/003f2504e04f8911\n": false,
		"":                              false,
	} {
		if got := inPath(text, id); got != want {
			t.Errorf("inPath(%q, %q) = %v, want %v", text, id, got, want)
		}
	}
}

func TestTheGroupOfAProcessIsFoundAndRead(t *testing.T) {
	group, err := groupOf("/proc", os.Getpid())
	if err != nil {
		t.Skipf("this machine has no memory cgroup to be seen: %v", err)
	}
	defer group.Close()
	var c memory.Charge
	if err := group.Read(&c); err != nil || !c.Known || c.Anon == 0 {
		t.Errorf("Read of this process's group: %+v, %v, want its anonymous memory", c, err)
	}
}
