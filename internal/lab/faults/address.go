package faults

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// forms is the hint for an address that is none.
const forms = "\nhint: a URL such as http://127.0.0.1:8080/api or redis://HOST:6379, or HOST:PORT"

// target is where a dependency is.
type target struct {
	web    bool
	scheme string // of a web one
	host   string // with its port

	before, after string // what its address has on both sides of the host and port
}

// at is the target's address with another host and port.
func (t target) at(host string) string { return t.before + host + t.after }

// parse reads an address. Its errors quote nothing of it.
func parse(address string) (target, error) {
	scheme, rest, isURL := strings.Cut(address, "://")
	if !isURL {
		if !hasPort(address) {
			return target{}, errors.New("the dependency's address is neither a URL nor HOST:PORT" + forms)
		}
		return target{host: address}, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return target{}, errors.New("the dependency's address is no URL" + forms)
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	from := strings.LastIndex(rest[:end], "@") + 1
	t := target{scheme: u.Scheme, host: rest[from:end], before: scheme + "://" + rest[:from], after: rest[end:]}
	standard := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if standard != "" {
		t.web, t.before = true, "http://"+rest[:from]
		if u.Port() == "" {
			t.host = net.JoinHostPort(u.Hostname(), standard)
		}
	}
	if !hasPort(t.host) {
		return target{}, errors.New("the URL of the dependency names no port\nhint: write it, as in redis://HOST:6379")
	}
	return t, nil
}

// hasPort says that a text is one host and one port.
func hasPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	n, wrong := strconv.ParseUint(port, 10, 16)
	return err == nil && wrong == nil && n > 0 && host != "" && !strings.ContainsAny(host, " =;,()@/")
}
