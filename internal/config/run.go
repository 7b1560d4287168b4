// Package config holds stanch's settings: each is written once, and is at the same time a flag, a key of stanch.yaml and a STANCH_ variable.
//
// Precedence, from weak to strong: default, file, environment, flag. Nothing
// malformed becomes a default in silence: an unknown key, an unknown STANCH_
// variable or a value that can't be read is an error that names its place and
// says what to write instead, and all mistakes of one source are reported
// together. Begin with [Run] and [Settings].
package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/memory/band"
	"github.com/stanch-dev/stanch/internal/tree"
	"github.com/stanch-dev/stanch/internal/work/gate"
)

// Run is the configuration of `stanch run`.
type Run struct {
	Command []string // the worker, with its arguments

	Listen string // address of the data path
	Admin  string // address of probes, metrics and status; empty for none

	Workers    int
	WorkerPort int // a fixed port of the worker; 0 gives each instance its own
	Ready      Ready
	StartTime  time.Duration // the longest until a worker is ready
	StopGrace  time.Duration // from SIGTERM to SIGKILL
	Drain      time.Duration // the longest that requests in flight are waited for
	Streams    time.Duration // of that, what WebSockets and event streams get
	Shutdown   time.Duration // from readiness off to the first refusal, on SIGTERM

	MemoryLimit     bytesize.Size // 0: the container's own
	Bands           band.Config
	OnUnhealthy     band.Mode
	LeakReplace     string        // calm or never
	Unhealthy       bytesize.Size // a worker over it is unhealthy; 0: none
	Cgroup          bool          // give the workers cgroups of their own where that is allowed
	CleanupSignal   syscall.Signal
	CleanupURL      string // path or URL, asked by POST
	HeapMetrics     string // path of the worker's Prometheus endpoint; empty: not asked
	ReplaceBudget   Budget
	RestartBudget   Budget
	RestartBackoff  time.Duration // the longest pause between two starts
	AllocatorTuning bool

	Concurrency  int
	Queue        int
	QueueTimeout time.Duration
	HeaderLimit  bytesize.Size
	HeaderTime   time.Duration
	IdleTime     time.Duration
	StallTime    time.Duration
	Retries      int

	Functions      tree.Source // of a plain HTTP worker; empty: there are none
	App            string      // folder of a function app; empty: there is none
	Store          string      // of work that no connection says; empty: files below Data
	Admission      string      // on, shadow or off
	Compat         string      // none or azure
	Encoding       string      // of messages in Azure's queues, for Functions: base64 or none
	Lease          time.Duration
	ScanInterval   time.Duration
	LanguageWorker string // directory; empty: looked for
	FunctionKey    string // of HTTP functions; empty: none is asked for

	Telemetry    bool
	TelemetryDir string        // of the tables; empty: below Data
	RetainAge    time.Duration // of rows
	RetainBytes  bytesize.Size // of all tables together
	RequestRate  int           // rows a second for requests; 0 for all
	RoleName     string        // empty: the worker program's name
	Egress       bool          // a forward proxy for the workers' outgoing calls

	Data      string // directory of the flight recorder and the post-mortems
	Keep      int    // post-mortems kept
	LogFormat string // text or json
}

// Default is the configuration of a stanch that was told nothing.
func Default() Run {
	return Run{
		Listen:          ":8080",
		Admin:           ":9090",
		Workers:         1,
		Ready:           Ready{Kind: ReadyTCP},
		StartTime:       60 * time.Second,
		StopGrace:       10 * time.Second,
		Drain:           30 * time.Second,
		Streams:         5 * time.Second,
		Shutdown:        5 * time.Second,
		Bands:           band.Default(),
		LeakReplace:     "calm",
		Cgroup:          true,
		ReplaceBudget:   Budget{Count: 120, Window: 10 * time.Minute},
		RestartBudget:   Budget{Count: 10, Window: 10 * time.Minute},
		RestartBackoff:  30 * time.Second,
		AllocatorTuning: true,
		Queue:           2048,
		QueueTimeout:    30 * time.Second,
		HeaderLimit:     64 * bytesize.KiB,
		HeaderTime:      10 * time.Second,
		IdleTime:        75 * time.Second,
		StallTime:       10 * time.Minute,
		Retries:         3,
		Admission:       "on",
		Compat:          "none",
		Encoding:        "base64",
		Lease:           time.Minute,
		ScanInterval:    10 * time.Second,
		Telemetry:       true,
		RetainAge:       7 * 24 * time.Hour,
		RetainBytes:     bytesize.GiB,
		RequestRate:     200,
		Keep:            50,
		LogFormat:       "text",
	}
}

