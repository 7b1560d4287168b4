package host

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/expression"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/listen"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// watched is a queue that is listened to.
type watched struct {
	f      *function
	stores Stores
	name   string
	listen *listen.Listener
}

// onQueue has a function called for each message of a queue.
func (h *Host) onQueue(f *function) error {
	name, fixed := f.def.Trigger.Queue.Fixed()
	if !fixed {
		return fmt.Errorf("its queue %q is not fixed", f.def.Trigger.Queue)
	}
	q := f.bounds.Queues
	return h.listen(f, strings.ToLower(name), listen.Policy{
		Batch: q.BatchSize, Refill: q.NewBatchThreshold, Hold: h.cfg.Hold, MaxDeliveries: int64(q.MaxDequeueCount),
		MaxKills: maxKills, RetryDelay: q.VisibilityTimeout, IdleMax: max(q.MaxPollingInterval, 100*time.Millisecond),
	}, func(_ context.Context, m *queue.Message) (*call, *listen.Verdict) {
		return h.messageCall(f, "queue "+name, m), nil
	})
}

// listen makes the listener of a queue; build makes the call of a message, or says
// at once what becomes of it.
func (h *Host) listen(f *function, name string, p listen.Policy, build func(context.Context, *queue.Message) (*call, *listen.Verdict)) error {
	w := &watched{f: f, stores: f.stores, name: name}
	k := pasts{ledger: f.stores.Ledger, app: h.cfg.App, queue: name}
	p.Excused = k.excused
	handle := func(ctx context.Context, m *queue.Message) listen.Verdict {
		c, at := build(ctx, m)
		if at != nil {
			return *at
		}
		return h.deliver(ctx, c, k, m)
	}
	var err error
	if w.listen, err = listen.New(f.stores.Queues, name, p, handle, h.cfg.Crew.AwaitOpen, func(n listen.News) { h.news(w, k, n) }); err != nil {
		return err
	}
	h.queues = append(h.queues, w)
	h.wakers.add(f.stores.Queues, name, w.listen.Wake)
	f.start = w.listen.Run
	return nil
}

// textOrBytes is text if it can be.
func textOrBytes(body []byte) contract.Value {
	if utf8.Valid(body) {
		return contract.Value{Kind: contract.Text, Text: string(body)}
	}
	return contract.Value{Kind: contract.Bytes, Bytes: body}
}

// messageCall is the call for a message.
func (h *Host) messageCall(f *function, source string, m *queue.Message) *call {
	c := h.newCall(f, source)
	c.deliveries, c.payload = m.Deliveries, int64(len(m.Body))
	v, binary := textOrBytes(m.Body), f.def.Trigger.Data == funcapp.BinaryData
	if binary {
		v = contract.Value{Kind: contract.Bytes, Bytes: m.Body}
	}
	c.trigger = contract.Input{Name: f.def.Trigger.Name, Binding: string(f.def.Trigger.Type), Binary: binary, Value: v}
	c.known("Id", textValue(m.ID))
	c.known("DequeueCount", jsonValue(strconv.FormatInt(m.Deliveries, 10)))
	c.known("PopReceipt", textValue(m.Receipt))
	c.knownTime("InsertionTime", m.Inserted)
	if m.Expires.IsZero() {
		c.knownTime("ExpirationTime", never)
	} else {
		c.knownTime("ExpirationTime", m.Expires)
	}
	c.knownTime("NextVisibleTime", m.Visible)
	// What the message says of itself is known too, and in expressions comes first,
	// as Azure has it; what the queue says of it is never hidden from the function.
	if object := bytes.TrimLeft(m.Body, " \t\r\n"); len(object) > 0 && object[0] == '{' {
		for name, value := range expression.Properties(object) {
			c.names(name, value)
			c.also(name, value)
		}
	}
	if c.values != nil {
		body := v.Text
		if v.Kind == contract.Bytes {
			body = base64.StdEncoding.EncodeToString(m.Body)
		}
		c.names("queueTrigger", expression.Value{Text: body})
	}
	return c
}

// never is when Azure says that a message expires which does not.
var never = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
