package cgroup_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
)

const mib = 1 << 20

// The trees in testdata are laid out, down to every line of the files that are
// read, as the kernels and runtimes named show them.
func tree(name string) cgroup.FS {
	dir := filepath.Join("testdata", name)
	return cgroup.FS{Root: filepath.Join(dir, "cgroup"), Proc: filepath.Join(dir, "proc")}
}

const (
	container = "3f0c7c2f1b9e4e0f6a7d0f5a4f3a1c90b9a2c1d8e7f60512a3b4c5d6e7f8091a"
	podV1     = "/kubepods/burstable/pod6b9a9c1e-0d1c-4c2b-9a52-7a1d7f6a6b11"
	podV2     = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod6b9a9c1e_0d1c_4c2b_9a52_7a1d7f6a6b11.slice"
)

func TestOwnGroupIsFoundAndRead(t *testing.T) {
	v1 := memory.Charge{
		Reclaimable: 79 * mib, Anon: 300 * mib, File: 80 * mib, Kernel: 8 * mib, Known: true,
	}
	v2 := memory.Charge{
		Usage: 296222720, Reclaimable: 76 * mib, Anon: 180 * mib, File: 90 * mib, Shmem: 8 * mib,
		Kernel: 4*mib + 1*mib + 2*mib + 512<<10 + 64<<10 + 256<<10, OOMKills: 1, Known: true,
	}
	with := func(c memory.Charge, change func(*memory.Charge)) memory.Charge {
		change(&c)
		return c
	}
	for _, row := range []struct {
		name    string
		version int
		path    string
		source  string
		want    memory.Charge
	}{
		{
			name: "v1-docker", version: 1, path: "/docker/" + container,
			// The mount's root is the container's group, so the path of
			// /proc/self/cgroup can't be found below it as it stands.
			source: "memory.limit_in_bytes of /docker/" + container,
			want: memory.Charge{
				Usage: 213909504, Reclaimable: 30720000 + 26624000 - 2048000 - 409600, Anon: 140000000,
				File: 61440000, Shmem: 4096000, Kernel: 8 * mib, Peak: 268435456, Limit: 256 * mib,
				OOMKills: 2, Known: true,
			},
		},
		{
			name: "v1-nested", version: 1, path: podV1 + "/" + container,
			// Its own limit is the huge number that means none.
			source: "memory.limit_in_bytes of " + podV1 + " (ancestor)",
			want: with(v1, func(c *memory.Charge) {
				c.Usage, c.Peak, c.Limit = 390*mib, 405*mib, 512*mib
			}),
		},
		{
			name: "v2-k8s", version: 2, path: podV2 + "/cri-containerd-" + container + ".scope",
			// The pod's limit is smaller than the container's.
			source: "memory.max of " + podV2 + " (ancestor)",
			want: with(v2, func(c *memory.Charge) {
				c.Peak, c.Limit, c.OOMGroup = 341835776, 384*mib, true
			}),
		},
		{
			name: "v2-cgroupns", version: 2, path: "/",
			// Also an old kernel: no memory.peak, no "kernel" line.
			source: "memory.max of /",
			want: with(v2, func(c *memory.Charge) {
				c.OOMKills, c.Limit = 0, 512*mib
				c.Kernel -= 64 << 10
			}),
		},
		{
			name: "v2-unlimited", version: 2, path: "/system.slice/app.service",
			source: "none",
			want: with(v2, func(c *memory.Charge) {
				c.Usage, c.Peak, c.OOMKills, c.Limit = 280*mib, 300*mib, 0, memory.Unlimited
			}),
		},
		{
			name: "hybrid", version: 1, path: "/system.slice/app.service",
			// Version 2 is mounted too, and has no memory controller.
			source: "memory.limit_in_bytes of /system.slice/app.service",
			want: with(v1, func(c *memory.Charge) {
				c.Usage, c.Peak, c.Limit = 390*mib, 500*mib, 1024*mib
			}),
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			g, err := tree(row.name).Own()
			if err != nil {
				t.Fatalf("Own() = %v", err)
			}
			defer g.Close()
			var got memory.Charge
			// The second look goes through the files kept open.
			for look := range 2 {
				if err := g.Read(&got); err != nil {
					t.Fatalf("look %d: Read() = %v", look, err)
				}
				if diff := cmp.Diff(row.want, got); diff != "" {
					t.Fatalf("look %d: Read(): want (-), got (+):\n%s", look, diff)
				}
			}
			if g.Version() != row.version || g.Path() != row.path || g.LimitSource() != row.source {
				t.Errorf("group is version %d, %s, bound by %q; want version %d, %s, %q",
					g.Version(), g.Path(), g.LimitSource(), row.version, row.path, row.source)
			}
		})
	}
}

