package route_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/route"
)

func TestIdsLeaveAPathAndWordsStay(t *testing.T) {
	for _, test := range []struct{ path, want, why string }{
		{"/", "/", "the root"},
		{"/work", "/work", "a word"},
		{"/api/v1/orders/42", "/api/v1/orders/{id}", "a number, and a version that is none"},
		{"/api/v1/orders/42/items/7/", "/api/v1/orders/{id}/items/{id}/", "the last slash stays"},
		{"/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "/users/{id}", "a guid"},
		{"/o/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/o/{id}", "a ULID"},
		{"/charges/ch_3MmlLrLkdIwHu7ix0snN0B15", "/charges/{id}", "a token with a prefix"},
		{"/commit/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commit/{id}", "a hash"},
		{"/sales/2026-04-05", "/sales/{date}", "a date"},
		{"/u/jane@example.org", "/u/{id}", "an address is personal"},
		{"/static/app.min.js", "/static/app.min.js", "a file's name"},
		{"/static/app.3f2a91bc.js", "/static/{id}", "a file's name with a hash, another one in each build"},
		{"/oauth2/token", "/oauth2/token", "a word with a digit"},
		{"/deadbeef", "/deadbeef", "letters alone are a word"},
		{"/a//b", "/a//b", "empty parts stay"},
		{"*", "*", "OPTIONS *"},
		{"", "", "nothing"},
		{"/%7B%22a%22%3A1%7D", "/{id}", "JSON in a path"},
		{strings.Repeat("/a", 20), strings.Repeat("/a", 12) + "/…", "many parts"},
		{"/" + strings.Repeat("x", 300), "/…", "a long part"},
		{"/b/" + strings.Repeat("x", 300), "/b/…", "a long part after a word"},
	} {
		if got := string(route.Append(nil, []byte(test.path))); got != test.want {
			t.Errorf("Append(%q), %s: got %q, want %q", test.path, test.why, got, test.want)
		}
	}
}

func FuzzAShapeIsShortAndItsOwnShape(f *testing.F) {
	for _, s := range []string{"/a/1", "/%41/b@c", "//", "a/b", strings.Repeat("/1", 30)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		once := route.Append(nil, path)
		if len(once) > 320 {
			t.Errorf("Append(%q): %d bytes, want at most 320", path, len(once))
		}
		if bytes.Contains(once, []byte("…")) {
			return
		}
		if twice := route.Append(nil, once); !bytes.Equal(once, twice) {
			t.Errorf("Append(%q) again: got %q, want %q", path, twice, once)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	path, dst := []byte("/api/v1/orders/12345/items"), make([]byte, 0, 256)
	for b.Loop() {
		route.Append(dst, path)
	}
}
