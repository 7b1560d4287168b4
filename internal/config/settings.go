package config

// Setting is one entry of the configuration: the flag --Name, the key Name of
// stanch.yaml, and the variable that [Setting.Variable] names.
type Setting struct {
	Name  string
	Usage string
	Group string
	Live  bool // taken over by SIGHUP; the others need a restart
	Value func(*Run) Value
}

// The groups, in the order of the help text.
const (
	GroupServe     = "Requests"
	GroupWorker    = "The worker"
	GroupMemory    = "Memory"
	GroupFunctions = "Functions"
	GroupTelemetry = "Telemetry"
	GroupLife      = "Life"
)

// Groups are all of them.
func Groups() []string {
	return []string{GroupServe, GroupWorker, GroupMemory, GroupFunctions, GroupTelemetry, GroupLife}
}

// Settings is the one list of all settings. The order is that of the help
// text; "preset" stands before the levels that refine it.
func Settings() []Setting {
	return []Setting{
		{"listen", "address for clients: host:port or unix:/path", GroupServe, false, func(r *Run) Value { return text(&r.Listen) }},
		{"admin", "address for probes, metrics and status; \"\" for none", GroupServe, false, func(r *Run) Value { return text(&r.Admin) }},
		{"max-concurrency", "requests given to the workers at once; 0 for no cap", GroupServe, true, func(r *Run) Value { return number(&r.Concurrency) }},
		{"max-queue", "requests that may wait for a worker; more are refused", GroupServe, true, func(r *Run) Value { return number(&r.Queue) }},
		{"queue-timeout", "longest wait for a worker before a request is refused", GroupServe, true, func(r *Run) Value { return duration(&r.QueueTimeout) }},
		{"max-header-size", "largest request head", GroupServe, false, func(r *Run) Value { return size(&r.HeaderLimit) }},
		{"header-timeout", "longest for a client to send a request head", GroupServe, false, func(r *Run) Value { return duration(&r.HeaderTime) }},
		{"idle-timeout", "longest idle time of a client's connection", GroupServe, false, func(r *Run) Value { return duration(&r.IdleTime) }},
		{"stall-timeout", "longest without a byte either way in an exchange; not for upgraded connections and event streams", GroupServe, false, func(r *Run) Value { return duration(&r.StallTime) }},
		{"retries", "times that a request which no worker has started is tried on another", GroupServe, false, func(r *Run) Value { return number(&r.Retries) }},

		{"workers", "workers side by side", GroupWorker, false, func(r *Run) Value { return number(&r.Workers) }},
		{"worker-port", "fixed port of the worker, where it can't be told {port} or $PORT: no overlap then, the queue is held", GroupWorker, false, func(r *Run) Value { return number(&r.WorkerPort) }},
		{"ready", "when a worker is ready: its socket accepts, a path answers 2xx, a line of output has the text", GroupWorker, false, func(r *Run) Value { return ready(&r.Ready) }},
		{"start-timeout", "longest until a worker is ready", GroupWorker, true, func(r *Run) Value { return duration(&r.StartTime) }},
		{"stop-grace", "from SIGTERM to SIGKILL", GroupWorker, true, func(r *Run) Value { return duration(&r.StopGrace) }},
		{"drain-timeout", "longest wait for the requests in flight before a worker is stopped", GroupWorker, true, func(r *Run) Value { return duration(&r.Drain) }},
		{"stream-drain", "of that, what WebSockets and event streams get before they are ended", GroupWorker, true, func(r *Run) Value { return duration(&r.Streams) }},
		{"restart-budget", "starts after a crash before stanch reports itself dead", GroupWorker, true, func(r *Run) Value { return budget(&r.RestartBudget) }},
		{"restart-backoff", "longest pause between two starts", GroupWorker, true, func(r *Run) Value { return duration(&r.RestartBackoff) }},
		{"allocator-tuning", "set MALLOC_ARENA_MAX, MALLOC_TRIM_THRESHOLD_ and GOMEMLIMIT for the worker, where it has none", GroupWorker, true, func(r *Run) Value { return toggle(&r.AllocatorTuning) }},

		{"memory-limit", "what the workers may use together (default: the container's limit)", GroupMemory, true, func(r *Run) Value { return size(&r.MemoryLimit) }},
		{"preset", "bands of a well-known plan", GroupMemory, true, func(r *Run) Value { return preset(&r.Bands) }},
		{"degraded", "where the degraded band begins: 75% or 1.5GiB", GroupMemory, true, func(r *Run) Value { return level(&r.Bands.Degraded) }},
		{"critical", "where the critical band begins", GroupMemory, true, func(r *Run) Value { return level(&r.Bands.Critical) }},
		{"emergency", "where the emergency band begins", GroupMemory, true, func(r *Run) Value { return level(&r.Bands.Emergency) }},
		{"band-gap", "how far below its level a band is left", GroupMemory, true, func(r *Run) Value { return percent(&r.Bands.Gap) }},
		{"band-dwell", "how long memory stays there before", GroupMemory, true, func(r *Run) Value { return duration(&r.Bands.Dwell) }},
		{"on-unhealthy", "replace a worker that is too full, only signal it to the orchestrator, or only watch: judge and tell, and touch nothing", GroupMemory, true, func(r *Run) Value { return mode(&r.OnUnhealthy) }},
		{"leak-replace", "replace a worker that is found to leak at a calm moment, long before its limit, or never", GroupMemory, true, func(r *Run) Value { return choice(&r.LeakReplace, "calm", "never") }},
		{"unhealthy-memory", "a worker that uses more is unhealthy (also WORKER_UNHEALTHY_MEMORY_USAGE_BYTES)", GroupMemory, true, func(r *Run) Value { return size(&r.Unhealthy) }},
		{"cgroup", "give the workers cgroups of their own where that is allowed", GroupMemory, false, func(r *Run) Value { return toggle(&r.Cgroup) }},
		{"cleanup-signal", "sent to a worker that should give memory back", GroupMemory, true, func(r *Run) Value { return signal(&r.CleanupSignal) }},
		{"cleanup-url", "path (or URL) asked by POST for the same", GroupMemory, true, func(r *Run) Value { return text(&r.CleanupURL) }},
		{"heap-metrics", "path of the worker's Prometheus endpoint, to tell the managed heap", GroupMemory, false, func(r *Run) Value { return text(&r.HeapMetrics) }},
		{"replace-budget", "replacements for memory before they stop", GroupMemory, true, func(r *Run) Value { return budget(&r.ReplaceBudget) }},

		{"app", "folder of a function app, with host.json (default: this folder, if it is one and there is no command)", GroupFunctions, false, func(r *Run) Value { return text(&r.App) }},
		{"store", "where work is kept that no connection of the app says: file:DIR, nats:DIR, nats://HOST, a connection string, or the name of a variable that has one of them (default: work below data)", GroupFunctions, false, func(r *Run) Value { return text(&r.Store) }},
		{"admission", "give work to a worker only as far as its memory goes; shadow only tells what would have waited", GroupFunctions, true, func(r *Run) Value { return choice(&r.Admission, "on", "shadow", "off") }},
		{"compat", "azure: encode for custom handlers as Azure's host does, oddities included", GroupFunctions, false, func(r *Run) Value { return choice(&r.Compat, "none", "azure") }},
		{"queue-encoding", "of messages in Azure's queues, for functions of stanch.yaml (host.json says it for others)", GroupFunctions, false, func(r *Run) Value { return choice(&r.Encoding, "base64", "none") }},
		{"lease", "how long a message is leased; it is renewed at half of it", GroupFunctions, false, func(r *Run) Value { return duration(&r.Lease) }},
		{"scan-interval", "pause between two listings of a blob trigger's container", GroupFunctions, false, func(r *Run) Value { return duration(&r.ScanInterval) }},
		{"language-worker", "directory of Azure's language worker (default: where Azure's base images have it)", GroupFunctions, false, func(r *Run) Value { return text(&r.LanguageWorker) }},
		{"function-key", "key that callers of HTTP functions must bring whose authLevel is not anonymous; empty: none is asked for", GroupFunctions, false, func(r *Run) Value { return secret(&r.FunctionKey) }},

		{"telemetry", "record requests, log lines, counters and events in tables; ask them with stanch query", GroupTelemetry, false, func(r *Run) Value { return toggle(&r.Telemetry) }},
		{"telemetry-dir", "directory of the tables (default: telemetry below data)", GroupTelemetry, false, func(r *Run) Value { return text(&r.TelemetryDir) }},
		{"telemetry-retain-age", "how long rows are kept", GroupTelemetry, false, func(r *Run) Value { return duration(&r.RetainAge) }},
		{"telemetry-retain-bytes", "how much disk the tables may take; the oldest rows go first", GroupTelemetry, false, func(r *Run) Value { return size(&r.RetainBytes) }},
		{"telemetry-request-rate", "rows a second for requests; above it they are sampled, and itemCount says how many a row stands for; 0 for all", GroupTelemetry, false, func(r *Run) Value { return number(&r.RequestRate) }},
		{"role-name", "cloud_RoleName and AppName of all rows (default: the worker program's name)", GroupTelemetry, false, func(r *Run) Value { return text(&r.RoleName) }},
		{"egress", "a forward proxy for the workers' outgoing calls, on 127.0.0.1, told to them as HTTP_PROXY and HTTPS_PROXY; each call is a row of dependencies", GroupTelemetry, false, func(r *Run) Value { return toggle(&r.Egress) }},

		{"shutdown-delay", "on SIGTERM: from readiness off until new requests are refused", GroupLife, true, func(r *Run) Value { return duration(&r.Shutdown) }},
		{"data", "directory of the flight recorder and the post-mortems", GroupLife, false, func(r *Run) Value { return text(&r.Data) }},
		{"postmortem-keep", "post-mortems kept", GroupLife, true, func(r *Run) Value { return number(&r.Keep) }},
		{"log-format", "stanch's own lines on stderr", GroupLife, false, func(r *Run) Value { return choice(&r.LogFormat, "text", "json") }},
	}
}
