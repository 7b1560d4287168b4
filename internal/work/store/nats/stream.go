package nats

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/stanch-dev/stanch/internal/work"
)

// stored is one message of a stream, as its leader tells it.
type stored struct {
	Subject string    `json:"subject"`
	Seq     uint64    `json:"seq"`
	Headers []byte    `json:"hdrs"`
	Data    []byte    `json:"data"`
	Time    time.Time `json:"time"`
}

// header is one of its headers.
func (m stored) header(name string) string {
	_, lines, _ := bytes.Cut(m.Headers, []byte("\r\n")) // NATS/1.0
	h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(lines))).ReadMIMEHeader()
	if err != nil {
		return ""
	}
	return textproto.MIMEHeader(h).Get(name)
}

// wanted is what a request for a message names: a sequence, the last of a
// subject, or the next of a subject from a sequence on.
type wanted struct {
	Seq      uint64 `json:"seq,omitempty"`
	Last     string `json:"last_by_subj,omitempty"`
	Next     string `json:"next_by_subj,omitempty"`
	Batch    int    `json:"batch,omitempty"`     // of a direct get alone
	MaxBytes int    `json:"max_bytes,omitempty"` // as Batch
}

// get asks the stream's leader for a message. It returns work.ErrAbsent if there
// is none, and if there is no stream.
func (s *Store) get(ctx context.Context, stream string, w wanted) (m stored, err error) {
	request, err := json.Marshal(w)
	if err != nil {
		return m, err
	}
	var reply struct {
		Error   *jetstream.APIError `json:"error"`
		Message stored              `json:"message"`
	}
	err = s.insist(ctx, true, func(ctx context.Context) error {
		answer, err := s.conn.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, request)
		if err != nil {
			return err
		}
		reply.Error = nil
		if err := json.Unmarshal(answer.Data, &reply); err != nil {
			return err
		}
		if reply.Error != nil {
			return reply.Error
		}
		return nil
	})
	return reply.Message, err
}

// exists is work.ErrAbsent if there is no such stream. It is asked where an
// absent message and an absent stream are not the same answer.
func (s *Store) exists(ctx context.Context, stream string) error {
	return s.insist(ctx, true, func(ctx context.Context) error {
		_, err := s.js.Stream(ctx, stream)
		return err
	})
}

// each are the messages of a filter, in the stream's order, until there is no
// later one.
func (s *Store) each(ctx context.Context, stream, filter string) iter.Seq2[stored, error] {
	return func(yield func(stored, error) bool) {
		for from := uint64(1); ; {
			m, err := s.get(ctx, stream, wanted{Seq: from, Next: filter})
			if errors.Is(err, work.ErrAbsent) {
				if from > 1 {
					return
				}
				if err = s.exists(ctx, stream); err == nil {
					return
				}
			}
			if !yield(m, err) || err != nil {
				return
			}
			from = m.Seq + 1
		}
	}
}

// acked is the server's word that it has a message.
type acked struct {
	Error     *jetstream.APIError `json:"error"`
	Seq       uint64              `json:"seq"`
	Duplicate bool                `json:"duplicate"`
}

func parseAck(m *nats.Msg) (acked, error) {
	var a acked
	if m.Header.Get("Status") == "503" {
		return a, nats.ErrNoResponders
	}
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return a, fmt.Errorf("read the server's acknowledgement: %w", err)
	}
	if a.Error != nil {
		return a, a.Error
	}
	if a.Seq == 0 {
		return a, errors.New("the server's acknowledgement names no sequence\nhint: does something else than JetStream answer on this subject?")
	}
	return a, nil
}

// publish puts one message into a stream, which is made if it isn't there, and
// waits for the server's word. With a mark it is tried again when the word does
// not come: the server knows the mark for a while, and takes the message once.
func (s *Store) publish(ctx context.Context, c jetstream.StreamConfig, m *nats.Msg, mark string) (seq uint64, err error) {
	if mark != "" {
		if m.Header == nil {
			m.Header = nats.Header{}
		}
		m.Header.Set(jetstream.MsgIDHeader, mark)
	}
	err = s.insist(ctx, mark != "", func(ctx context.Context) error {
		if err := s.ensure(ctx, c); err != nil {
			return err
		}
		answer, err := s.conn.RequestMsgWithContext(ctx, m)
		if errors.Is(err, nats.ErrNoResponders) {
			s.forget(c.Name) // it has no leader, or somebody deleted it
		}
		if err != nil {
			return err
		}
		a, err := parseAck(answer)
		seq = a.Seq
		return err
	})
	return seq, err
}

// expect makes m count only if the last message of its subject is still the one
// with this sequence; 0 stands for none.
func expect(m *nats.Msg, last uint64) *nats.Msg {
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(last, 10))
	return m
}

// alone makes m take the place of all of its subject's messages.
func alone(m *nats.Msg) *nats.Msg {
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	return m
}

// ensure makes a stream if it isn't there.
func (s *Store) ensure(ctx context.Context, c jetstream.StreamConfig) error {
	s.mu.Lock()
	known := s.streams[c.Name]
	s.mu.Unlock()
	if known {
		return nil
	}
	c.Replicas, c.Storage, c.MaxConsumers = s.replicas, jetstream.FileStorage, -1
	err := s.insist(ctx, true, func(ctx context.Context) error {
		_, err := s.js.Stream(ctx, c.Name)
		if !is(err, codeStreamAbsent) {
			return err
		}
		_, err = s.js.CreateStream(ctx, c)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil // somebody else was faster
		}
		return err
	})
	if is(err, codeNoPeers) {
		return fmt.Errorf("%w\nhint: %d replicas need as many servers with JetStream; set replicas to 1, or start more", err, c.Replicas)
	}
	if err != nil {
		return fmt.Errorf("make stream %s: %w", c.Name, err)
	}
	s.mu.Lock()
	s.streams[c.Name] = true
	s.mu.Unlock()
	return nil
}

// forget drops what is known of a stream: somebody may have deleted it.
func (s *Store) forget(stream string) {
	s.mu.Lock()
	delete(s.streams, stream)
	s.mu.Unlock()
}

// purge deletes the messages of a subject that come before a sequence; 0: all.
func (s *Store) purge(ctx context.Context, stream, subject string, before uint64) error {
	request, err := json.Marshal(struct {
		Filter string `json:"filter,omitempty"`
		Seq    uint64 `json:"seq,omitempty"`
	}{subject, before})
	if err != nil {
		return err
	}
	return s.insist(ctx, true, func(ctx context.Context) error {
		answer, err := s.conn.RequestWithContext(ctx, "$JS.API.STREAM.PURGE."+stream, request)
		if err != nil {
			return err
		}
		var reply struct {
			Error *jetstream.APIError `json:"error"`
		}
		if err := json.Unmarshal(answer.Data, &reply); err != nil {
			return err
		}
		if reply.Error != nil {
			return reply.Error
		}
		return nil
	})
}

// named are the names of the streams that begin with prefix, without it, sorted.
func (s *Store) named(ctx context.Context, prefix string, check func(string) error) (names []string, err error) {
	err = s.insist(ctx, true, func(ctx context.Context) error {
		names = nil
		lister := s.js.StreamNames(ctx)
		for name := range lister.Name() {
			if rest, ok := strings.CutPrefix(name, prefix); ok && check(rest) == nil {
				names = append(names, rest)
			}
		}
		return lister.Err()
	})
	slices.Sort(names)
	return names, err
}
