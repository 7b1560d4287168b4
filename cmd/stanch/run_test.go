package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReplacementsUnderLoadLoseNothing(t *testing.T) {
	for name, args := range map[string][]string{
		"overlap": {"--workers", "2"},
		"swap":    {"--worker-port", "0"}, // set below
	} {
		t.Run(name, func(t *testing.T) {
			var s *stanch
			if name == "swap" {
				port := freePort(t)
				s = beginWith(t, t.TempDir(), nil, "--worker-port", port, "--", workerProgram, "--port", port)
			} else {
				s = begin(t, nil, args...)
			}
			s.await("worker_ready", "")
			load := s.storm(8, "/work")
			for i := range 8 {
				status, body, _, err := request(http.MethodPost, s.admin+"/replace", nil)
				if err != nil || status != 200 || !strings.Contains(body, `"how": "`+name+`"`) {
					t.Fatalf("replacement %d: %d %s %v, want 200 and how %s", i, status, body, err, name)
				}
			}
			load.check(t, 30)
			s.awaitCount(8, "replace_done")
			if list := s.reports(); len(list) != 0 {
				t.Errorf("orderly replacements left post-mortems: %v", list)
			}
		})
	}
}

func TestALeakIsReplacedAndNobodyNotices(t *testing.T) {
	s := begin(t, []string{"GROW_MBPS=25"}, "--memory-limit", "256MiB")
	s.await("worker_ready", "")
	load := s.storm(4, "/work")
	s.await("replace_done", "")
	load.check(t, 50)
	if n := s.count("frozen"); n != 0 {
		t.Errorf("%d freezes, want none: there was time", n)
	}
	if n := s.count("gate_shut"); n != 0 {
		t.Errorf("the gate was shut %d times, want never", n)
	}
}

func TestASpikeIsStoppedBeforeTheLimit(t *testing.T) {
	s := begin(t, nil, "--memory-limit", "256MiB")
	s.await("worker_ready", "")
	status, body, header, err := request(http.MethodPost, s.clients+"/spike?mb=2000&mbps=1024", strings.NewReader("body"))
	if err != nil || status != http.StatusBadGateway || !strings.Contains(body, "before it could reach its memory limit") {
		t.Errorf("POST /spike = %d %q %v, want 502 and the reason", status, body, err)
	}
	if got := header.Get("X-Stanch-Reason"); !strings.Contains(got, "memory limit") {
		t.Errorf("X-Stanch-Reason = %q, want it to name the limit", got)
	}
	s.await("postmortem_saved", "")
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work after it = %d, want 200: a successor serves", status)
	}
	list := s.reports()
	if len(list) != 1 || list[0].Cause != "frozen-at-limit" {
		t.Errorf("post-mortems: %v, want one with cause frozen-at-limit", list)
	}
}

func TestAStartThatRunsIntoTheLimitIsStopped(t *testing.T) {
	grow := "a = []\nwhile True: a.append(bytearray(1 << 20))"
	s := beginWith(t, t.TempDir(), nil, "--memory-limit", "128MiB", "--restart-backoff", "50ms", "--", "python3", "-c", grow)
	s.await("frozen", "")
	s.await("postmortem_saved", "")
	for _, report := range s.reports() {
		if report.Cause != "frozen-at-limit" {
			t.Errorf("post-mortem: %v, want cause frozen-at-limit", report)
		}
	}
}

func TestARequestThatFellsWorkersIsNotGivenToAllOfThem(t *testing.T) {
	s := begin(t, nil, "--memory-limit", "256MiB")
	s.await("worker_ready", "")
	if status, body, _ := s.get("/spike?mb=2000&mbps=1024"); status != http.StatusBadGateway {
		t.Errorf("GET /spike = %d %q, want 502", status, body)
	}
	s.awaitCount(2, "frozen")
	s.get("/work")
	if n := s.count("frozen"); n != 2 {
		t.Errorf("%d workers fell under one request, want 2: it is sent on once", n)
	}
}

func TestAWorkerThatDiesIsToldAndReplaced(t *testing.T) {
	s := begin(t, nil)
	s.await("worker_ready", "")
	status, _, _, err := request(http.MethodPost, s.clients+"/exit?code=3", strings.NewReader("x"))
	if err != nil || status != http.StatusBadGateway {
		t.Errorf("POST /exit = %d, %v; want 502", status, err)
	}
	died := s.await("worker_died", "exited with code 3")
	if !strings.Contains(died.Text, "certain") {
		t.Errorf("the death is told as %q, want it certain", died.Text)
	}
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work after it = %d, want 200", status)
	}
	s.await("postmortem_saved", "")
	if list := s.reports(); len(list) != 1 || list[0].Cause != "exited" {
		t.Errorf("post-mortems: %v, want one with cause exited", list)
	}
}

