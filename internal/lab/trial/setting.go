package trial

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
)

// ownSettings are taken from no variable: what a lab's subject is set to, its file says.
const ownSettings = "STANCH_"

// keptSettings are of the machine and not of an experiment.
var keptSettings = map[string]bool{"STANCH_LANGUAGE_WORKER": true}

// arguments are those of `stanch run`.
func (s *stage) arguments(listen, admin string) []string {
	t := s.t
	args := []string{
		"run", "--listen", listen, "--admin", admin, "--log-format", "json", "--data", s.scratch,
		"--telemetry-dir", t.sink.Telemetry(), "--telemetry-request-rate", "0",
		"--telemetry-retain-age", "87600h", "--telemetry-retain-bytes", "1TiB",
		"--shutdown-delay", "0s", "--drain-timeout", "10s", "--stop-grace", "5s",
		"--restart-budget", "100000/1m", "--restart-backoff", "2s",
		"--role-name", t.e.Name,
	}
	if t.e.Subject.Guard == lab.Bare {
		args = append(args, "--on-unhealthy", "watch", "--leak-replace", "never", "--memory-limit", strconv.FormatInt(int64(t.limit.Memory), 10), "--admission", "off", "--allocator-tuning=false")
	}
	if t.e.Collect.Calls && t.variant.Contract == lab.HTTP {
		args = append(args, "--egress=true")
	}
	if t.store.text != "" {
		args = append(args, "--scan-interval", "1s")
	}
	if len(t.variant.Command) > 0 {
		return append(append(args, "--"), t.variant.Command...)
	}
	return args
}

// environment is the lab's own, less stanch's settings, and what the variant and its
// dependencies add.
func (s *stage) environment() []string {
	t := s.t
	var env []string
	for _, pair := range t.cfg.Environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, ownSettings) || keptSettings[name] {
			env = append(env, pair)
		}
	}
	add := func(name, value string) { env = append(env, name+"="+value) }
	if t.store.text != "" {
		add("AzureWebJobsStorage", t.store.text)
		add("STANCH_STORE", t.store.text)
	}
	if t.variant.Contract == lab.Functions {
		// Variants are one app: what one has done is not for the next to do again.
		add("AzureFunctionsWebHost__hostid", t.e.Name)
	}
	if n := t.variant.Settings.Batch; n > 0 {
		add("BLOB_BATCH_SIZE", strconv.Itoa(n))
	}
	if n := t.variant.Settings.Parallel; n > 0 {
		add("MAX_CONCURRENT_INVOCATIONS", strconv.Itoa(n))
	}
	for _, name := range slices.Sorted(maps.Keys(t.variant.Env)) {
		add(name, t.variant.Env[name])
	}
	for _, name := range slices.Sorted(maps.Keys(t.ill.env)) {
		add(name, t.ill.env[name])
	}
	return env
}
