package experiment

import (
	"math"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

func load() object[lab.Load] {
	return object[lab.Load]{
		title: "load",
		fields: []field[lab.Load]{
			by("1", set("seed", "The same seed, the same arrivals, bytes and order.", whole(0, math.MaxInt32), func(l *lab.Load, v int) { l.Seed = uint64(v) })),
			at("before", "What is put into the stores before the first phase.", list(0, 1000, item().kind()), func(l *lab.Load) *[]lab.Item { return &l.Before }),
			at("streams", "Sources of work, by name. The phases say how fast they come.", mapping("stream", stream().kind(), func(name string, s lab.Stream) lab.Stream { s.Name = name; return s }), func(l *lab.Load) *[]lab.Stream { return &l.Streams }),
		},
	}
}

func item() object[lab.Item] {
	return object[lab.Item]{
		title: "an item of before", oneOf: []string{"queue", "blob"},
		fields: []field[lab.Item]{
			at("queue", "The queue that gets messages.", storeName(), func(i *lab.Item) *string { return &i.Queue }),
			at("text", "The messages' text.", text(), func(i *lab.Item) *string { return &i.Text }),
			by("1", at("count", "How many messages.", whole(1, 1_000_000), func(i *lab.Item) *int { return &i.Count })),
			at("blob", "CONTAINER/PATH of a blob of noise.", blobPath(), func(i *lab.Item) *string { return &i.Blob }),
			at("size", "The blob's size.", size(0), func(i *lab.Item) *bytesize.Size { return &i.Size }),
		},
		check: func(r *reader, n tree.Node, i *lab.Item) {
			r.goesWith(n, "queue", "text", "count")
			r.goesWith(n, "blob", "size")
			if i.Queue != "" && i.Text == "" {
				r.fail(n, `text: "hello"`, "the messages for %s have no text", clip(i.Queue))
			}
		},
	}
}

// goesWith tells of keys that are there without the one that they belong to.
func (r *reader) goesWith(n tree.Node, owner string, keys ...string) {
	if n.Value(owner).Line != 0 {
		return
	}
	for _, key := range keys {
		if v := n.Value(key); v.Line != 0 {
			r.fail(v, "", "%s goes with %s, which is not there", key, owner)
		}
	}
}

func stream() object[lab.Stream] {
	return object[lab.Stream]{
		title: "a stream", oneOf: []string{"http", "queue", "blob"},
		fields: []field[lab.Stream]{
			by("random", at("arrivals", "Moments that are independent of each other (random), or in equal gaps (even).", choice(lab.Random, lab.Even), func(s *lab.Stream) *lab.Arrivals { return &s.Arrivals })),
			at("http", "Requests, drawn by their shares.", list(1, 100, request().kind()), func(s *lab.Stream) *[]lab.Request { return &s.HTTP }),
			at("queue", "Messages.", maybe(queue().kind()), func(s *lab.Stream) **lab.Queue { return &s.Queue }),
			at("blob", "Blobs.", maybe(blob().kind()), func(s *lab.Stream) **lab.Blob { return &s.Blob }),
		},
	}
}

func methods() []string { return []string{"get", "post", "put", "delete"} }

func request() object[lab.Request] {
	var fields []field[lab.Request]
	for _, method := range methods() {
		fields = append(fields, set(method, "The path of a "+strings.ToUpper(method)+"; {key} is one of keys, {n} the request's own number.", urlPath(), func(q *lab.Request, path string) {
			q.Method, q.Path = strings.ToUpper(method), path
		}))
	}
	return object[lab.Request]{
		title: "a request", oneOf: methods(),
		fields: append(
			fields,
			by("1", at("keys", "How many different keys there are.", whole(1, 1_000_000_000), func(q *lab.Request) *int { return &q.Keys })),
			by("0", at("size", "Bytes of noise in its body.", size(0), func(q *lab.Request) *bytesize.Size { return &q.Size })),
			by("1", at("share", "How often it comes beside the others.", number(1e-6, 1e6), func(q *lab.Request) *float64 { return &q.Share })),
			by("30s", at("timeout", "When the client gives up.", wait(time.Millisecond, time.Hour), func(q *lab.Request) *time.Duration { return &q.Timeout })),
		),
		check: func(r *reader, n tree.Node, q *lab.Request) {
			if keys := n.Value("keys"); keys.Line != 0 && !strings.Contains(q.Path, "{key}") {
				r.fail(keys, "as in /export/{key}", "the path has no {key} for keys")
			}
			if size := n.Value("size"); size.Line != 0 && (q.Method == "GET" || q.Method == "DELETE") {
				r.fail(size, "post or put have one", "a %s has no body", q.Method)
			}
		},
	}
}

func queue() object[lab.Queue] {
	return object[lab.Queue]{
		title: "a stream's queue",
		fields: []field[lab.Queue]{
			must(at("name", "The queue's name.", storeName(), func(q *lab.Queue) *string { return &q.Name })),
			at("text", "The message; {n} is its number.", text(), func(q *lab.Queue) *string { return &q.Text }),
			at("size", "In place of a text: bytes of noise, as letters and digits.", size(1), func(q *lab.Queue) *bytesize.Size { return &q.Size }),
		},
		check: func(r *reader, n tree.Node, q *lab.Queue) {
			if (q.Text == "") == (q.Size == 0) {
				r.fail(n, "", "a message has a text or a size, one of them")
			}
			if q.Size > 48*bytesize.KiB {
				r.fail(n.Value("size"), "a larger thing is a blob, and the message its name", "a message of %v is more than a queue takes (48KiB)", q.Size)
			}
		},
	}
}

func blob() object[lab.Blob] {
	return object[lab.Blob]{
		title: "a stream's blob",
		fields: []field[lab.Blob]{
			must(at("path", "CONTAINER/PATH, with {n} for the blob's number.", blobPath(), func(b *lab.Blob) *string { return &b.Path })),
			must(at("sizes", "Sizes, drawn by their shares.", list(1, 100, blobSize().kind()), func(b *lab.Blob) *[]lab.BlobSize { return &b.Sizes })),
		},
		check: func(r *reader, n tree.Node, b *lab.Blob) {
			if !strings.Contains(b.Path, "{n}") {
				r.fail(n.Value("path"), "as in large/{n}.bin", "path has no {n}, and each blob would take the place of the one before")
			}
		},
	}
}

func blobSize() object[lab.BlobSize] {
	return object[lab.BlobSize]{
		title: "a size",
		fields: []field[lab.BlobSize]{
			must(at("size", "How large.", size(0), func(b *lab.BlobSize) *bytesize.Size { return &b.Size })),
			by("1", at("share", "How often it comes beside the others.", number(1e-6, 1e6), func(b *lab.BlobSize) *float64 { return &b.Share })),
		},
	}
}

// storeName is the name of a queue, by Azure's rule.
func storeName() kind[string] {
	const pattern = "^[a-z0-9](-?[a-z0-9]){2,62}$"
	return kind[string]{"name of a queue", func() *Schema { return &Schema{Type: types{"string"}, Pattern: pattern} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if ok && !isStoreName(s) {
			r.fail(n, "3 to 63 small letters, digits and single -", "%s is %q, which no queue is called", what, clip(s))
			return "", false
		}
		return s, ok
	}}
}

func isStoreName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '-' && i > 0 && i < len(s)-1 && s[i-1] != '-':
		default:
			return false
		}
	}
	return len(s) >= 3 && len(s) <= 63
}

// blobPath is CONTAINER/PATH.
func blobPath() kind[string] {
	return kind[string]{"CONTAINER/PATH", func() *Schema { return &Schema{Type: types{"string"}, Pattern: "^[a-z0-9-]{3,63}/."} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if !ok {
			return "", false
		}
		container, path, _ := strings.Cut(s, "/")
		if !isStoreName(container) || path == "" || len(path) > 1024 || !printable(path) || strings.Contains("/"+path+"/", "/../") {
			r.fail(n, "as in large/{n}.bin", "%s is %q, which is no path of a blob", what, clip(s))
			return "", false
		}
		return s, true
	}}
}

// urlPath is the path of a request, with its query.
func urlPath() kind[string] {
	return kind[string]{"path", func() *Schema { return &Schema{Type: types{"string"}, Pattern: "^/"} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if ok && (!strings.HasPrefix(s, "/") || len(s) > 8<<10 || !printable(s) || strings.Contains(s, "#")) {
			r.fail(n, "as in /export/{key}?full=1", "%s is %q, which is no path", what, clip(s))
			return "", false
		}
		return s, ok
	}}
}

// printable says that a text is visible ASCII without blanks, as it has to be on the
// wire.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}
