package gauge_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/memory/gauge"
)

const mib = 1 << 20

// A proc is a /proc made by hand, in which processes live as a test says.
type proc struct {
	t   *testing.T
	dir string
	// listed is whether the kernel lists children.
	listed   bool
	children map[int][]int
	last     int
}

func newProc(t *testing.T, listed bool) *proc {
	p := &proc{t: t, dir: t.TempDir(), listed: listed, children: map[int][]int{}}
	p.process(1, 0, 1, 1, 0)
	p.process(os.Getpid(), 1, os.Getpid(), 5, 3)
	p.write("self/statm", "1000 512 12 0 0 0 0\n")
	p.write("pressure/memory", "some avg10=2.50 avg60=0.00 avg300=0.00 total=1000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=10\n")
	return p
}

func (p *proc) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// process is born with so many MiB of anonymous memory and 1 MiB of files.
func (p *proc) process(pid, parent, group, session, anon int) {
	p.t.Helper()
	p.last++
	pages := os.Getpagesize()
	p.write(fmt.Sprintf("%d/stat", pid), fmt.Sprintf(
		"%d (a) b) S %d %d %d 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", pid, parent, group, session, 1000+p.last))
	p.write(fmt.Sprintf("%d/statm", pid), fmt.Sprintf("99999 %d %d 0 0 0 0\n", (anon+1)*mib/pages, mib/pages))
	p.write(fmt.Sprintf("%d/smaps_rollup", pid), fmt.Sprintf(
		"Pss: %d kB\nPss_Anon: %d kB\nPrivate_Clean: 1024 kB\nPrivate_Dirty: %d kB\nAnonymous: %d kB\n", anon<<10, anon<<10, anon<<10, anon<<10))
	for fd := range 3 {
		p.write(fmt.Sprintf("%d/fd/%d", pid, fd), "")
	}
	p.write("loadavg", fmt.Sprintf("0.00 0.00 0.00 1/99 %d\n", p.last))
	p.children[parent] = append(p.children[parent], pid)
	p.list()
}

// adopt hands a process on to another parent.
func (p *proc) end(pid int, heir int) {
	p.t.Helper()
	if err := os.RemoveAll(filepath.Join(p.dir, fmt.Sprint(pid))); err != nil {
		p.t.Fatal(err)
	}
	orphans := p.children[pid]
	delete(p.children, pid)
	for parent, pids := range p.children {
		var left []int
		for _, q := range pids {
			if q != pid {
				left = append(left, q)
			}
		}
		p.children[parent] = left
	}
	p.children[heir] = append(p.children[heir], orphans...)
	for _, q := range orphans {
		path := filepath.Join(p.dir, fmt.Sprint(q), "stat")
		b, err := os.ReadFile(path)
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(fmt.Sprintf("%d/stat", q), strings.Replace(string(b), fmt.Sprintf("S %d ", pid), fmt.Sprintf("S %d ", heir), 1))
	}
	p.list()
}

