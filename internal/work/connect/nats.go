//go:build !nonats

package connect

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/work/store/nats"
)

// natsCluster reads nats://HOST,HOST?replicas=3&creds=FILE&token=T&ca=FILE.
func natsCluster(text string) (place, error) {
	text, options, err := split(text, "replicas", "creds", "token", "ca")
	if err != nil {
		return place{}, err
	}
	o := nats.Options{URL: text, Creds: options.Get("creds"), Token: options.Get("token"), CA: options.Get("ca")}
	if n := options.Get("replicas"); n != "" {
		if o.Replicas, err = strconv.Atoi(n); err != nil || o.Replicas < 1 || o.Replicas > 5 {
			return place{}, errors.New("replicas is no number from 1 to 5\nhint: nats://HOST:4222?replicas=3")
		}
	}
	servers := strings.Split(text, ",")
	var hosts []string
	for i, one := range servers {
		one = strings.TrimSpace(one)
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		u, err := url.Parse(one)
		if err != nil || u.Host == "" {
			return place{}, fmt.Errorf("server %d of the list is no URL of a NATS server\nhint: nats://USER:PASSWORD@HOST:4222, with commas between servers", i+1)
		}
		servers[i] = one
		hosts = append(hosts, u.Host)
	}
	slices.Sort(servers)
	key := fmt.Sprintf("nats %q %q %q %q", servers, o.Creds, o.Token, o.CA)
	return place{kind: "nats", target: strings.Join(hosts, ","), key: key, terms: strconv.Itoa(max(1, o.Replicas)), open: func(*slog.Logger) (*Stores, error) {
		s, err := nats.Open(o)
		if err != nil {
			return nil, err
		}
		return &Stores{Queues: s, Blobs: s.Blobs(), Ledger: s.Ledger(), close: s.Close}, nil
	}}, nil
}

// natsDir reads the directory of an embedded server: nats:DIR?sync=2s.
func (c *Connections) natsDir(text string) (place, error) {
	text, options, err := split(text, "sync")
	if err != nil {
		return place{}, err
	}
	dir, err := c.directory(text)
	if err != nil {
		return place{}, err
	}
	o := nats.EmbedOptions{Dir: dir}
	if every := options.Get("sync"); every != "" {
		if o.SyncEvery, err = time.ParseDuration(every); err != nil || o.SyncEvery < 0 {
			return place{}, errors.New("sync is no duration\nhint: nats:DIR?sync=2s; without it everything is on the disk before it is acknowledged")
		}
	}
	return place{kind: "nats", target: dir, key: "dir " + dir, terms: "nats " + o.SyncEvery.String(), open: func(log *slog.Logger) (*Stores, error) {
		o.Log = log
		server, err := nats.Embed(o)
		if err != nil {
			return nil, err
		}
		s, err := nats.Open(nats.Options{Server: server})
		if err != nil {
			return nil, errors.Join(err, server.Stop())
		}
		return &Stores{Queues: s, Blobs: s.Blobs(), Ledger: s.Ledger(), close: closers(s, stopper(server.Stop))}, nil
	}}, nil
}

// stopper closes by stopping.
type stopper func() error

func (s stopper) Close() error { return s() }
