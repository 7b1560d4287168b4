package customhandler

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// part is a piece of a request's body: text, or a payload that is encoded as it
// is sent.
type part struct {
	text   []byte
	stream *contract.Stream
	input  string // whose payload the stream is
	length int64  // as it was measured; 0 if it was not
}

// body is a request's body. Its length is known before it is sent, since many
// servers that people write take none without a Content-Length; it is -1 if a
// payload's size is not known.
type body struct {
	ctx    context.Context
	parts  []part
	length int64

	at   int
	open io.ReadCloser
	now  io.Reader
}

// encode lays an invocation out.
func encode(ctx context.Context, inv *contract.Invocation, compat bool) (*body, error) {
	w := newWriter(compat)
	w.put(`{"Data":{`)
	for i, in := range inv.Inputs {
		w.member(i, in.Name)
		w.value(in.Name, in.Value)
	}
	w.put(`},"Metadata":{`)
	for i, d := range inv.Metadata {
		w.member(i, d.Name)
		w.value(d.Name, d.Value)
	}
	if r := inv.Retry; r != (contract.Retry{}) {
		w.member(len(inv.Metadata), "RetryContext")
		w.put(fmt.Sprintf(`{"RetryCount":%d,"MaxRetryCount":%d}`, r.Count, r.Max))
	}
	w.put(`}}`)
	w.flush()
	b := &body{ctx: ctx, parts: w.parts}
	for i := range b.parts {
		n, err := b.parts[i].size(ctx)
		if err != nil {
			return nil, errors.Join(err, w.err)
		}
		if n < 0 {
			b.length = -1
			break
		}
		b.parts[i].length = n
		b.length += n
	}
	return b, w.err
}

// size is how many bytes the part takes; -1 if nobody knows. Text has to be read
// once to know it.
func (p part) size(ctx context.Context) (int64, error) {
	switch {
	case p.stream == nil:
		return int64(len(p.text)), nil
	case p.stream.Size < 0:
		return -1, nil
	case !p.stream.Text:
		return 2 + (p.stream.Size+2)/3*4, nil
	}
	r, err := p.stream.Begin(ctx, p.input)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, &escaper{from: r})
	return n + 2, errors.Join(err, r.Close())
}

// reader encodes the part's payload.
func (p part) reader(ctx context.Context) (io.ReadCloser, io.Reader, error) {
	if p.stream == nil {
		return nil, bytes.NewReader(p.text), nil
	}
	r, err := p.stream.Begin(ctx, p.input)
	if err != nil {
		return nil, nil, err
	}
	var inner io.Reader = &escaper{from: r}
	switch {
	case !p.stream.Text:
		inner = &base64er{from: r}
	case p.length > 0:
		inner = &exact{from: inner, input: p.input, left: p.length - 2}
	}
	return r, io.MultiReader(strings.NewReader(`"`), inner, strings.NewReader(`"`)), nil
}

// Read encodes on.
func (b *body) Read(p []byte) (int, error) {
	for {
		if b.now == nil {
			if b.at == len(b.parts) {
				return 0, io.EOF
			}
			open, now, err := b.parts[b.at].reader(b.ctx)
			if err != nil {
				return 0, err
			}
			b.open, b.now = open, now
		}
		n, err := b.now.Read(p)
		if err == io.EOF {
			b.now = nil
			b.at++
			err = b.closeOpen()
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Close closes the payload that is open.
func (b *body) Close() error { return b.closeOpen() }

func (b *body) closeOpen() error {
	if b.open == nil {
		return nil
	}
	err := b.open.Close()
	b.open = nil
	return err
}

// again is the same body from its beginning, for a connection that was stale.
func (b *body) again() io.ReadCloser {
	return &body{ctx: b.ctx, parts: b.parts, length: b.length}
}

// writer lays out JSON with payloads in it.
type writer struct {
	compat bool
	text   bytes.Buffer
	quotes *json.Encoder // writes to text
	parts  []part
	err    error
}

func newWriter(compat bool) *writer {
	w := &writer{compat: compat}
	w.quotes = json.NewEncoder(&w.text)
	w.quotes.SetEscapeHTML(false)
	return w
}

func (w *writer) put(s string) { w.text.WriteString(s) }

func (w *writer) flush() {
	if w.text.Len() > 0 {
		w.parts = append(w.parts, part{text: w.text.Bytes()})
		w.text = bytes.Buffer{} // the part keeps what it held
	}
}

func (w *writer) member(i int, name string) {
	if i > 0 {
		w.put(",")
	}
	w.quote(name)
	w.put(":")
}

// value writes one, as the package comment has it.
func (w *writer) value(name string, v contract.Value) {
	switch v.Kind {
	case contract.None:
		w.put("null")
	case contract.Text:
		if w.compat {
			w.quote(quoted(v.Text))
			return
		}
		w.quote(v.Text)
	case contract.JSON:
		w.json(v.Text)
	case contract.Bytes:
		w.put(`"` + base64.StdEncoding.EncodeToString(v.Bytes) + `"`)
	case contract.Large:
		w.flush()
		w.parts = append(w.parts, part{stream: v.Stream, input: name})
	case contract.HTTPIn:
		w.request(name, v.Request)
	}
}

// json writes a value that is JSON already. Azure's host writes numbers as
// strings.
func (w *writer) json(text string) {
	if !json.Valid([]byte(text)) {
		w.err = errors.Join(w.err, fmt.Errorf("%q is not JSON", text))
		return
	}
	text = strings.TrimSpace(text)
	if w.compat && (text[0] == '-' || text[0] >= '0' && text[0] <= '9') {
		text = quoted(text)
	}
	w.put(text)
}

// request writes a client's request as an object.
func (w *writer) request(name string, r *contract.Request) {
	w.put(`{"Url":`)
	w.quote(r.URL)
	w.put(`,"Method":`)
	w.quote(r.Method)
	w.put(`,"Query":`)
	w.flat(r.Query)
	w.put(`,"Headers":`)
	headers := r.Header
	if headers == nil {
		headers = map[string][]string{}
	}
	w.marshal(headers)
	w.put(`,"Params":`)
	params := r.Params
	if params == nil {
		params = map[string]string{}
	}
	w.marshal(params)
	w.put(`,"Identities":[]`)
	if r.Body.Kind != contract.None {
		w.put(`,"Body":`)
		w.value(name, r.Body)
	}
	w.put("}")
}

// flat writes the query: of a name that comes several times, the last.
func (w *writer) flat(query map[string][]string) {
	last := make(map[string]string, len(query))
	for name, values := range query {
		if len(values) > 0 {
			last[name] = values[len(values)-1]
		}
	}
	w.marshal(last)
}

func (w *writer) marshal(v any) {
	text, err := json.Marshal(v)
	w.err = errors.Join(w.err, err)
	w.text.Write(text)
}

// quote writes a JSON string.
func (w *writer) quote(s string) {
	if plain(s) {
		w.text.Grow(len(s) + 2 + 64) // and what stands around it
		w.text.WriteByte('"')
		w.text.WriteString(s)
		w.text.WriteByte('"')
		return
	}
	_ = w.quotes.Encode(s)            // of a string, it can't fail
	w.text.Truncate(w.text.Len() - 1) // the line's end
}

// plain says whether a string stands in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// quoted is a JSON string.
func quoted(s string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // of a string, it can't fail
	return strings.TrimSuffix(out.String(), "\n")
}
