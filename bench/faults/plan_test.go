package faults_test

import (
	"math/rand/v2"
	"strings"
)

// The steps of a delivery, in order. Those of the store are seen by a proxy only.
var (
	handlerSteps = []string{"leased", "input", "working", "noted", "answered"}
	storeSteps   = []string{"leasing", "out", "outed", "settle", "settled"}
)

// plan is what is put into the queue, and which faults happen beside it.
type plan struct {
	jobs    []job
	leasing map[int]bool // the handlers, counted as they start, with which their stanch is killed while it leases
}

// want counts the faults, of a run with so many starts of handlers.
func (p *plan) want(starts int) map[string]int {
	all := map[string]int{}
	for _, j := range p.jobs {
		if j.Fault != "" {
			all[j.Fault]++
		}
	}
	for start := range p.leasing {
		if start <= starts {
			all["stanch@leasing"]++
		}
	}
	return all
}

// kinds are the faults of one round, as victim@step.
func kinds(proxied bool) (all []string) {
	for _, victim := range []string{"stanch", "worker", "store"} {
		for _, step := range handlerSteps {
			all = append(all, victim+"@"+step)
		}
		if proxied {
			for _, step := range storeSteps {
				all = append(all, victim+"@"+step)
			}
		} else if victim == "stanch" {
			all = append(all, "stanch@answered", "stanch@answered", "stanch@answered")
		}
	}
	if proxied {
		all = append(all, "429@leased", "503@noted", "half@leased", "dropped@noted", "down@noted")
	}
	return append(all, "freeze@working", "hang@working", "stop@working", "down@working")
}

// newPlan spreads rounds of each so many of the faults over n messages, beside
// poison.
func newPlan(seed uint64, n, rounds, each int, proxied bool) *plan {
	r := rand.New(rand.NewPCG(seed, seed))
	p := &plan{leasing: map[int]bool{}}
	var special []job
	for range rounds {
		for i, kind := range kinds(proxied) {
			if i%each == 0 {
				special = append(special, job{Fault: kind})
			}
		}
	}
	for range rounds {
		special = append(special, job{Do: "fail"}, job{Do: "die"}, job{Do: "fail"})
		for {
			if start := 2 + r.IntN(4*rounds); !p.leasing[start] {
				p.leasing[start] = true
				break
			}
		}
	}
	r.Shuffle(len(special), func(i, k int) { special[i], special[k] = special[k], special[i] })
	p.jobs = make([]job, n)
	// Spread evenly, so that neighbours of one fault are done before the next; the
	// last stretch is left without.
	stride := n * 9 / 10 / len(special)
	for i, j := range special {
		p.jobs[i*stride+r.IntN(max(stride/2, 1))] = j
	}
	numbered(p.jobs)
	return p
}

// numbered gives the messages their numbers, and some of them what makes them
// larger.
func numbered(jobs []job) []job {
	for i := range jobs {
		j := &jobs[i]
		j.N = i
		if strings.HasSuffix(j.Fault, "@input") || i%20 == 0 {
			j.Blob = "a.bin"
		} else {
			j.Blob = "none" // which is not there: the handler is given nothing
		}
		if i%50 == 0 {
			j.Pad = strings.Repeat("x", 10_000)
		}
	}
	return jobs
}
