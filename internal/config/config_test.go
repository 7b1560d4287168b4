package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/memory/band"
)

func TestAFileSaysAllThatFlagsSay(t *testing.T) {
	cfg := config.Default()
	err := cfg.Parse("stanch.yaml", []byte(`
# a comment
command: [gunicorn, -b, "127.0.0.1:{port}", app:app]
listen: 127.0.0.1:8000
memory-limit: 256MiB
degraded: 60%
preset: ep1        # refined by degraded, though it stands after it
ready: http:/healthz
workers: 2
drain-timeout: 1m
on-unhealthy: signal
cleanup-signal: usr2
restart-budget: 5/1m
cgroup: off
`))
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Command = []string{"gunicorn", "-b", "127.0.0.1:{port}", "app:app"}
	want.Listen = "127.0.0.1:8000"
	want.MemoryLimit = 256 * bytesize.MiB
	want.Bands = band.Presets()["ep1"]
	want.Bands.Degraded = band.Level{Percent: 60}
	want.Ready = config.Ready{Kind: config.ReadyHTTP, Arg: "/healthz"}
	want.Workers = 2
	want.Drain = time.Minute
	want.OnUnhealthy = band.Signal
	want.CleanupSignal = syscall.SIGUSR2
	want.RestartBudget = config.Budget{Count: 5, Window: time.Minute}
	want.Cgroup = false
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestEveryMistakeOfAFileIsNamedWithItsLine(t *testing.T) {
	cfg := config.Default()
	err := cfg.Parse("stanch.yaml", []byte(`listen: :8080
memory-limt: 256MiB
drain-timeout: 30
memory-limit: 256 parsecs
workers: many
workers: 2
ready: [tcp]
admin:
command: python app.py
`))
	if err == nil {
		t.Fatal("Parse of a file full of mistakes = nil")
	}
	for _, want := range []string{
		"stanch.yaml:2: unknown key memory-limt\nhint: did you mean memory-limit?",
		`stanch.yaml:3: drain-timeout: "30" is not a duration; write it with a unit`,
		`stanch.yaml:4: memory-limit: size "256 parsecs" has the unknown unit`,
		`stanch.yaml:5: workers: "many" is not a whole number`,
		"stanch.yaml:6: workers is given twice, first in line 5",
		"stanch.yaml:7: ready: expected one value, found sequence",
		"stanch.yaml:8: admin has no value",
		"stanch.yaml:9: command: expected a list, found string\nhint: command: [python, app.py]",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Parse says\n%v\nwant it to say\n%s", err, want)
		}
	}
}

func TestMistakesOfFunctionsAreToldWithTheOthers(t *testing.T) {
	cfg := config.Default()
	err := cfg.Parse("stanch.yaml", []byte("workers: many\nfunctoins: {}\nfunctions:\n  resize:\n    queue: Jobs\n    pth: /x\n"))
	for _, want := range []string{
		`stanch.yaml:1: workers: "many" is not a whole number`,
		"stanch.yaml:2: unknown key functoins\nhint: did you mean functions?",
		`stanch.yaml:5:12: queue: queue name "Jobs" has 'J' at 1`,
		"stanch.yaml:6:5: function resize has no key \"pth\"\nhint: did you mean path?",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse says\n%v\nwant it to say\n%s", err, want)
		}
	}
	cfg = config.Default()
	if err := cfg.Parse("stanch.yaml", []byte("command: [true]\napp: .\nfunctions:\n  resize:\n    queue: jobs\n")); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), "functions: stanch.yaml has functions, and so has the function app .") {
		t.Errorf("Check of both kinds of functions = %v, want one or the other", err)
	}
}

