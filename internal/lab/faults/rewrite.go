package faults

import (
	"errors"
	"fmt"
	"strings"
)

// Rewrite puts proxies before all that a worker's setting leads to, and returns the
// setting as the worker is to have it: a URL, HOST:PORT, or a connection string with
// endpoints, as Azure Storage has them. What else is in a connection string stays,
// letter by letter; endpoints of one host and port share a proxy. Signatures hold, since
// they are not made over the host. The proxies are the caller's to close.
func Rewrite(value string) (rewritten string, proxies []*Proxy, err error) {
	if !isConnection(value) {
		if scheme, _, _ := strings.Cut(value, ":"); scheme == "file" {
			return "", nil, errors.New("the dependency is a folder, which can't be made ill\nhint: store: azurite")
		}
		p, err := Listen(strings.TrimSpace(value))
		if err != nil {
			return "", nil, err
		}
		return p.Address(), []*Proxy{p}, nil
	}
	defer func() {
		if err != nil {
			for _, p := range proxies {
				_ = p.Close()
			}
			proxies = nil
		}
	}()
	byHost := map[string]*Proxy{}
	parts := strings.Split(value, ";")
	for i, part := range parts {
		key, address, _ := strings.Cut(part, "=")
		if !isWord(key) || !strings.HasSuffix(strings.ToLower(strings.TrimSpace(key)), "endpoint") {
			continue
		}
		t, err := parse(strings.TrimSpace(address))
		if err != nil {
			return "", proxies, fmt.Errorf("%s of the connection string: %w", strings.TrimSpace(key), err)
		}
		own := t.scheme + " " + t.host
		if byHost[own] == nil {
			p, err := Listen(strings.TrimSpace(address))
			if err != nil {
				return "", proxies, err
			}
			byHost[own] = p
			proxies = append(proxies, p)
		}
		parts[i] = key + "=" + t.at(byHost[own].listener.Addr().String())
	}
	if len(proxies) == 0 {
		return "", nil, errors.New("the connection string names no endpoint, and so there is nothing to stand before\nhint: add BlobEndpoint=… and QueueEndpoint=…")
	}
	return strings.Join(parts, ";"), proxies, nil
}

// isConnection says that a text begins with a word and an equals sign.
func isConnection(value string) bool {
	key, _, found := strings.Cut(value, "=")
	return found && isWord(key)
}

func isWord(key string) bool {
	key = strings.TrimSpace(key)
	return key != "" && strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz") == ""
}
