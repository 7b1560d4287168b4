// Package logline reads a worker's output: what level a line has, what it says, and which lines belong together.
//
// Every runtime writes its logs in another way, and its stack traces over many
// lines. A [Joiner] takes the lines of one stream one by one and hands out
// records: a traceback, chained or not, is one record with the log line that
// announced it, not thirty. What the lines look like decides, no setting does;
// a line that looks like nothing known is a record of its own.
//
// The rules. Nothing is lost: what is no time, level, logger or process number
// stays in the message. Memory is bounded: a record has at most 64 KiB, of which
// the beginning and the end are kept, and what is left out between them is
// counted. Time is an argument. Secrets are the caller's business.
//
// Known are: Python's logging in its usual formats, uvicorn, gunicorn; JSON of
// pino, winston, bunyan, zap, zerolog, slog, structlog, Serilog, .NET, logstash;
// logfmt and slog's text; klog and glog; .NET's console; log4j, logback, Spring;
// java.util.logging; Serilog's console; Rust's env_logger and tracing; Ruby's
// Logger; nginx; Azure Functions' host. Begin with [Joiner.Line]; [Parse] reads
// a single line.
package logline

// Level is how serious a record is, in the order of Azure's LevelId.
type Level int8

// The levels; Unknown is what a line that does not say has.
const (
	Unknown     Level = -1
	Trace       Level = 0
	Debug       Level = 1
	Information Level = 2
	Warning     Level = 3
	Error       Level = 4
	Critical    Level = 5
)

var levelNames = [...]string{"Trace", "Debug", "Information", "Warning", "Error", "Critical"}

// String is the level's name in FunctionAppLogs.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return "Unknown"
	}
	return levelNames[l]
}

// Severity is the severityLevel of Application Insights: 0 for verbose to 4.
func (l Level) Severity() int64 {
	return int64(max(l-1, 0))
}

// Line is what one line says. Its slices belong to the line, or, where they had
// to be put together, to the scratch that [Parse] was given.
type Line struct {
	Level    Level // Unknown where it does not say
	Message  []byte
	Category []byte // the logger
	EventID  int64  // .NET's event number

	Function   []byte // of Azure Functions' host: whose execution it tells of
	Invocation []byte

	ErrorType    []byte // of a structured error
	ErrorMessage []byte
	Stack        []byte // of a structured error, its lines separated by LF

	Headed bool // a time, a level or a logger was recognised
	Whole  bool // a structured line: nothing can follow that belongs to it
	Two    bool // the message stands in the next lines, indented (.NET's console)
}
