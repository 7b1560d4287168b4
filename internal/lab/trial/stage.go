package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/telemetry"
)

// stage is one variant behind a stanch of its own.
type stage struct {
	t       *Trial
	url     string // for clients
	admin   string
	process *process.Process
	begun   chan struct{} // closed when process is set
	scratch string
	lines   *lines

	mu      sync.Mutex
	last    []string       // lines for people, to say why it ended
	deaths  int            // of workers so far
	workers map[string]int // pid by the name that stanch gives
}

func newStage(t *Trial) (*stage, error) {
	s := &stage{t: t, begun: make(chan struct{}), workers: map[string]int{}}
	ports := map[int]bool{}
	var addresses []string
	for range 2 {
		port, err := process.FreePort(func(p int) bool { return ports[p] })
		if err != nil {
			return nil, fmt.Errorf("find a port for stanch: %w", err)
		}
		ports[port] = true
		addresses = append(addresses, "127.0.0.1:"+strconv.Itoa(port))
	}
	s.url, s.admin = "http://"+addresses[0], "http://"+addresses[1]
	var err error
	if s.scratch, err = os.MkdirTemp(t.cfg.Scratch, "stage-"); err != nil {
		return nil, fmt.Errorf("make a directory for stanch: %w", err)
	}
	if s.lines, err = openLines(t.sink.Log(), int64(t.e.Collect.Logs)); err != nil {
		return nil, err
	}
	s.process, err = t.cfg.Host.Start(process.Spec{
		Name: "lab", Args: append([]string{t.cfg.Program}, s.arguments(addresses[0], addresses[1])...),
		Env: s.environment(), Dir: filepath.Join(t.cfg.Folder, filepath.FromSlash(t.variant.Dir)),
		Output: s.line, Fork: t.group.group.Fork, Add: t.group.group.Add,
	})
	close(s.begun)
	if err != nil {
		s.lines.close()
		return nil, fmt.Errorf("start stanch in front of %s: %w", t.variant.Name, err)
	}
	return s, nil
}

// said is a line of stanch's own, with --log-format json.
type said struct {
	Time   time.Time      `json:"time"`
	Kind   telemetry.Kind `json:"kind"`
	Worker string         `json:"worker"`
	Text   string         `json:"text"`
}

var (
	startedText = regexp.MustCompile(`\(pid (\d+), ([^)]+)\)`)
	exitedText  = regexp.MustCompile(`exited with code (\d+)`)
)

// line is one of stanch's or of the worker's.
func (s *stage) line(stream process.Stream, line []byte) {
	var event said
	if stream == process.Stdout || len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &event) != nil || event.Kind == "" || event.Time.IsZero() {
		s.lines.write(line)
		s.remember(string(line))
		return
	}
	s.remember(event.Text)
	<-s.begun
	if err := s.t.group.adopt(s.process.PID()); err != nil {
		s.t.note("%v", err)
	}
	switch event.Kind {
	case telemetry.WorkerStarted:
		if m := startedText.FindStringSubmatch(event.Text); m != nil {
			pid, _ := strconv.Atoi(m[1])
			s.started(event, pid, m[2])
		}
	case telemetry.WorkerDied, telemetry.WorkerStopped:
		s.mu.Lock()
		s.deaths++
		s.mu.Unlock()
		s.exited(event)
	case telemetry.Frozen, telemetry.BandChanged, telemetry.ReplaceStarted, telemetry.ReplaceDone, telemetry.LeakChanged:
		s.t.tell(event.Time, lab.Event{Kind: lab.EventNote, Text: event.Text})
	}
}

func (s *stage) started(event said, pid int, address string) {
	s.mu.Lock()
	s.workers[event.Worker] = pid
	s.mu.Unlock()
	generation := s.t.sampler.track(event.Worker, pid, address)
	if err := s.t.group.confine([]int{pid}); err != nil {
		s.t.note("%v", err)
	}
	s.t.tell(event.Time, lab.Event{Kind: lab.EventStarted, Text: event.Text, Generation: generation})
}

func (s *stage) exited(event said) {
	s.mu.Lock()
	_, known := s.workers[event.Worker]
	delete(s.workers, event.Worker)
	s.mu.Unlock()
	if !known {
		return
	}
	generation := s.t.sampler.untrack(event.Worker)
	exit := lab.Event{Kind: lab.EventExited, Text: event.Text, Generation: generation}
	if m := exitedText.FindStringSubmatch(event.Text); m != nil {
		exit.Code, _ = strconv.Atoi(m[1])
	}
	s.t.tell(event.Time, exit)
}

// remember keeps the last lines.
func (s *stage) remember(text string) {
	const most = 12
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last = append(s.last, text); len(s.last) > most {
		s.last = s.last[1:]
	}
}

// pids are the workers' first processes.
func (s *stage) pids() (all []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pid := range s.workers {
		all = append(all, pid)
	}
	return all
}

// mostStarts is how often a worker may die before it has taken any work. What is wrong
// with its command will not get better.
const mostStarts = 3

// stillborn says that a worker died that often.
func (s *stage) stillborn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deaths >= mostStarts
}

// startTime is the longest until a worker takes work.
const startTime = 90 * time.Second

// ready waits until the worker takes work.
func (s *stage) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.process.Done():
			return s.ended()
		case <-ctx.Done():
			if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return broken("variant %s was not ready within %v%s", s.t.variant.Name, startTime, s.tail())
		case <-tick.C:
			if s.ask(ctx, http.MethodGet, "/readyz", nil) == nil {
				return nil
			}
			if s.stillborn() {
				return broken("variant %s died %d times before it took any work%s", s.t.variant.Name, mostStarts, s.tail())
			}
		}
	}
}

// ended says how the stanch in front of a variant has ended.
func (s *stage) ended() error {
	return broken("variant %s: stanch in front of it %s%s", s.t.variant.Name, s.process.Exit().Status, s.tail())
}

// tail is the last lines, as the end of a message.
func (s *stage) tail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) == 0 {
		return ", and printed nothing"
	}
	return "; its last lines:\n  " + strings.Join(s.last, "\n  ")
}

// ask asks stanch at its admin address; a nil target drops the answer.
func (s *stage) ask(ctx context.Context, method, path string, target any) error {
	q, err := http.NewRequestWithContext(ctx, method, s.admin+path, nil)
	if err != nil {
		return err
	}
	answer, err := adminClient.Do(q)
	if err != nil {
		return fmt.Errorf("ask stanch: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, strings.TrimSpace(string(text)))
	}
	if target == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(io.LimitReader(answer.Body, 16<<20)).Decode(target)
}

// adminClient asks often, and keeps its connection.
var adminClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 2, IdleConnTimeout: 5 * time.Second}}

// stopTime is the longest from SIGTERM to the end of stanch and its worker.
const stopTime = 20 * time.Second

// stop lets it drain, and ends it.
func (s *stage) stop() {
	_ = s.process.Signal(unix.SIGTERM)
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case <-s.process.Done():
	case <-timer.C:
		s.process.Kill("it did not stop")
		<-s.process.Done()
	}
	s.mu.Lock()
	left := slices.Sorted(maps.Keys(s.workers))
	s.mu.Unlock()
	for _, name := range left {
		s.exited(said{Time: time.Now(), Worker: name, Text: "ended with the stanch in front of it"})
	}
	s.lines.close()
	_ = os.RemoveAll(s.scratch)
}