func TestPressureIsTheGroupsOwnOnVersion2(t *testing.T) {
	for name, want := range map[string]memory.Pressure{
		"v2-k8s":    {SomeTotal: 8312255 * time.Microsecond, FullTotal: 3120044 * time.Microsecond, SomeAvg10: 1.53, FullAvg10: 0.62, Known: true},
		"v1-docker": {}, // version 1 has none
	} {
		g, err := tree(name).Own()
		if err != nil {
			t.Fatal(err)
		}
		var got memory.Pressure
		if err := g.Pressure(&got); err != nil || got != want {
			t.Errorf("%s: Pressure() = %+v, %v; want %+v", name, got, err, want)
		}
		g.Close()
	}
}

// plant writes a tree of files below a new directory.
func plant(t *testing.T, files map[string]string) cgroup.FS {
	t.Helper()
	dir := t.TempDir()
	f := cgroup.FS{Root: filepath.Join(dir, "cgroup"), Proc: filepath.Join(dir, "proc")}
	for name, text := range files {
		replant(t, filepath.Join(dir, name), strings.ReplaceAll(text, "$DIR", dir))
	}
	return f
}

func replant(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const (
	mountV1 = "39 33 0:34 %s %s rw,relatime - cgroup cgroup rw,memory\n"
	mountV2 = "34 25 0:29 %s %s rw,relatime - cgroup2 cgroup2 rw\n"
)

// groupV2 is the least that a group of version 2 shows.
func groupV2(dir, current, limit string) map[string]string {
	return map[string]string{
		dir + "/cgroup.procs": "", dir + "/cgroup.type": "domain\n",
		dir + "/memory.current": current, dir + "/memory.max": limit,
		dir + "/memory.stat": "anon 4096\nfile 0\n", dir + "/memory.events": "oom_kill 0\n",
	}
}

func merge(all ...map[string]string) map[string]string {
	m := map[string]string{}
	for _, one := range all {
		for k, v := range one {
			m[k] = v
		}
	}
	return m
}

func TestOwnGroupIsFoundWhereverItIsMounted(t *testing.T) {
	v1 := func(dir string) map[string]string {
		return map[string]string{
			dir + "/memory.usage_in_bytes": "8192\n", dir + "/memory.limit_in_bytes": "65536\n",
			dir + "/memory.stat": "total_rss 4096\n", dir + "/memory.oom_control": "oom_kill 0\n",
		}
	}
	for _, row := range []struct {
		reason string
		files  map[string]string
		path   string
		known  bool
		limit  int64
	}{
		{
			reason: "version 1 mounted outside /sys/fs/cgroup, at a path with a space",
			files: merge(v1("odd place/app"), map[string]string{
				"proc/self/mountinfo": fmt.Sprintf(mountV1, "/", `$DIR/odd\040place`),
				"proc/self/cgroup":    "3:cpu,memory:/app\n",
			}),
			path: "/app", known: true, limit: 65536,
		},
		{
			reason: "version 1, a path that only the outer machine knows: the longest end of it that exists",
			files: merge(v1("cgroup/memory/inner"), v1("cgroup/memory"), map[string]string{
				"proc/self/mountinfo": fmt.Sprintf(mountV1, "/", "/sys/fs/cgroup/memory"),
				"proc/self/cgroup":    "3:memory:/docker/outer/inner\n",
			}),
			path: "/inner", known: true, limit: 65536,
		},
		{
			reason: "version 1, nothing of the path can be seen: the mount point",
			files: merge(v1("cgroup/memory"), map[string]string{
				"proc/self/mountinfo": fmt.Sprintf(mountV1, "/elsewhere", "/sys/fs/cgroup/memory"),
				"proc/self/cgroup":    "3:memory:/../..\n",
			}),
			path: "/elsewhere", known: true, limit: 65536,
		},
		{
			reason: "version 2 hands the controller down to an ancestor only: that one is charged",
			files: merge(groupV2("cgroup/a", "8192\n", "32768\n"), map[string]string{
				"proc/self/mountinfo":       fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"),
				"proc/self/cgroup":          "0::/a/b/c\n",
				"cgroup/a/b/c/cgroup.procs": "",
			}),
			path: "/a", known: true, limit: 32768,
		},
		{
			reason: "the machine's own root of version 2 keeps no account",
			files: map[string]string{
				"proc/self/mountinfo":       fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"),
				"proc/self/cgroup":          "0::/\n",
				"cgroup/cgroup.procs":       "1\n",
				"cgroup/cgroup.controllers": "cpu io memory\n",
			},
			path: "/", known: false, limit: memory.Unlimited,
		},
		{
			reason: "a limit above the machine's memory is never reached: the machine bounds it",
			files: merge(groupV2("cgroup", "8192\n", "4194304\n"), map[string]string{
				"proc/self/mountinfo": fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"),
				"proc/self/cgroup":    "0::/\n",
				"proc/meminfo":        "MemTotal:       1024 kB\nMemFree:   10 kB\n",
			}),
			path: "/", known: true, limit: 1 << 20,
		},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g, err := plant(t, row.files).Own()
			if err != nil {
				t.Fatalf("Own() = %v", err)
			}
			defer g.Close()
			var c memory.Charge
			if err := g.Read(&c); err != nil {
				t.Fatalf("Read() = %v", err)
			}
			if g.Path() != row.path || c.Known != row.known || c.Limit != row.limit {
				t.Errorf("group %s, known %v, limit %d; want %s, %v, %d", g.Path(), c.Known, c.Limit, row.path, row.known, row.limit)
			}
		})
	}
}

