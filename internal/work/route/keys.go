package route

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
)

// Keys open functions of the levels function and admin. Without any key nothing
// is closed: whoever makes the table says so to people, once.
type Keys struct {
	Master    string              // opens everything
	Host      []string            // open every function below admin
	Functions map[string][]string // open one function below admin
	Events    []string            // open the webhook of blob events
}

// Enforced says whether there are keys.
func (k Keys) Enforced() bool {
	return k.Master != "" || len(k.Host) > 0 || len(k.Functions) > 0
}

// Where a key stands.
const (
	keyHeader = "X-Functions-Key"
	keyQuery  = "code"
)

// identify takes the key of a request: the header comes before the query.
func identify(header http.Header, query url.Values) string {
	if v := header.Get(keyHeader); v != "" {
		return v
	}
	return query.Get(keyQuery)
}

// admit says whether who gave a key may call a function of this level.
func (k Keys) admit(given, level, function string) bool {
	if level == "anonymous" || !k.Enforced() {
		return true
	}
	if level == "admin" {
		return same(given, k.Master)
	}
	return k.opens(given, slices.Concat(k.Host, k.Functions[function]))
}

// opens says whether a key is the master's or one of these. It compares with all of
// them, so that the time says nothing.
func (k Keys) opens(given string, keys []string) bool {
	ok := same(given, k.Master)
	for _, key := range keys {
		ok = same(given, key) || ok
	}
	return ok
}

// known says whether one of the texts is a key of ours, whatever it opens: code may
// be a parameter of the function's own, and only a key must not go further.
func (k Keys) known(given []string) bool {
	all := slices.Concat(k.Host, k.Events)
	for _, keys := range k.Functions {
		all = append(all, keys...)
	}
	return slices.ContainsFunc(given, func(text string) bool { return k.opens(text, all) })
}

// same compares in a time that does not depend on where the texts differ. An empty
// key is none.
func same(given, key string) bool {
	g, k := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(key))
	return subtle.ConstantTimeCompare(g[:], k[:]) == 1 && key != ""
}