// Check reports every mistake that no single setting shows.
func (r Run) Check() error {
	var errs []error
	fail := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if len(r.Command) == 0 && r.App == "" {
		fail("command", "no worker to run\nhint: put it behind two dashes: stanch run -- python app.py; or run stanch in the folder of a function app, where host.json is")
	}
	if r.App != "" && !r.Functions.Empty() {
		fail("functions", "%s has functions, and so has the function app %s\nhint: one or the other", r.Functions.File, r.App)
	}
	for key, address := range map[string]string{"listen": r.Listen, "admin": r.Admin} {
		if address == "" && key == "admin" {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil && !strings.HasPrefix(address, "unix:") {
			fail(key, "%v\nhint: write it like 127.0.0.1:8080, :8080 or unix:/run/stanch.sock", err)
		}
	}
	if r.Workers < 1 {
		fail("workers", "%d is less than 1", r.Workers)
	}
	if r.WorkerPort < 0 || r.WorkerPort > 65535 {
		fail("worker-port", "%d is no port", r.WorkerPort)
	}
	if r.WorkerPort > 0 && r.Workers > 1 {
		fail("workers", "%d workers can't share the fixed port %d\nhint: let each have its own: use {port} in the command instead of worker-port", r.Workers, r.WorkerPort)
	}
	if r.WorkerPort > 0 {
		if strings.Contains(strings.Join(r.Command, " "), "{socket}") {
			fail("worker-port", "the command has {socket}: it can't have both")
		}
		if _, port, err := net.SplitHostPort(r.Listen); err == nil && port == fmt.Sprint(r.WorkerPort) {
			fail("worker-port", "%d is the port that stanch itself listens on\nhint: give stanch the port that clients use and the worker another one", r.WorkerPort)
		}
	}
	for key, d := range map[string]time.Duration{
		"start-timeout": r.StartTime, "stop-grace": r.StopGrace, "drain-timeout": r.Drain,
		"queue-timeout": r.QueueTimeout, "header-timeout": r.HeaderTime, "idle-timeout": r.IdleTime,
		"stall-timeout": r.StallTime, "restart-backoff": r.RestartBackoff, "scan-interval": r.ScanInterval,
	} {
		if d <= 0 {
			fail(key, "%v is not above zero", d)
		}
	}
	for key, d := range map[string]time.Duration{"stream-drain": r.Streams, "shutdown-delay": r.Shutdown} {
		if d < 0 {
			fail(key, "%v is negative", d)
		}
	}
	if r.MemoryLimit != 0 && r.MemoryLimit < 16*bytesize.MiB {
		fail("memory-limit", "%v is less than 16MiB, which no worker fits in\nhint: write a unit: 256MiB, 2GiB", r.MemoryLimit)
	}
	if r.HeaderLimit < bytesize.KiB || r.HeaderLimit > 16*bytesize.MiB {
		fail("max-header-size", "%v is not between 1KiB and 16MiB", r.HeaderLimit)
	}
	if r.Retries < 0 || r.Keep < 1 {
		fail("retries, postmortem-keep", "%d and %d: the first must not be negative, the second at least 1", r.Retries, r.Keep)
	}
	if r.Lease < time.Second {
		fail("lease", "%v is less than a second", r.Lease)
	}
	if r.RetainAge < time.Hour {
		fail("telemetry-retain-age", "%v is less than an hour", r.RetainAge)
	}
	if r.RetainBytes < 16*bytesize.MiB {
		fail("telemetry-retain-bytes", "%v is less than 16MiB, which one file of a table may take", r.RetainBytes)
	}
	if r.RequestRate < 0 {
		fail("telemetry-request-rate", "%d is negative", r.RequestRate)
	}
	errs = append(errs, r.Bands.Check(), gate.Config{Concurrency: r.Concurrency, Queue: r.Queue}.Check())
	return errors.Join(errs...)
}

// Budget bounds how often something may happen; a Count of 0 is no bound.
type Budget struct {
	Count  int
	Window time.Duration
}
