package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// holdWebSocket keeps one WebSocket open and has a message echoed every beat.
// A server may close it with a close frame, which costs nothing; a socket that
// is cut, or an echo that is wrong, is a loss.
func (r *Run) holdWebSocket(ctx context.Context, id int) {
	start := *r.start.Load()
	var ws *Socket
	defer func() {
		if ws != nil {
			ws.Close()
		}
	}()
	beat := time.NewTicker(r.plan.Beat)
	defer beat.Stop()
	for n := 0; ; n++ {
		sent := time.Since(start)
		message := fmt.Appendf(nil, "socket %d message %d", id, n)
		var err error
		for range 2 {
			if ws == nil {
				if ws, err = DialWebSocket(r.plan.Target, "/ws", r.plan.Timeout); err != nil {
					break
				}
			}
			err = ws.Echo(message, r.plan.Timeout)
			if err == nil {
				break
			}
			ws.Close()
			ws = nil
			// The message and the server's close met on the way: no server
			// can prevent that, and the protocol says so to the client.
			if !errors.Is(err, ErrClosed) {
				break
			}
			r.tally.crossed.Add(1)
		}
		r.tally.add(WebSocket, sent, sent, time.Since(start), err)
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		if ws != nil && ws.Closing() {
			ws.Close()
			ws = nil
			r.tally.reconnects.Add(1)
		}
	}
}

// holdSSE reads one event stream after the other, each to its last event.
func (r *Run) holdSSE(ctx context.Context) {
	start := *r.start.Load()
	request := fmt.Appendf(nil, "GET /sse?n=%d&ms=%d HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n",
		r.plan.SSEEvents, r.plan.Beat.Milliseconds())
	for ctx.Err() == nil {
		sent := time.Since(start)
		err := readEvents(r.plan, request)
		r.tally.add(SSE, sent, sent, time.Since(start), err)
		if err != nil {
			select { // not a storm of refused connections
			case <-ctx.Done():
			case <-time.After(r.plan.Beat):
			}
		}
	}
}

func readEvents(p Plan, request []byte) error {
	c, err := dial(p.Target, p.Timeout)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(p.Timeout + time.Duration(p.SSEEvents)*p.Beat*2))
	if _, err := c.Write(request); err != nil {
		return because("send", err)
	}
	h, err := c.readHead()
	if err != nil {
		return err
	}
	if h.status != 200 {
		return status(h.status)
	}
	var want bytes.Buffer
	for i := range p.SSEEvents {
		fmt.Fprintf(&want, "id: %d\ndata: event %d\n\n", i, i)
	}
	err = c.readBody(h.length, func(piece []byte) error {
		if !bytes.Equal(want.Next(len(piece)), piece) {
			return Loss("event stream: wrong")
		}
		return nil
	})
	if err == nil && want.Len() > 0 {
		err = Loss("event stream: short")
	}
	return err
}
