package guard

import (
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/memory"
	"github.com/stanch-dev/stanch/internal/supervisor/dispatch"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
	"github.com/stanch-dev/stanch/internal/supervisor/worker"
)

// listen is a worker that takes connections and does nothing else.
const listen = `
import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(3600)
`

func TestOnlyWhoServesAndLivesIsFollowed(t *testing.T) {
	host, err := process.NewHost(process.HostConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { host.Close() })
	nursery := worker.NewNursery(worker.Plan{
		Command: []string{"python3", "-c", listen, "{port}"}, StartTime: time.Minute,
	}, host, nil, func(string, process.Stream, []byte) {})
	g := New(Config{Workers: 2}, Parts{Dispatch: dispatch.New(dispatch.Config{}), Nursery: nursery})
	var r memory.Reading
	start := func(post int, state State) *tenure {
		t.Helper()
		w, err := nursery.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			w.Kill("the test is over")
			<-w.Done()
			w.Release()
		})
		if err := w.AwaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		of := &tenure{worker: w, post: g.posts[post], state: state, desk: g.parts.Dispatch.Add(w.ID, w.Upstream), image: "1"}
		g.tenures[w.ID] = of
		r.Workers = append(r.Workers, memory.Worker{ID: w.ID, Tree: memory.Tree{Processes: 1, Anon: 5}})
		return of
	}
	check := func(why string, want ...string) {
		t.Helper()
		r.At = time.Now()
		got := map[string]int{}
		for _, s := range g.seats(&r) {
			got[s.worker] = s.post
			if s.age <= 0 || s.age > time.Minute || s.memory.Tree.Anon != 5 || s.image != "1" {
				t.Errorf("%s: the seat %+v, want its age, memory and image", why, s)
			}
		}
		for _, id := range want {
			if post, ok := got[id]; !ok || g.tenures[id].post.index != post {
				t.Errorf("%s: seats %v, want %s on its post", why, got, id)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: seats %v, want %v", why, got, want)
		}
	}
	first := start(0, Serving)
	other := start(1, Serving)
	check("one worker a post", "w1", "w2")
	next := start(0, Starting)
	check("a successor that starts is not yet", "w1", "w2")
	next.state = Serving
	check("for a moment two serve on a post: the younger counts", "w3", "w2")
	first.state = Draining
	check("the old one drains", "w3", "w2")
	next.frozen = true
	check("one is frozen, and about to be killed", "w2")
	other.worker.Kill("to see it dead")
	<-other.worker.Done()
	check("one has died and nobody has buried it yet: what it holds no more is no fall")
	next.frozen = false
	r.Workers[2].Tree.Processes = 0
	check("none of its processes could be read")
}