func TestASigkillOfAnUnknownHandIsNotBlamedOnTheKernel(t *testing.T) {
	s := begin(t, nil)
	s.await("worker_ready", "")
	var pid int
	started := s.await("worker_started", "")
	if _, err := fmt.Sscanf(started.Text, "Worker process started (pid %d", &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.await("worker_died", "exited with code 137")
	s.await("postmortem_saved", "")
	list := s.reports()
	if len(list) != 1 || !strings.HasSuffix(list[0].Cause, "-sigkill") {
		t.Errorf("post-mortems: %v, want one with cause foreign-sigkill or unknown-sigkill", list)
	}
}

func TestAWorkerThatNeverServes(t *testing.T) {
	for _, row := range []struct {
		name, env, cause, says string
		args                   []string
	}{
		{"never listens", "NEVER_READY=1", "never-ready", "not ready within 300ms", []string{"--start-timeout", "300ms"}},
		{"exits at once", "EXIT_AT_START=7", "never-ready", "code 7", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := begin(t, []string{row.env}, append(row.args, "--restart-budget", "3/10m", "--restart-backoff", "50ms", "--queue-timeout", "200ms")...)
			s.await("worker_died", row.says)
			s.await("alert", "Restart budget used up")
			if status, body := s.probe("/livez"); status != 503 || !strings.Contains(body, "did not stay") {
				t.Errorf("GET /livez = %d %q, want 503 and why", status, body)
			}
			if status, _ := s.probe("/readyz"); status != 503 {
				t.Errorf("GET /readyz = %d, want 503", status)
			}
			status, body, header := s.get("/work")
			if status != 503 || header.Get("Retry-After") == "" {
				t.Errorf("GET /work = %d %q, Retry-After %q; want 503 with one", status, body, header.Get("Retry-After"))
			}
			if list := s.reports(); len(list) == 0 || list[len(list)-1].Cause != row.cause {
				t.Errorf("post-mortems: %v, want cause %s", list, row.cause)
			}
		})
	}
}

// Some workers take connections before they find that they can't work.
func TestAWorkerThatDiesAsSoonAsItIsReadyIsNotStartedWithoutPause(t *testing.T) {
	s := beginWith(t, t.TempDir(), nil, "--", "sh", "-c", workerProgram+` --port $PORT & sleep 0.2; kill -9 $!; exit 4`)
	s.await("worker_starting", "in 200ms")
	s.await("worker_starting", "in 400ms")
}

func TestAProgramThatIsNotThere(t *testing.T) {
	s := beginWith(t, t.TempDir(), nil, "--", "no-such-program")
	e := s.await("worker_died", "was not found in PATH")
	if !strings.Contains(e.Text, "hint:") {
		t.Errorf("it says %q, want a hint", e.Text)
	}
}

func TestSigtermIsIgnoredForTheGraceOnly(t *testing.T) {
	s := begin(t, []string{"IGNORE_TERM=1"}, "--stop-grace", "100ms")
	s.await("worker_ready", "")
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	s.await("worker_stopped", "killed by SIGKILL")
}

func TestOrphansEndWithTheirWorker(t *testing.T) {
	s := begin(t, []string{"ORPHANS=2"})
	s.await("worker_ready", "")
	started := s.await("worker_started", "")
	var pid int
	if _, err := fmt.Sscanf(started.Text, "Worker process started (pid %d", &pid); err != nil {
		t.Fatal(err)
	}
	orphans := sleepersOf(t, s, 2)
	s.end(syscall.SIGTERM)
	for _, o := range append(orphans, pid) {
		if alive(o) {
			t.Errorf("process %d has outlived stanch", o)
		}
	}
}

