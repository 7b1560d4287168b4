package app

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/memory/cgroup"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

// Facts are what `stanch check` finds out.
type Facts struct {
	Kernel string `json:"kernel"`
	UID    int    `json:"uid"`
	PID1   bool   `json:"pid_1"`

	CgroupVersion int    `json:"cgroup_version"` // 0: no memory controller
	CgroupPath    string `json:"cgroup_path"`
	LimitSource   string `json:"limit_source"`
	OwnGroups     string `json:"own_cgroups"` // ok, or why the workers can't have cgroups of their own
	OOMGroup      bool   `json:"oom_group"`
	Freezer       string `json:"freeze_by"`
	Pressure      bool   `json:"psi"`
	LockedMemory  string `json:"memlock_limit"`
	Data          string `json:"data"`

	Reading memory.Reading `json:"reading"`
	Limit   int64          `json:"limit"` // bytes; 0: none
	Bands   []BandFact     `json:"bands"`

	Functions *FunctionFacts `json:"functions,omitempty"` // nil: there are none to be fed

	Problems []string `json:"problems"` // what makes stanch less than it could be
}

// BandFact is where a band begins, and is left.
type BandFact struct {
	Band  string `json:"band"`
	Level string `json:"level"` // as configured
	Enter int64  `json:"enter"`
	Leave int64  `json:"leave"`
}

// Check finds out what this machine allows, where the bands are, and what the
// functions are that cfg names.
func Check(ctx context.Context, cfg config.Run, environ []string) (Facts, error) {
	f := Facts{UID: os.Getuid(), PID1: os.Getpid() == 1, Kernel: kernel(), Freezer: "SIGSTOP to the whole process tree"}
	problem := func(format string, args ...any) { f.Problems = append(f.Problems, fmt.Sprintf(format, args...)) }

	container, err := cgroup.System().Own()
	if err != nil {
		problem("no cgroup tells about memory: %v", oneLine(err))
	}
	if container != nil && container.Version() != 0 {
		defer container.Close()
		f.CgroupVersion, f.CgroupPath = container.Version(), container.Path()
		f.OwnGroups = "ok"
		if err := container.Writable(); err != nil {
			f.OwnGroups = oneLine(err)
		}
	} else {
		f.OwnGroups = "there is no memory controller"
	}
	g, err := gauge.New(gauge.Config{Container: container, LimitOverride: int64(cfg.MemoryLimit)})
	if err != nil {
		return f, err
	}
	defer g.Close()
	g.Look(ctx)
	g.Read(time.Now(), &f.Reading)
	if f.CgroupVersion != 0 {
		f.LimitSource = container.LimitSource()
	}
	if cfg.MemoryLimit > 0 && f.Reading.Limit == int64(cfg.MemoryLimit) {
		f.LimitSource = "memory-limit"
	}
	f.OOMGroup = f.Reading.Container.OOMGroup
	f.Pressure = f.Reading.Pressure.Known
	if f.Reading.Limit != memory.Unlimited {
		f.Limit = f.Reading.Limit
		l := cfg.Bands.For(f.Limit)
		for i, level := range []band.Level{cfg.Bands.Degraded, cfg.Bands.Critical, cfg.Bands.Emergency} {
			b := band.Degraded + band.Band(i)
			f.Bands = append(f.Bands, BandFact{b.String(), level.String(), l.Enter[b], l.Leave[b]})
		}
		f.Bands = append(f.Bands, BandFact{"freeze", "", l.Brink(), 0})
		if l.Enter[band.Emergency]-l.Enter[band.Degraded] < int64(16*bytesize.MiB) {
			problem("the bands lie within %v of each other: a fast worker passes all of them in one look", bytesize.Size(l.Enter[band.Emergency]-l.Enter[band.Degraded]))
		}
	} else {
		problem("no memory limit is known, so no band will ever be reached: set memory-limit")
	}
	if f.OOMGroup && f.OwnGroups != "ok" {
		problem("memory.oom.group is set and the workers have no cgroup of their own: a kill by the kernel takes stanch with the worker. stanch acts before, and its flight recorder survives")
	}
	if !f.Pressure {
		problem("the kernel tells no pressure-stall information (PSI): post-mortems will lack it")
	}
	if f.Data, err = DataDir(cfg.Data); err != nil {
		problem("%s", oneLine(err))
	}
	if f.Functions, err = checkFunctions(ctx, &cfg, environ, f.Data); err != nil {
		return f, err
	}
	var lock unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lock); err == nil {
		f.LockedMemory = "unlimited"
		if lock.Cur < 1<<62 {
			f.LockedMemory = bytesize.Size(lock.Cur).String()
		}
	}
	for _, p := range g.Problems() {
		problem("%s", p)
	}
	return f, nil
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return runtime.GOOS
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

func oneLine(err error) string {
	return strings.ReplaceAll(strings.ReplaceAll(err.Error(), "\nhint: ", "; "), "\n", "; ")
}