func TestWithoutAControllerTheGroupAnswersUnknown(t *testing.T) {
	for reason, files := range map[string]map[string]string{
		"nothing is mounted": {"proc/self/mountinfo": "", "proc/self/cgroup": ""},
		"version 2 without the memory controller": {
			"proc/self/mountinfo": fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"), "proc/self/cgroup": "0::/\n",
			"cgroup/cgroup.procs": "", "cgroup/cgroup.controllers": "hugetlb\n",
		},
		"a container whose runtime handed nothing down": {
			"proc/self/mountinfo": fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"), "proc/self/cgroup": "0::/\n",
			"cgroup/cgroup.procs": "", "cgroup/cgroup.controllers": "memory\n", "cgroup/cgroup.type": "domain\n",
		},
		"lines that are no mounts and no groups": {
			"proc/self/mountinfo": "x\n - \n1 2 3 4 5 - cgroup\n1 2 3 / / - cgroup2\n", "proc/self/cgroup": "::\n:\n0\n",
		},
	} {
		g, err := plant(t, files).Own()
		if !errors.Is(err, cgroup.ErrNoController) {
			t.Errorf("%s: Own() = %v, want ErrNoController", reason, err)
		}
		c := memory.Charge{Known: true}
		if err := g.Read(&c); err != nil || c.Known || c.Limit != memory.Unlimited {
			t.Errorf("%s: Read() = %+v, %v; want an unknown, unlimited charge and no error", reason, c, err)
		}
		if g.Version() != 0 || g.Writable() == nil {
			t.Errorf("%s: version %d, Writable() = %v; want 0 and a reason", reason, g.Version(), g.Writable())
		}
		if _, err := g.Child("w"); !errors.Is(err, cgroup.ErrNoController) {
			t.Errorf("%s: Child() = %v, want ErrNoController", reason, err)
		}
		g.Close()
	}
}

func TestWithoutProcOwnSaysWhichFileIsMissing(t *testing.T) {
	g, err := cgroup.FS{Root: t.TempDir(), Proc: t.TempDir()}.Own()
	if !errors.Is(err, fs.ErrNotExist) || g == nil {
		t.Fatalf("Own() = %v, %v; want a group and fs.ErrNotExist", g, err)
	}
}