func (p *proc) list() {
	entries, err := filepath.Glob(filepath.Join(p.dir, "[0-9]*"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range entries {
		pid := filepath.Base(e)
		var text string
		var n int
		fmt.Sscan(pid, &n)
		for _, c := range p.children[n] {
			text += fmt.Sprint(c, " ")
		}
		if p.listed {
			p.write(pid+"/task/"+pid+"/children", text)
		}
	}
}

func (p *proc) gauge(c gauge.Config) *gauge.Gauge {
	p.t.Helper()
	c.Proc = p.dir
	g, err := gauge.New(c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(g.Close)
	return g
}

func look(t *testing.T, g *gauge.Gauge) memory.Reading {
	t.Helper()
	g.Look(t.Context())
	var r memory.Reading
	g.Read(time.Now(), &r)
	return r
}

// anon is what a worker's tree holds, in MiB, and how many processes it has.
func anon(t *testing.T, g *gauge.Gauge, id string) (mibs, processes int) {
	t.Helper()
	r := look(t, g)
	w := r.Worker(id)
	if w == nil {
		t.Fatalf("no worker %s in %+v", id, r)
	}
	return int(w.Tree.Anon / mib), w.Tree.Processes
}

const (
	workerPid, childPid, grandchildPid = 400, 401, 402
	orphanPid, strangerPid             = 403, 404
)

func TestATreeIsAProcessAndAllThatDescendsFromIt(t *testing.T) {
	for _, listed := range []bool{true, false} {
		t.Run(fmt.Sprintf("children listed %v", listed), func(t *testing.T) {
			p := newProc(t, listed)
			p.process(workerPid, os.Getpid(), workerPid, 5, 10)
			p.process(childPid, workerPid, workerPid, 5, 20)
			p.process(grandchildPid, childPid, grandchildPid, grandchildPid, 30)
			p.process(strangerPid, 1, strangerPid, strangerPid, 500)
			g := p.gauge(gauge.Config{})
			g.Track("w", workerPid, nil)
			if got, n := anon(t, g, "w"); got != 60 || n != 3 {
				t.Errorf("a tree of 10, 20 and 30 MiB reads %d MiB in %d processes", got, n)
			}
			r := look(t, g)
			if w := r.Worker("w"); w.PID != workerPid || w.Tree.RSS != 63*mib || w.Tree.PSS != 60*mib || w.Tree.Private != 63*mib || w.Tree.Beside != 3*mib || w.Tree.Threads != 3 || w.Tree.FDs != 9 || w.Tree.SlowAt.IsZero() {
				t.Errorf("Read() = %+v", w)
			}
			if r.Self != 512*int64(os.Getpagesize()) || !r.Pressure.Known || r.Pressure.SomeAvg10 != 2.5 {
				t.Errorf("self %d, pressure %+v; want 512 pages and 2.5 %%", r.Self, r.Pressure)
			}
			if r.Used != 60*mib || r.Limit != memory.Unlimited || r.Decided != memory.FromTree {
				t.Errorf("used %d of %d by %s, want the tree's 60 MiB of nothing", r.Used, r.Limit, r.Decided)
			}
			if got := g.Problems(); len(got) != 0 {
				t.Errorf("Problems() = %q, want none", got)
			}
		})
	}
}

func TestAProcessWhoseParentDiedStillCounts(t *testing.T) {
	for _, listed := range []bool{true, false} {
		for _, row := range []struct {
			reason        string
			seen          bool // a walk saw the orphan while its parent lived
			group         int
			session, heir int
			want          int
		}{
			{"known from a walk before, in a group and session of its own", true, orphanPid, orphanPid, 1, 50},
			{"never seen before, in the worker's process group", false, workerPid, 5, 1, 50},
			{"never seen before, in the worker's session", false, orphanPid, workerPid, 1, 50},
			{"handed to this process as its subreaper, in the dead parent's group", false, childPid, childPid, os.Getpid(), 50},
			{"never seen before, in a group and session of its own, handed to pid 1: can't be told from a stranger", false, orphanPid, orphanPid, 1, 10},
			{"handed to this process, and the head of a group: may be a worker that is about to be tracked", false, orphanPid, orphanPid, os.Getpid(), 10},
			{"in our own group and session, which tell nothing", false, os.Getpid(), 5, 1, 10},
		} {
			t.Run(fmt.Sprintf("%s, children listed %v", row.reason, listed), func(t *testing.T) {
				p := newProc(t, listed)
				session := 5
				if row.session == workerPid {
					session = workerPid
				}
				p.process(workerPid, os.Getpid(), workerPid, session, 10)
				p.process(strangerPid, 1, strangerPid, strangerPid, 500)
				g := p.gauge(gauge.Config{})
				g.Track("w", workerPid, nil)
				anon(t, g, "w")
				p.process(childPid, workerPid, childPid, childPid, 5)
				p.process(orphanPid, childPid, row.group, row.session, 40)
				if row.seen {
					if got, _ := anon(t, g, "w"); got != 55 {
						t.Fatalf("before its parent died the tree holds %d MiB, want 55", got)
					}
				}
				p.end(childPid, row.heir)
				if got, _ := anon(t, g, "w"); got != row.want {
					t.Errorf("the tree holds %d MiB, want %d", got, row.want)
				}
			})
		}
	}
}

func TestTwoWorkersEachKeepTheirOwnOrphans(t *testing.T) {
	p := newProc(t, true)
	const second = 410
	p.process(workerPid, os.Getpid(), workerPid, 5, 10)
	p.process(second, os.Getpid(), second, 5, 20)
	p.process(orphanPid, 1, second, 5, 40)
	p.process(strangerPid, os.Getpid(), childPid, 5, 80) // ours by adoption, and nobody knows whose it was
	g := p.gauge(gauge.Config{})
	g.Track("a", workerPid, nil)
	g.Track("b", second, nil)
	if got, _ := anon(t, g, "a"); got != 10 {
		t.Errorf("a holds %d MiB, want 10", got)
	}
	if got, _ := anon(t, g, "b"); got != 60 {
		t.Errorf("b holds %d MiB, want 60", got)
	}
}

func TestAPidThatChangedHandsIsAnotherProcess(t *testing.T) {
	p := newProc(t, true)
	p.process(workerPid, os.Getpid(), workerPid, 5, 10)
	p.process(childPid, workerPid, workerPid, 5, 20)
	g := p.gauge(gauge.Config{})
	g.Track("w", workerPid, nil)
	if got, _ := anon(t, g, "w"); got != 30 {
		t.Fatalf("the tree holds %d MiB, want 30", got)
	}
	p.end(childPid, 1)
	p.process(childPid, 1, childPid, childPid, 700)
	if got, n := anon(t, g, "w"); got != 10 || n != 1 {
		t.Errorf("after the child's pid went to a stranger the tree holds %d MiB in %d processes, want 10 in 1", got, n)
	}
	p.end(workerPid, 1)
	p.process(workerPid, 1, workerPid, workerPid, 800)
	if got, n := anon(t, g, "w"); got != 0 || n != 0 {
		t.Errorf("after the worker's pid went to a stranger the tree holds %d MiB in %d processes, want none", got, n)
	}
	g.Track("late", 999, nil)
	p.process(999, 1, 999, 999, 900)
	if got, _ := anon(t, g, "late"); got != 0 {
		t.Errorf("a worker that was gone when it was tracked reads %d MiB from the next owner of its pid", got)
	}
}

func TestHostileProcFilesAreProblemsAndNoFigures(t *testing.T) {
	p := newProc(t, true)
	p.process(workerPid, os.Getpid(), workerPid, 5, 10)
	g := p.gauge(gauge.Config{})
	g.Track("w", workerPid, nil)
	for name, text := range map[string]string{
		"400/statm": "99999999999999999999 1 1\n", "self/statm": "x\n", "pressure/memory": "some\n",
		"400/task/400/children": "401 -7 x 99999999999999999999 ", "400/smaps_rollup": "Pss: -4 kB\n",
	} {
		p.write(name, text)
	}
	r := look(t, g)
	if w := r.Worker("w"); w.Tree.Anon != 0 || w.Tree.PSS != 0 || r.Self != 0 || r.Pressure.Known {
		t.Errorf("Read() = %+v, want no figure", r)
	}
	text := strings.Join(g.Problems(), "\n")
	for _, want := range []string{"self/statm", "pressure/memory"} {
		if !strings.Contains(text, want) {
			t.Errorf("Problems() = %q, want one on %s", text, want)
		}
	}
	p.write("self/statm", "1000 512 12 0 0 0 0\n")
	look(t, g)
	if text := strings.Join(g.Problems(), "\n"); strings.Contains(text, "self/statm") {
		t.Errorf("Problems() = %q once self/statm is right again", text)
	}
}