// In a container stanch is PID 1: every orphan becomes its child.
func TestAsPid1ItReapsWhatOthersLeave(t *testing.T) {
	unshare, err := exec.LookPath("unshare")
	if err != nil || exec.Command(unshare, "--fork", "--pid", "--mount-proc", "true").Run() != nil {
		t.Skip("no process namespace can be made here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "stanch")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	// The orphans end by themselves, one after the other: somebody has to reap
	// them. The worker looks for zombies and says so.
	script := `for i in 1 2 3 4 5; do (sh -c 'exit 0' & exec sh -c 'exit 0') & done
while grep -lq '^State:.Z' /proc/[0-9]*/status 2>/dev/null || [ "$(pgrep -c -P 1)" -gt 1 ]; do :; done
echo no zombie is left; exec ` + workerProgram + ` --port $PORT`
	s := beginAs(t, exec.Command(unshare), []string{"unshare", "--fork", "--pid", "--mount-proc", program},
		t.TempDir(), nil, "--ready", "log:listening on", "--", "sh", "-c", script)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.pid, s.pid))
	if err != nil {
		t.Fatal(err)
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(string(children))); err != nil {
		t.Fatalf("unshare has the children %q, want one", children)
	}
	s.await("worker_ready", "")
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work = %d, want 200", status)
	}
}