func TestLimitsAreReadLive(t *testing.T) {
	f := plant(t, merge(
		groupV2("cgroup/pod", "16384\n", "max\n"), groupV2("cgroup/pod/ctr", "8192\n", "65536\n"),
		map[string]string{
			"proc/self/mountinfo": fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"),
			"proc/self/cgroup":    "0::/pod/ctr\n",
		}))
	g, err := f.Own()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, row := range []struct {
		file, text, reason string
		limit              int64
		source             string
	}{
		{"pod/ctr/memory.max", "65536\n", "the group's own", 65536, "memory.max of /pod/ctr"},
		{"pod/memory.max", "32768\n", "an ancestor is given a smaller one", 32768, "memory.max of /pod (ancestor)"},
		{"pod/ctr/memory.max", "16384\n", "resized in place", 16384, "memory.max of /pod/ctr"},
	} {
		replant(t, filepath.Join(f.Root, row.file), row.text)
		var c memory.Charge
		if err := g.Read(&c); err != nil || c.Limit != row.limit || g.LimitSource() != row.source {
			t.Errorf("%s: limit %d from %q, %v; want %d from %q", row.reason, c.Limit, g.LimitSource(), err, row.limit, row.source)
		}
	}
}

func TestGarbageInAFileIsOneErrorAndNoFigure(t *testing.T) {
	f := plant(t, merge(groupV2("cgroup", "8192\n", "max\n"), map[string]string{
		"proc/self/mountinfo": fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"),
		"proc/self/cgroup":    "0::/\n",
	}))
	g, err := f.Own()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, text := range []string{"", "\n", "-1\n", "9223372036854775808\n", "1e9\n", "12 34\n", strings.Repeat("9", 40000)} {
		replant(t, filepath.Join(f.Root, "memory.current"), text)
		c := memory.Charge{Usage: 1}
		err := g.Read(&c)
		if err == nil || !strings.Contains(err.Error(), "memory.current") || c != (memory.Charge{Limit: memory.Unlimited}) {
			t.Errorf("Read() of %.20q = %+v, %v; want no figure, and an error that names memory.current", text, c, err)
		}
	}
	replant(t, filepath.Join(f.Root, "memory.current"), "4096\n")
	var c memory.Charge
	if err := g.Read(&c); err != nil || c.Usage != 4096 {
		t.Errorf("Read() once the file is right again = %+v, %v; want usage 4096", c, err)
	}
}

func TestAFileThatVanishesIsOneErrorUntilItIsBack(t *testing.T) {
	f := plant(t, merge(groupV2("cgroup", "8192\n", "max\n"), map[string]string{
		"proc/self/mountinfo": fmt.Sprintf(mountV2, "/", "/sys/fs/cgroup"),
		"proc/self/cgroup":    "0::/\n",
	}))
	g, err := f.Own()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	path := filepath.Join(f.Root, "memory.stat")
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	var c memory.Charge
	for range 3 {
		if err := g.Read(&c); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "memory.stat") || c.Known {
			t.Fatalf("Read() without memory.stat = %+v, %v; want fs.ErrNotExist that names it", c, err)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := g.Read(&c); err != nil || !c.Known || c.Anon != 4096 {
		t.Errorf("Read() with memory.stat back = %+v, %v; want anon 4096", c, err)
	}
}

func TestReadAfterCloseIsAnError(t *testing.T) {
	g, err := tree("v2-cgroupns").Own()
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	g.Close()
	var c memory.Charge
	if err := g.Read(&c); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Read() after Close() = %v, want fs.ErrClosed", err)
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	for _, name := range []string{"v1-nested", "v2-k8s"} {
		g, err := tree(name).Own()
		if err != nil {
			t.Fatal(err)
		}
		var c memory.Charge
		var p memory.Pressure
		if n := testing.AllocsPerRun(100, func() { _ = g.Read(&c); _ = g.Pressure(&p) }); n != 0 {
			t.Errorf("%s: Read and Pressure allocate %v times, want 0", name, n)
		}
		g.Close()
	}
}

func TestChildRefusesNamesThatLeadElsewhere(t *testing.T) {
	g, err := tree("v2-cgroupns").Own()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for _, name := range []string{"", ".", "..", "a/b", "../x", "a\x00b", "a\nb"} {
		if c, err := g.Child(name); err == nil {
			t.Errorf("Child(%q) = %v, want an error", name, c.Path())
		}
	}
}

func TestHighIsVersion2sOnly(t *testing.T) {
	g, err := tree("v1-docker").Own()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := g.SetHigh(1); !errors.Is(err, cgroup.ErrNoHigh) {
		t.Errorf("SetHigh() on version 1 = %v, want ErrNoHigh", err)
	}
}