func TestFilesThatAreNoConfiguration(t *testing.T) {
	for _, row := range []struct{ source, want string }{
		{"- a\n- b\n", "expected keys and values, found sequence"},
		{"just text", "expected keys and values, found string"},
		{"{", "stanch.yaml"},
		{"a: b: c", "stanch.yaml"},
		{"\x00\x01\x02", "stanch.yaml"},
	} {
		cfg := config.Default()
		if err := cfg.Parse("stanch.yaml", []byte(row.source)); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("Parse(%q) = %v, want it to say %q", row.source, err, row.want)
		}
	}
	for _, empty := range []string{"", "# nothing\n", "---\n", "workers: 1\n"} {
		cfg := config.Default()
		if err := cfg.Parse("stanch.yaml", []byte(empty)); err != nil {
			t.Errorf("Parse(%q) = %v, want nil", empty, err)
		}
		if diff := cmp.Diff(config.Default(), cfg); diff != "" {
			t.Errorf("Parse(%q) changes the defaults:\n%s", empty, diff)
		}
	}
	path := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(path, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	if err := cfg.File(path); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("File of 2 MiB = %v, want it to be too large", err)
	}
}

func TestVariables(t *testing.T) {
	cfg := config.Default()
	err := cfg.Environment([]string{
		"HOME=/root", "STANCH_MEMORY_LIMIT=1GiB", "STANCH_LISTEN=:81", "STANCH_WORKER=w7", "STANCH_CONFIG=x.yaml",
		"WORKER_UNHEALTHY_MEMORY_USAGE_BYTES=104857600",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.MemoryLimit, want.Listen, want.Unhealthy = bytesize.GiB, ":81", 100*bytesize.MiB
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("Environment (-want +got):\n%s", diff)
	}
	if err := cfg.Environment([]string{"STANCH_WORKER=w1", "STANCH_HOST=1.2"}); err != nil {
		t.Errorf("Environment with the marks of a worker: %v", err)
	}
	err = cfg.Environment([]string{"STANCH_MEMORY_LIMITS=1GiB", "STANCH_WORKERS=x", "WORKER_UNHEALTHY_MEMORY_USAGE_BYTES=lots"})
	for _, want := range []string{
		"unknown variable STANCH_MEMORY_LIMITS\nhint: did you mean memory-limit?",
		`STANCH_WORKERS: "x" is not a whole number`,
		"WORKER_UNHEALTHY_MEMORY_USAGE_BYTES: size",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Environment = %v, want it to say %q", err, want)
		}
	}
}

func TestEverySettingReadsWhatItPrints(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if seen[s.Name] {
			t.Errorf("setting %s is listed twice", s.Name)
		}
		seen[s.Name] = true
		cfg := config.Default()
		v := s.Value(&cfg)
		if v.String() == "" {
			continue // unset
		}
		if err := v.Set(v.String()); err != nil {
			t.Errorf("setting %s does not read its own default %q: %v", s.Name, v, err)
		}
		if diff := cmp.Diff(config.Default(), cfg); diff != "" {
			t.Errorf("setting %s changes when it reads its own default:\n%s", s.Name, diff)
		}
	}
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	cfg := config.Default()
	cfg.Listen, cfg.Workers, cfg.WorkerPort, cfg.Drain, cfg.MemoryLimit, cfg.Queue = "8080", 2, 8080, 0, 256, -1
	err := cfg.Check()
	if err == nil {
		t.Fatal("Check = nil")
	}
	for _, want := range []string{
		"command: no worker to run", "listen: address 8080: missing port", "can't share the fixed port 8080",
		"drain-timeout: 0s is not above zero", "memory-limit: 256B is less than 16MiB", "max-queue -1",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Check says\n%v\nwant it to say %q", err, want)
		}
	}
	cfg = config.Default()
	cfg.Command = []string{"true"}
	if err := cfg.Check(); err != nil {
		t.Errorf("Check of the defaults = %v", err)
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	f.Add("listen: :80\nworkers: 3\n")
	f.Add("command: [a, b]\n? x\n: y")
	f.Add("functions:\n  a: {queue: jobs, in: {x: \"blob a/b\"}}\n")
	f.Fuzz(func(t *testing.T, source string) {
		cfg := config.Default()
		if cfg.Parse("f.yaml", []byte(source)) == nil {
			again := config.Default()
			if err := again.Parse("f.yaml", []byte(source)); err != nil || !cmp.Equal(cfg, again) {
				t.Fatalf("the same source gives two configurations (%v)", err)
			}
		}
	})
}
