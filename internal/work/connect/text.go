package connect

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/store/file"
)

// forms is the hint for a value that has none of them.
const forms = "file:DIR, nats://HOST:4222, tls://HOST:4222, nats:DIR, UseDevelopmentStorage=true or a connection string of Azure Storage"

// place is where a store is and how it is opened.
type place struct {
	kind   string
	target string
	key    string // places with the same key are one; it may hold a secret
	terms  string // how it is used: one place can't be used in two ways
	open   func(*slog.Logger) (*Stores, error)
}

// parse reads the value of a connection.
func (c *Connections) parse(text string) (place, error) {
	text = strings.TrimSpace(text)
	first, _, found := strings.Cut(text, "=")
	switch {
	case text == "":
		return place{}, errors.New("it is empty\nhint: " + forms)
	case strings.HasPrefix(text, "nats://"), strings.HasPrefix(text, "tls://"):
		return natsCluster(text)
	case strings.HasPrefix(text, "nats:"):
		return c.natsDir(strings.TrimPrefix(text, "nats:"))
	case strings.HasPrefix(text, "file:"):
		return c.fileDir(strings.TrimPrefix(text, "file:"))
	case found && strings.Trim(strings.ToLower(first), "abcdefghijklmnopqrstuvwxyz") == "":
		return azureText(text, c.cfg.Plain)
	}
	return place{}, errors.New("its value is no store that stanch knows\nhint: " + forms)
}

func (c *Connections) fileDir(text string) (place, error) {
	text, options, err := split(text, "sync")
	if err != nil {
		return place{}, err
	}
	dir, err := c.directory(text)
	if err != nil {
		return place{}, err
	}
	var o file.Options
	switch options.Get("sync") {
	case "", "full":
	case "normal":
		o.Relaxed = true
	default:
		return place{}, errors.New("sync is neither full nor normal\nhint: file:DIR?sync=normal")
	}
	return place{kind: "file", target: dir, key: "dir " + dir, terms: fmt.Sprintf("file %v", o), open: func(*slog.Logger) (*Stores, error) {
		s, err := file.Open(dir, o)
		if err != nil {
			return nil, err
		}
		return &Stores{Queues: s, Blobs: s.Blobs(), Ledger: s.Ledger(), close: s.Close}, nil
	}}, nil
}

// directory is the one name of a directory, which is made if it isn't there.
func (c *Connections) directory(text string) (string, error) {
	if strings.HasPrefix(text, "//") && !strings.HasPrefix(text, "///") || text == "" {
		return "", errors.New("it names no directory\nhint: file:DIR or nats:DIR, as in file:/var/lib/work")
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(c.cfg.Base, text)
	}
	dir, err := filepath.Abs(text)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the directory of the store: %w\nhint: name one that stanch may write", err)
	}
	return filepath.EvalSymlinks(dir)
}

// split takes the options off a text. An option that is none is not repeated: a
// password with a question mark would be one.
func split(text string, known ...string) (string, url.Values, error) {
	text, query, _ := strings.Cut(text, "?")
	options, err := url.ParseQuery(query)
	if err != nil {
		return "", nil, errors.New("its options can't be read\nhint: NAME=VALUE with & between, after a question mark; a question mark in a password is %3F")
	}
	for name, values := range options {
		if !slices.Contains(known, name) {
			return "", nil, fmt.Errorf("it has an option that there is not\nhint: after the question mark there may be %s", strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return "", nil, fmt.Errorf("the option %s stands there twice\nhint: leave one out", name)
		}
	}
	return text, options, nil
}
