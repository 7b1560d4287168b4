package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// outputs writes what a function gave back into the stores of its bindings.
func (h *Host) outputs(ctx context.Context, c *call, result *contract.Result) error {
	for _, b := range c.f.outputs {
		v, given := find(result, b.Name)
		if !given || isEmpty(v) {
			continue
		}
		var err error
		switch b.Type {
		case funcapp.Queue:
			err = h.putMessages(ctx, c, b, v)
		case funcapp.Blob:
			err = h.putBlob(ctx, c, b, v)
		}
		if err != nil {
			return fmt.Errorf("output %s: %w", b.Name, err)
		}
	}
	return nil
}

// find is the value of an output binding; names are equal in any case, as Azure
// has it.
func find(result *contract.Result, name string) (contract.Value, bool) {
	for _, o := range result.Outputs {
		if strings.EqualFold(o.Name, name) {
			return o.Value, true
		}
	}
	if name == funcapp.Return && result.Return != nil {
		return *result.Return, true
	}
	return contract.Value{}, false
}

// largestMessage is what is read of a value for a queue: more than any store takes.
const largestMessage = 17 << 20

// putMessages puts a value into a queue: each element of a JSON array is a message
// of its own.
func (h *Host) putMessages(ctx context.Context, c *call, b binding, v contract.Value) error {
	to, err := b.Queue.Expand(c.values.Lookup, c.system())
	if err != nil {
		return err
	}
	to = strings.ToLower(to)
	bodies, err := messages(ctx, v)
	if err != nil {
		return err
	}
	for _, body := range bodies {
		if err := persist(ctx, func() error {
			_, err := b.stores.Queues.Put(ctx, to, body)
			return err
		}); err != nil {
			return fmt.Errorf("put a message into queue %s: %w", to, err)
		}
	}
	h.wakers.wake(b.stores.Queues, to)
	return nil
}

// messages are the bodies that a value stands for.
func messages(ctx context.Context, v contract.Value) ([][]byte, error) {
	switch v.Kind {
	case contract.Text:
		return [][]byte{[]byte(v.Text)}, nil
	case contract.Bytes:
		return [][]byte{v.Bytes}, nil
	case contract.Large:
		r, err := v.Stream.Open(ctx, 0)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		body, err := io.ReadAll(io.LimitReader(r, largestMessage))
		if err == nil && len(body) == largestMessage {
			err = &work.TooLarge{Size: max(v.Stream.Size, largestMessage), Limit: largestMessage - 1}
		}
		if err != nil || v.Stream.ContentType != "application/json" {
			return [][]byte{body}, err
		}
		return messages(ctx, contract.Value{Kind: contract.JSON, Text: string(body)})
	case contract.JSON:
	default:
		return nil, fmt.Errorf("a value of kind %d is no message", v.Kind)
	}
	text := []byte(strings.TrimSpace(v.Text))
	if !bytes.HasPrefix(text, []byte("[")) {
		body, err := message(text)
		return [][]byte{body}, err
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		return nil, fmt.Errorf("read the array of messages: %w", err)
	}
	var bodies [][]byte
	for _, e := range elements {
		body, err := message(e)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

// message is a JSON string's text; anything else is a message as it is.
func message(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(text, []byte(`"`)) {
		return text, nil
	}
	var s string
	err := json.Unmarshal(text, &s)
	return []byte(s), err
}

func (h *Host) putBlob(ctx context.Context, c *call, b binding, v contract.Value) error {
	name, err := c.blobName(b)
	if err != nil {
		return err
	}
	var open func() (io.ReadCloser, error)
	var head blob.Head
	switch v.Kind {
	case contract.Text, contract.JSON:
		head.ContentType = "text/plain; charset=utf-8"
		if v.Kind == contract.JSON {
			head.ContentType = "application/json"
		}
		open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(v.Text)), nil }
	case contract.Bytes:
		open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(v.Bytes)), nil }
	case contract.Large:
		head.ContentType = v.Stream.ContentType
		open = func() (io.ReadCloser, error) { return v.Stream.Open(ctx, 0) }
	default:
		return fmt.Errorf("a value of kind %d is no blob", v.Kind)
	}
	return persist(ctx, func() error {
		body, err := open()
		if err != nil {
			return err
		}
		defer body.Close()
		if _, err := b.stores.Blobs.Put(ctx, name, head, body, blob.Want{}); err != nil {
			return fmt.Errorf("write blob %s: %w", name, err)
		}
		return nil
	})
}

// persist tries again while a store is away: the function has run, and running it
// again would cost more than waiting.
func persist(ctx context.Context, put func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for tries := 0; ; tries++ {
		err := put()
		away := (*work.Unavailable)(nil)
		if !errors.As(err, &away) {
			return err
		}
		if !sleep(ctx, max(away.After, backoff(tries))) {
			return err
		}
	}
}
