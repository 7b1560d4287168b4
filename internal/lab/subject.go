package lab

import (
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// Subject is the worker in its variants, and what bounds it.
type Subject struct {
	Variants []Variant // in the order of the file; at least one
	Services []Service // dependencies that it brings along, in the order of the file
	Start    string    // the variant that runs first, where no comparison names it
	Runtime  Runtime
	Guard    Guard
	Store    Store
	Limit    Limit
	Settle   Settle
}

// Variant is one form of the worker.
type Variant struct {
	Name     string
	Dir      string            // where it is started, below the experiment's folder, with slashes
	Command  []string          // empty: what the folder says (host.json, stanch.yaml)
	Env      map[string]string // beside the environment that the lab runs in; values may be secrets
	Contract Contract
	Settings Settings
	Limit    Limit // what is zero in it is as in the subject
}

// Service is a dependency of the worker that the experiment brings along: it is started
// before the worker, outside of its memory limit.
type Service struct {
	Name    string
	Dir     string   // as of a variant
	Command []string // {port} is the port of 127.0.0.1 that it is to listen on
	Env     map[string]string
	Setting string // the worker's variable that gets its address, as http://HOST:PORT
}

// Settings are what a function host is set to for a variant. Zero is what the folder
// says.
type Settings struct {
	Batch    int // messages that are leased at once
	Parallel int // calls at once
}

// Limit bounds a worker's memory, in two ways that fail in two ways.
type Limit struct {
	Memory     bytesize.Size // of the worker's group: the kernel kills what goes over it, exit code 137
	Allocation bytesize.Size // of a process's data: an allocation beyond it fails, which Python calls MemoryError; 0 is none
}

// Runtime is who manages the worker's heap.
type Runtime string

// The runtimes.
const (
	AnyRuntime    Runtime = "auto" // found out
	GoRuntime     Runtime = "go"
	DotnetRuntime Runtime = "dotnet"
	JVMRuntime    Runtime = "jvm"
	NodeRuntime   Runtime = "node"
	PythonRuntime Runtime = "python"
	NativeRuntime Runtime = "native" // nobody: memory is freed by hand
)

// Guard says whether stanch's guard keeps the worker from its limit.
type Guard string

// The guards.
const (
	Bare    Guard = "bare" // nobody does: the incident happens
	Guarded Guard = "on"
)

// Contract is how work is handed to a worker.
type Contract string

// The contracts.
const (
	HTTP      Contract = "http"      // requests, as they come
	Functions Contract = "functions" // a function app, fed from stores
)

// Store is where queues and blobs of an experiment lie.
type Store string

// The stores.
const (
	NoStore   Store = "none"
	FileStore Store = "file"    // a folder of the run
	Azurite   Store = "azurite" // Azure's own emulator, started for the run
)

// Settle is what is waited for before a rest is over: memory that has come to rest.
type Settle struct {
	Collect bool          // have the worker collect its garbage first, where it can
	Idle    time.Duration // the least wait; it is the same at every speed, since no collector is faster for it
}

// Collect is what is kept beside the requests.
type Collect struct {
	Every time.Duration // between two samples of memory; the same at every speed
	Logs  bytesize.Size // what is kept of the worker's lines at most
	Calls bool          // a row for each call of a dependency
}