func TestNothingOutlivesASigkillOfStanch(t *testing.T) {
	s := begin(t, []string{"ORPHANS=1"})
	s.await("worker_ready", "")
	started := s.await("worker_started", "")
	var pid int
	if _, err := fmt.Sscanf(started.Text, "Worker process started (pid %d", &pid); err != nil {
		t.Fatal(err)
	}
	pids := append(sleepersOf(t, s, 1), pid)
	handles := make([]int, len(pids))
	for i, p := range pids {
		var err error
		if handles[i], err = unix.PidfdOpen(p, 0); err != nil {
			t.Fatal(err)
		}
		defer unix.Close(handles[i])
	}
	go func() { _, _, _, _ = request(http.MethodGet, s.clients+"/slow?ms=60000", nil) }()
	s.awaitInFlight(1)
	s.end(syscall.SIGKILL)
	for i, h := range handles {
		fds := []unix.PollFd{{Fd: int32(h), Events: unix.POLLIN}}
		for {
			n, err := unix.Poll(fds, int(patience.Milliseconds()))
			if err == unix.EINTR {
				continue
			}
			if n != 1 {
				t.Errorf("process %d has outlived stanch", pids[i])
			}
			break
		}
	}
	// The next one tells of it, from what the flight recorder holds.
	next := beginWith(t, s.data, nil, "--", workerProgram, "--port", "{port}")
	next.await("worker_died", "An earlier stanch")
	next.await("postmortem_saved", "")
	list := next.reports()
	if len(list) != 1 || list[0].Cause != "stanch-died" {
		t.Fatalf("post-mortems: %v, want one with cause stanch-died", list)
	}
	text, err := os.ReadFile(filepath.Join(s.data, "postmortems", list[0].ID+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"/slow"`, "Worker process started", "listening on"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the post-mortem does not have %q", want)
		}
	}
}

func TestAWorkerThatClosesItsPortIsReplaced(t *testing.T) {
	s := begin(t, nil)
	s.await("worker_ready", "")
	if status, _, _ := s.get("/closeport"); status != 200 {
		t.Fatalf("GET /closeport = %d", status)
	}
	load := s.storm(4, "/work") // more than the connections that it still holds open
	s.await("replace_done", "")
	load.check(t, 4)
}

func TestGarbageIsNotPassedOn(t *testing.T) {
	s := begin(t, nil)
	s.await("worker_ready", "")
	status, _, header := s.get("/garbage")
	if status != http.StatusBadGateway || header.Get("X-Stanch-Reason") == "" {
		t.Errorf("GET /garbage = %d, reason %q; want 502 with one", status, header.Get("X-Stanch-Reason"))
	}
}

func TestAHangInTheMiddleOfABodyEnds(t *testing.T) {
	s := begin(t, nil, "--stall-timeout", "300ms")
	s.await("worker_ready", "")
	_, body, _, err := request(http.MethodGet, s.clients+"/hang", nil)
	if err == nil {
		t.Errorf("GET /hang = %d bytes and no error: a truncated body must not look whole", len(body))
	}
}

func TestAStopWaitsForWhatIsInFlight(t *testing.T) {
	s := begin(t, nil, "--shutdown-delay", "100ms")
	s.await("worker_ready", "")
	got := make(chan int, 1)
	go func() {
		status, _, _, err := request(http.MethodGet, s.clients+"/slow?ms=1500", nil)
		if err != nil {
			status = -1
		}
		got <- status
	}()
	s.awaitInFlight(1)
	if code := s.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if status := <-got; status != 200 {
		t.Errorf("the request in flight was answered %d, want 200", status)
	}
	s.await("worker_stopped", "exited with code 0")
}

func TestReadinessGoesBeforeTheDoorCloses(t *testing.T) {
	s := begin(t, nil, "--shutdown-delay", "30s")
	s.await("worker_ready", "")
	if status, body := s.probe("/readyz"); status != 200 {
		t.Fatalf("GET /readyz = %d %q, want 200", status, body)
	}
	if err := syscall.Kill(s.pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.await("host", "readiness is off")
	if status, _ := s.probe("/readyz"); status != 503 {
		t.Errorf("GET /readyz while it is to stop = %d, want 503", status)
	}
	if status, _ := s.probe("/livez"); status != 200 {
		t.Errorf("GET /livez while it is to stop = %d, want 200", status)
	}
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work while the orchestrator takes note = %d, want 200", status)
	}
}

func TestSighupTakesOverWhatMayChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stanch.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("memory-limit: 256MiB\n")
	s := begin(t, nil, "--config", file)
	s.await("worker_ready", "")
	s.await("limit_changed", "Memory limit 256MiB")
	write("memory-limit: 512MiB\nworkers: 3\n")
	if err := syscall.Kill(s.pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await("host", "memory-limit 256MiB -> 512MiB")
	s.await("host", "need a restart: workers 1 -> 3")
	s.await("limit_changed", "Memory limit changed to 512MiB")
	write("memory-limit: 512 parsecs\n")
	if err := syscall.Kill(s.pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.await("host", "not reloaded, all stays as it was")
}

func TestSignalModeLeavesTheRestartToTheOrchestrator(t *testing.T) {
	s := begin(t, []string{"WORKER_UNHEALTHY_MEMORY_USAGE_BYTES=104857600"}, "--on-unhealthy", "signal",
		"--memory-limit", "512MiB", "--degraded", "30%", "--critical", "40%") // room for two fills, one not collected yet
	s.await("worker_ready", "")
	if status, _ := s.probe("/healthz"); status != 200 {
		t.Fatalf("GET /healthz = %d, want 200", status)
	}
	s.get("/fill?mb=120")
	s.awaitProbe("/healthz", 503)
	s.awaitProbe("/readyz", 503)
	if status, _ := s.probe("/livez"); status != 200 {
		t.Errorf("GET /livez = %d, want 200: load does not touch it", status)
	}
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work = %d, want 200: what still comes is served", status)
	}
	s.get("/fill?mb=230")
	s.await("gate_shut", "")
	status, _, header := s.get("/work")
	if status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("GET /work in the critical band = %d, Retry-After %q; want 503 with one", status, header.Get("Retry-After"))
	}
	if status, _ := s.probe("/livez"); status != 200 {
		t.Errorf("GET /livez = %d, want 200", status)
	}
	if n := s.count("replace_started"); n != 0 {
		t.Errorf("%d replacements, want none", n)
	}
}

func TestAWorkerThatGivesMemoryBackIsLeftAlone(t *testing.T) {
	s := begin(t, nil, "--memory-limit", "512MiB", "--cleanup-url", "/free", "--degraded", "40%", "--critical", "80%")
	s.await("worker_ready", "")
	s.get("/fill?mb=250")
	s.await("cleanup_asked", "")
	s.await("cleanup_done", ": useful") // the first may come in the middle of the fill, and be useless
	s.await("band_changed", "from degraded to healthy")
	if n := s.count("replace_started"); n != 0 {
		t.Errorf("%d replacements, want none: what was asked for was given", n)
	}
}

func TestAUselessReplacementStopsTheCarousel(t *testing.T) {
	// Each successor fills itself to the critical band by itself.
	s := begin(t, []string{"GROW_MBPS=300", "LEAK_STOP_MB=226"}, "--memory-limit", "256MiB")
	s.await("alert", "did not help")
	n := s.count("replace_started")
	for deadline := time.Now().Add(patience); ; { // the last one fills itself first
		if status, _, _ := s.get("/work"); status == 503 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("GET /work is never refused, though memory stays critical")
		}
	}
	if got := s.count("replace_started"); got != n {
		t.Errorf("%d replacements after the alert, want none", got-n)
	}
}

func TestASocketServesAsWellAsAPort(t *testing.T) {
	s := beginWith(t, t.TempDir(), nil, "--", workerProgram, "--socket", "{socket}")
	s.await("worker_ready", "")
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work = %d, want 200", status)
	}
	if status, body, _, err := request(http.MethodPost, s.admin+"/replace", nil); err != nil || status != 200 {
		t.Errorf("POST /replace = %d %s %v", status, body, err)
	}
}

func TestReadinessByPathAndByLine(t *testing.T) {
	for _, ready := range []string{"http:/healthz", "log:listening on"} {
		s := begin(t, []string{"START_MS=200"}, "--ready", ready)
		s.await("worker_ready", "")
		if status, _, _ := s.get("/work"); status != 200 {
			t.Errorf("--ready %s: GET /work = %d, want 200", ready, status)
		}
	}
}

func TestAnEventStreamIsEndedAfterItsDrainTime(t *testing.T) {
	s := begin(t, nil, "--stream-drain", "200ms")
	s.await("worker_ready", "")
	answer, err := http.Get(s.clients + "/sse?n=100000&ms=10")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() {
		t.Fatal("no event came")
	}
	status, body, _, err := request(http.MethodPost, s.admin+"/replace", nil)
	if err != nil || status != 200 {
		t.Errorf("POST /replace = %d %s %v", status, body, err)
	}
	for lines.Scan() { // ends when the old worker's streams do
	}
}

func TestAFullDiskCostsTheRecorderNotTheWorker(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	s := beginWith(t, dir, nil, "--", workerProgram, "--port", "{port}")
	s.await("worker_ready", "")
	s.await("host", "kept in memory only")
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work = %d, want 200", status)
	}
	if status, _, _, _ := request(http.MethodPost, s.clients+"/exit?code=3", nil); status != http.StatusBadGateway {
		t.Errorf("POST /exit = %d, want 502", status)
	}
	if status, _, _ := s.get("/work"); status != 200 {
		t.Errorf("GET /work after a death = %d, want 200", status)
	}
}

func TestChangesAreTakenFromThisMachineOnly(t *testing.T) {
	s := begin(t, nil)
	s.await("worker_ready", "")
	req, err := http.NewRequest(http.MethodPost, s.admin+"/replace", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://evil.example")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("POST /replace from a page = %d, want 403", answer.StatusCode)
	}
}

func TestMetricsTellOfEverything(t *testing.T) {
	s := begin(t, nil, "--memory-limit", "256MiB")
	s.await("worker_ready", "")
	s.get("/work")
	status, body := s.probe("/metrics")
	if status != 200 {
		t.Fatalf("GET /metrics = %d", status)
	}
	for _, want := range []string{
		"stanch_memory_used_bytes{", "stanch_memory_limit_bytes 2.68435456e+08", "stanch_memory_band 0", "stanch_ready 1",
		`stanch_worker_rss_bytes{worker="w1"}`, `stanch_requests_total{class="2xx"}`, "stanch_self_rss_bytes",
		"stanch_request_duration_seconds_bucket", `stanch_events_total{kind="worker_ready"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("GET /metrics does not have %s", want)
		}
	}
}

func (s *stanch) awaitInFlight(n int) {
	s.t.Helper()
	want := fmt.Sprintf(`"in_flight": %d,`, n)
	for deadline := time.Now().Add(patience); ; {
		if _, body := s.probe("/status"); strings.Contains(body, want) {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("never were %d requests in flight", n)
		}
	}
}

func (s *stanch) awaitProbe(path string, want int) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if status, _ := s.probe(path); status == want {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("GET %s never answered %d", path, want)
		}
	}
}

// sleepersOf finds the n orphans of stanch's worker by their mark. It waits for
// them: who is between fork and exec has no name yet.
func sleepersOf(t *testing.T, s *stanch, n int) (pids []int) {
	t.Helper()
	mark := fmt.Sprintf("STANCH_HOST=%d-", s.cmd.Process.Pid)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		entries, err := os.ReadDir("/proc")
		if err != nil {
			t.Fatal(err)
		}
		pids = nil
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil {
				continue
			}
			env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			if strings.Contains(string(env), mark) && strings.TrimSpace(string(name)) == "sleep" {
				pids = append(pids, pid)
			}
		}
		if len(pids) == n {
			return pids
		}
		if time.Now().After(end) {
			t.Fatalf("found the orphans %v, want %d", pids, n)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	port, err := freePortBelow()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}
