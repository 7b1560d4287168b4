package cgroup

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stanch-dev/stanch/internal/memory"
)

type pair struct {
	key   string
	value int64
}

func all(b []byte) (pairs []pair) {
	for {
		key, v, rest, ok := nextField(b)
		if !ok {
			return pairs
		}
		pairs, b = append(pairs, pair{string(key), v}), rest
	}
}

// What is read from a stat file prints back to a file that reads the same, and
// no amount is negative.
func FuzzStat(f *testing.F) {
	f.Add([]byte("anon 4096\nfile 0\nhierarchical_memory_limit 9223372036854771712\n"))
	f.Add([]byte("oom_kill 1"))
	f.Add([]byte("a -1\nb 9223372036854775808\n c\nd  2\n\n\x00 7\ne 007\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := all(b)
		var text []byte
		for _, p := range got {
			if p.value < 0 {
				t.Fatalf("%q is read as %d, below 0", p.key, p.value)
			}
			text = fmt.Appendf(text, "%s %d\n", p.key, p.value)
		}
		if again := all(text); !slices.Equal(got, again) {
			t.Fatalf("read %v, printed %q, read again %v", got, text, again)
		}
		for _, read := range []func() memory.Charge{
			func() (c memory.Charge) { statV1(b, &c); return c },
			func() (c memory.Charge) { statV2(b, &c); return c },
		} {
			c := read()
			for _, n := range []int64{c.Reclaimable, c.Anon, c.File, c.Shmem, c.Kernel, c.WorkingSet()} {
				if n < 0 {
					t.Fatalf("a charge of %+v from %q, below 0", c, b)
				}
			}
		}
	})
}

func FuzzPressure(f *testing.F) {
	f.Add([]byte("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=99.99 avg60=0.00 avg300=0.00 total=12\n"))
	f.Add([]byte("some avg10=100.00 total=9223372036854775807"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p memory.Pressure
		if ok := ParsePressure(b, &p); ok != p.Known {
			t.Fatalf("ParsePressure() = %v, Known = %v", ok, p.Known)
		}
		if p.SomeTotal < 0 || p.FullTotal < 0 || p.SomeAvg10 < 0 || p.SomeAvg10 > 100 || p.FullAvg10 < 0 || p.FullAvg10 > 100 {
			t.Fatalf("pressure out of its range: %+v from %q", p, b)
		}
		if !p.Known {
			return
		}
		text := fmt.Appendf(nil, "some avg10=%.2f avg60=0.00 avg300=0.00 total=%d\nfull avg10=%.2f avg60=0.00 avg300=0.00 total=%d\n",
			p.SomeAvg10, p.SomeTotal.Microseconds(), p.FullAvg10, p.FullTotal.Microseconds())
		var again memory.Pressure
		if ParsePressure(text, &again); again != p {
			t.Fatalf("read %+v, printed %q, read again %+v", p, text, again)
		}
	})
}

// No line of mountinfo makes find leave the mount.
func FuzzMount(f *testing.F) {
	f.Add("39 33 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", "/a/b")
	f.Add(`39 33 0:34 /docker/x /odd\040place rw shared:1 - cgroup2 none rw`, "/docker/x/y")
	f.Add("1 2 3:4 /.. / - cgroup2 x y", "/../..")
	f.Fuzz(func(t *testing.T, line, group string) {
		m, ok := parseMount(line)
		if !ok {
			return
		}
		if m.version != 1 && m.version != 2 {
			t.Fatalf("parseMount(%q) = version %d", line, m.version)
		}
		m.point = "/nowhere"
		dir, found := m.find(group, "no such file")
		if found || (dir != m.point && len(dir) <= len(m.point)) || dir[:len(m.point)] != m.point {
			t.Fatalf("find(%q) below root %q = %q, %v; want a directory below %s", group, m.root, dir, found, m.point)
		}
	})
}
