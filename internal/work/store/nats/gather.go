package nats

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// gather lets Puts that come at the same time share one write to the disk. An
// embedded server that is durable syncs each message, and the disk does that a
// few thousand times a second; a batch it syncs once. Who comes first puts its
// message at once, whoever comes meanwhile waits for it, and the first of those
// puts what has gathered.
type gather struct {
	store *Store
	name  string

	mu      sync.Mutex
	waiting []*posting
	led     bool
}

// posting is one message on its way.
type posting struct {
	body []byte
	turn chan bool // true: put what has gathered; false: it was put
	seq  uint64
	err  error
}

const (
	batchMost  = 500     // messages; the server takes 1000
	batchBytes = 4 << 20 // after which no further message joins
	batchWorth = 4       // messages for which a batch, which costs three syncs, is no slower than one by one
)

func (s *Store) gatherer(name string) *gather {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.open[name]
	if g == nil {
		g = &gather{store: s, name: name}
		s.open[name] = g
	}
	return g
}

// put returns when the server has the message, or won't have it.
func (g *gather) put(ctx context.Context, body []byte) (uint64, error) {
	p := &posting{body: body, turn: make(chan bool, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, p)
	lead := !g.led
	g.led = true
	g.mu.Unlock()
	if !lead {
		select {
		case lead = <-p.turn:
		case <-ctx.Done():
			if g.withdraw(p) {
				return 0, context.Cause(ctx)
			}
			lead = <-p.turn
		}
	}
	if lead {
		g.round(context.WithoutCancel(ctx)) // it carries others' messages too, and has a bound of its own
	}
	return p.seq, p.err
}

// withdraw takes a message back that is not on its way yet.
func (g *gather) withdraw(p *posting) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, p)
	if i < 0 || len(p.turn) > 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// round puts what has gathered, the leader's message first, and names the next
// leader.
func (g *gather) round(ctx context.Context) {
	g.mu.Lock()
	n, size := 0, 0
	for n < min(len(g.waiting), batchMost) && (n == 0 || size < batchBytes) {
		size += len(g.waiting[n].body)
		n++
	}
	batch := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	g.mu.Unlock()
	g.send(ctx, batch)
	g.mu.Lock()
	if g.led = len(g.waiting) > 0; g.led {
		g.waiting[0].turn <- true
	}
	g.mu.Unlock()
	for _, p := range batch[1:] {
		p.turn <- false
	}
}

func (g *gather) send(ctx context.Context, batch []*posting) {
	if len(batch) >= batchWorth && g.together(ctx, batch) {
		return
	}
	var group sync.WaitGroup
	for _, p := range batch {
		group.Go(func() {
			p.seq, p.err = g.store.publish(ctx, g.store.queueStream(g.name), &nats.Msg{Subject: subjectPrefix + g.name, Data: p.body}, "")
		})
	}
	group.Wait()
}

// together puts a batch that is stored whole or not at all. It says no if the
// server refused it, so that nothing of it is stored.
func (g *gather) together(ctx context.Context, batch []*posting) bool {
	s, id := g.store, nuid.Next()
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	err := s.ensure(ctx, s.queueStream(g.name))
	var last acked
	for i, p := range batch {
		if err != nil {
			break
		}
		m := &nats.Msg{Subject: subjectPrefix + g.name, Data: p.body, Header: nats.Header{
			"Nats-Batch-Id": {id}, "Nats-Batch-Sequence": {strconv.Itoa(i + 1)},
		}}
		if i < len(batch)-1 {
			err = s.conn.PublishMsg(m)
			continue
		}
		m.Header.Set("Nats-Batch-Commit", "1")
		var reply *nats.Msg
		if reply, err = s.conn.RequestMsgWithContext(ctx, m); err == nil {
			last, err = parseAck(reply)
		}
	}
	if errors.As(err, new(*jetstream.APIError)) || unsent(err) {
		return false
	}
	for i, p := range batch {
		if p.err = fault(err); err == nil {
			p.seq = last.Seq - uint64(len(batch)-1-i)
		}
	}
	return true
}
