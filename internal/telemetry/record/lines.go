package record

import (
	"sync"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/logline"
)

// streams are the outputs of all workers.
type streams struct {
	mu  sync.Mutex
	all map[source]*stream

	// Guarded by Recorder.write.
	records int
	leftOut int64 // log records that got no row
}

type source struct {
	worker string
	stderr bool
}

// stream is one output of one worker.
type stream struct {
	mu     sync.Mutex
	joiner *logline.Joiner
	take   func(*logline.Record)
	last   time.Time
}

// quiet is after how long without a line a stream is forgotten.
const quiet = time.Minute

func (s *streams) init() { s.all = map[source]*stream{} }

func (s *streams) of(r *Recorder, from source) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.all[from]
	if st == nil {
		st = &stream{joiner: logline.NewJoiner(from.stderr), last: time.Now()}
		st.take = func(l *logline.Record) { r.log(from, l) }
		s.all[from] = st
	}
	return st
}

// Line takes a line that a worker has printed, without its end, which is only
// read during the call. Lines of one stream come from one goroutine.
func (r *Recorder) Line(worker string, stderr bool, line []byte) {
	from, now := source{worker, stderr}, time.Now()
	st := r.streams.of(r, from)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.last = now
	st.joiner.Line(now, line, st.take)
}

// flush hands out what waited for long enough, and forgets streams that are
// over.
func (s *streams) flush(now time.Time) {
	s.each(func(st *stream) (forget bool) {
		waits := st.joiner.Flush(now, st.take)
		return !waits && now.Sub(st.last) > quiet
	})
}

func (s *streams) end() {
	s.each(func(st *stream) bool {
		st.joiner.End(st.take)
		return true
	})
}

func (s *streams) each(visit func(*stream) (forget bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for from, st := range s.all {
		st.mu.Lock()
		if visit(st) {
			delete(s.all, from)
		}
		st.mu.Unlock()
	}
}

// admit counts a log record, and says whether it gets a row.
func (s *streams) admit(l *logline.Record) bool {
	room := LogRate
	if l.Level >= logline.Warning {
		room += LogRate / 4
	}
	if s.records >= room {
		s.leftOut++
		return false
	}
	s.records++
	return true
}

// told says what was left out of the last second, and begins the next.
func (s *streams) told(r *Recorder, now time.Time) {
	r.write.Lock()
	leftOut := s.leftOut
	s.records, s.leftOut = 0, 0
	r.write.Unlock()
	if leftOut > 0 {
		r.note(now, severityWarning, "The workers printed more lines than there are rows for: some log records are not in FunctionAppLogs",
			telemetry.Amount("records", float64(leftOut)), telemetry.Amount("recordsPerSecond", LogRate))
	}
}

// log writes the row of one log record, and one more where it tells of an error.
func (r *Recorder) log(from source, l *logline.Record) {
	r.write.Lock()
	defer r.write.Unlock()
	if !r.streams.admit(l) {
		return
	}
	message := redact(l.Message)
	r.appLog(from.worker, l, message)
	e := l.Exception
	if e == nil {
		return
	}
	r.exception(&fault{
		at: l.At, weight: 1, kind: e.Type, message: e.Message, inner: e.Inner, reason: e.Reason, method: e.Method, handled: e.Handled,
		severity: max(l.Level.Severity(), severityWarning), stack: message, worker: from.worker, category: l.Category,
	})
}

// appLog writes a log record into FunctionAppLogs.
func (r *Recorder) appLog(worker string, l *logline.Record, message []byte) {
	w, at := &r.row, ticks(l.At)
	w.begin("TimeGenerated", at)
	w.text("Level", l.Level.String())
	w.text("FunctionName", string(l.Function))
	w.name("Message")
	w.b = value.AppendQuoted(w.b, message)
	w.text("AppName", r.cfg.Role)
	w.secretive("Category", l.Category)
	if l.EventID != 0 {
		w.long("EventId", l.EventID)
	}
	if e := l.Exception; e != nil {
		w.text("ExceptionType", e.Type)
		w.secretive("ExceptionMessage", []byte(e.Message))
	}
	w.text("FunctionInvocationId", string(l.Invocation))
	w.text("HostInstanceId", r.names.host)
	w.text("HostVersion", r.cfg.Version)
	w.long("LevelId", int64(l.Level))
	if pid := r.names.pid(worker); pid != 0 {
		w.long("ProcessId", pid)
	}
	w.text("RoleInstance", r.instance(worker))
	w.text("Type", "FunctionAppLogs")
	r.put("FunctionAppLogs", at)
}
