package faults_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// body is the message's text.
func (j job) body() []byte {
	text, err := json.Marshal(j)
	if err != nil {
		panic(err) // of numbers and texts there is none
	}
	return text
}

// fate is what became of a message, as the handlers' notes have it.
type fate struct {
	got, done, failed int
	broken            int // deliveries that no answer ended
	deaths            int // of these, with a worker that died by itself or was killed
}

// outcome is what was noted, put out and given up.
type outcome struct {
	fates  []fate
	out    []int // outputs of each message
	poison []int
}

// readNotes reads what all handlers have noted.
func (r *run) readNotes() []fate {
	r.t.Helper()
	fates := make([]fate, len(r.plan.jobs))
	files, err := filepath.Glob(filepath.Join(r.notes, "*"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, path := range files {
		pid, _, _ := strings.Cut(filepath.Base(path), "-")
		open, killed := map[int]int{}, r.killed[pid]
		f, err := os.Open(path)
		if err != nil {
			r.t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			word, number, _ := strings.Cut(lines.Text(), " ")
			n, err := strconv.Atoi(number)
			if err != nil || n >= len(fates) {
				r.t.Fatalf("%s has the line %q", path, lines.Text())
			}
			switch word {
			case "got":
				fates[n].got++
				open[n]++
			case "done":
				fates[n].done++
			case "failed":
				fates[n].failed++
				open[n]--
			case "end", "hung":
				open[n]--
			case "dying":
				killed = true
			}
		}
		f.Close()
		for n, count := range open {
			if count > 0 {
				fates[n].broken += count
				if killed {
					fates[n].deaths += count
				}
			}
		}
	}
	return fates
}

// drain counts what is in a queue by message, leased ones not.
func (r *run) drain(name string, number func(body []byte) (int, error)) []int {
	r.t.Helper()
	counts := make([]int, len(r.plan.jobs))
	for {
		all, err := r.store.Queues.Lease(r.t.Context(), name, queue.Ask{Max: queue.MaxLease, Hold: time.Hour})
		if err != nil && !errors.Is(err, work.ErrAbsent) {
			r.t.Fatalf("read queue %s: %v", name, err)
		}
		if len(all) == 0 {
			return counts
		}
		for _, l := range all {
			n, err := number(l.Message().Body)
			if err != nil || n < 0 || n >= len(counts) {
				r.t.Fatalf("queue %s holds %q", name, l.Message().Body)
			}
			counts[n]++
		}
	}
}

func (r *run) outcome() outcome {
	return outcome{
		r.readNotes(),
		r.drain("out", func(b []byte) (int, error) { return strconv.Atoi(string(b)) }),
		r.drain("jobs-poison", func(b []byte) (int, error) {
			var j job
			err := json.Unmarshal(b, &j)
			return j.N, err
		}),
	}
}

// sum are the figures of a run.
type sum struct {
	completed, poison                 int
	lost                              int // neither completed nor poison
	duplicates, outputs, mostOften    int
	beforeOut, beforeSettle, afterAll int // where kills after the answer fell
	bystanders                        []string
	complaints                        []string // what is not as promised
}

// check holds every message to the promise.
func check(jobs []job, o outcome) (s sum) {
	complain := func(what, about string) { s.complaints = append(s.complaints, what+": "+about) }
	for n, j := range jobs {
		f, out, poison := o.fates[n], o.out[n], o.poison[n]
		bad := j.Do != ""
		if f.done > 0 {
			s.completed++
			s.duplicates += f.done - 1
			s.mostOften = max(s.mostOften, f.done)
		}
		s.outputs += max(out-1, 0)
		if poison > 0 {
			s.poison++
			s.duplicates += poison - 1
		}
		about := fmt.Sprintf("message %d (%s%s): got %d times, done %d, failed %d, broken %d, workers that died with it %d, outputs %d, poison %d",
			n, j.Do, j.Fault, f.got, f.done, f.failed, f.broken, f.deaths, out, poison)
		switch {
		case f.done == 0 && poison == 0:
			s.lost++
			complain("LOST: neither completed nor poison", about)
		case bad && (poison == 0 || f.done > 0):
			complain("it was made poisonous, and is not poison", about)
		case !bad && poison > 0 && f.deaths >= 2:
			s.bystanders = append(s.bystanders, about) // the rule is: who was there when two workers died
		case !bad && poison > 0:
			complain("INNOCENT, and poison", about)
		case !bad && out == 0:
			complain("OUTPUT LOST: settled without its output", about)
		}
		if strings.HasPrefix(j.Fault, "stanch@answered") {
			switch {
			case f.done > out:
				s.beforeOut++
			case f.done > 1:
				s.beforeSettle++
			default:
				s.afterAll++
			}
		}
	}
	return s
}
