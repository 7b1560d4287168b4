// Package nats keeps work in NATS JetStream: queues as work-queue streams, blobs as object-store buckets, the ledger as a key-value bucket.
//
// The server is a cluster somewhere else or one embedded in this process, and
// the code is the same for both: this is how stanch outgrows one machine. Three
// rules hold. What was put is acknowledged when the server has acknowledged it.
// What decides (the newest version, the depth, what a name stands for) is asked
// of the stream's leader, never of a replica that may lag; only chunks of blobs,
// which never change, are read from any. And nothing waits for ever: every call
// has a deadline of its own, and a store that can't answer by then is
// *work.Unavailable. Begin with [Open] and [Embed].
package nats

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where the server is and how to be let in.
type Options struct {
	// URL names the servers of a cluster, with commas between them, each
	// nats://[USER:PASSWORD@]HOST:PORT, or tls:// instead. Server is used if it is
	// empty.
	URL    string
	Server *Embedded

	Creds string // file with a user's JWT and seed
	Token string
	CA    string // file with the certificates that sign the servers'

	// Replicas is how many servers keep each stream that is made, 1 to 5; 0 means 1.
	// Streams that are there stay as they are.
	Replicas int
}

// Store is a client of JetStream. It is a queue.Store; [Store.Blobs] and
// [Store.Ledger] are the others. It is safe for concurrent use.
type Store struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	replicas int
	gathers  bool // Puts that come at the same time share a write

	mu      sync.Mutex
	streams map[string]bool    // known to be there
	takers  map[string]taker   // by queue
	open    map[string]*gather // by queue
	spares  []mailbox
	close   sync.Once
}

// Open makes a client. A server that can't be reached is no error: it is tried
// until Close, and until it answers calls return *work.Unavailable. One that
// refuses the credentials is.
func Open(o Options) (*Store, error) {
	s, err := open(o)
	if err != nil {
		return nil, fmt.Errorf("open the store of work in NATS: %w", err)
	}
	return s, nil
}

func open(o Options) (*Store, error) {
	options, err := o.options()
	if err != nil {
		return nil, err
	}
	conn, err := nats.Connect(o.URL, options...)
	if err != nil && o.Server == nil && !refused(err) {
		conn, err = nats.Connect(o.URL, append(options, nats.RetryOnFailedConnect(true))...)
	}
	if err != nil {
		if refused(err) {
			return nil, fmt.Errorf("%w\nhint: check the user, password, token or creds file", err)
		}
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	s := &Store{conn: conn, js: js, replicas: max(1, o.Replicas), streams: map[string]bool{}, takers: map[string]taker{}, open: map[string]*gather{}}
	s.gathers = o.URL == "" && o.Server.durable
	return s, nil
}

func refused(err error) bool {
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAuthRevoked)
}

func (o Options) options() ([]nats.Option, error) {
	if o.Replicas < 0 || o.Replicas > 5 {
		return nil, fmt.Errorf("%d replicas\nhint: 1, 3 or 5", o.Replicas)
	}
	options := []nats.Option{
		nats.Name("stanch"),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials are rotated while stanch runs
		nats.ReconnectWait(100 * time.Millisecond),
		// What can't be sent is told to its caller, and not kept for later.
		nats.ReconnectBufSize(-1),
		nats.Timeout(answer),
		nats.PingInterval(10 * time.Second),
		// The package's own handler writes to stderr. What goes wrong is seen by the call that it concerns.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
	if o.URL == "" {
		if o.Server == nil {
			return nil, errors.New("neither a URL nor an embedded server\nhint: nats://HOST:4222")
		}
		return append(options, nats.InProcessServer(o.Server.server)), nil
	}
	if err := checkURL(o.URL); err != nil {
		return nil, err
	}
	if o.Creds != "" {
		options = append(options, nats.UserCredentials(o.Creds))
	}
	if o.Token != "" {
		options = append(options, nats.Token(o.Token))
	}
	if o.CA != "" {
		options = append(options, nats.RootCAs(o.CA))
	}
	return options, nil
}

// checkURL never repeats what it was given: there may be a password in it.
func checkURL(list string) error {
	for i, one := range strings.Split(list, ",") {
		one = strings.TrimSpace(one)
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		u, err := url.Parse(one)
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			return fmt.Errorf("server %d of the list is no URL of a NATS server\nhint: nats://USER:PASSWORD@HOST:4222 or tls://…, with commas between servers", i+1)
		}
	}
	return nil
}

// Close ends the connection; the embedded server, if there is one, is stopped by
// whoever started it. It is safe twice.
func (s *Store) Close() error {
	s.close.Do(s.conn.Close)
	return nil
}
