package customhandler

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/spool"
)

// held is up to which length a value is held in memory; a longer one is read
// from the kept answer.
const held = 64 << 10

// decode finds the outputs, the return value and the log lines of an answer.
// Names are compared without regard to case, as Azure's host does.
func (c *Client) decode(function string, k *spool.Kept) (*contract.Result, []string, error) {
	result := &contract.Result{}
	var logs []string
	s := scan(k, span{to: k.Size()})
	err := s.members(func(name string, v span) error {
		var err error
		switch {
		case v.first == 'n': // null stands for nothing
		case strings.EqualFold(name, "Outputs"):
			err = scan(k, v).members(func(name string, v span) error {
				value, err := c.value(k, v, c.cfg.Binary != nil && c.cfg.Binary(function, name))
				result.Outputs = append(result.Outputs, contract.Output{Name: name, Value: value})
				return within(err, "Outputs."+name)
			})
		case strings.EqualFold(name, "ReturnValue"):
			var value contract.Value
			value, err = c.value(k, v, c.cfg.Binary != nil && c.cfg.Binary(function, "$return"))
			result.Return = &value
		case strings.EqualFold(name, "Logs"):
			err = scan(k, v).elements(func(v span) error {
				line, err := text(k, v)
				logs = append(logs, line)
				return err
			})
		}
		return within(err, name)
	})
	if err == nil {
		err = s.end()
	}
	return result, logs, err
}

func within(err error, name string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// longestLine is how much of a log line is kept.
const longestLine = 32 << 10

// text is a line of a log: a string as it is, anything else as JSON.
func text(k *spool.Kept, v span) (string, error) {
	var out []byte
	var err error
	if v.first == '"' {
		out, err = io.ReadAll(io.LimitReader(unquote(k, v), longestLine))
	} else {
		out, err = io.ReadAll(io.LimitReader(k.Part(v.from, v.to), longestLine))
	}
	return string(out), err
}

// value is one output. A string is bytes if its binding says so; with Compat also
// if it can be base64.
func (c *Client) value(k *spool.Kept, v span, binary bool) (contract.Value, error) {
	long := v.to-v.from > held
	if v.first != '"' {
		if long {
			return large(v.to-v.from, true, "application/json", func() io.Reader { return k.Part(v.from, v.to) }), nil
		}
		all, err := io.ReadAll(k.Part(v.from, v.to))
		if err == nil && !json.Valid(all) {
			err = fmt.Errorf("%.40q is not JSON", all)
		}
		return contract.Value{Kind: contract.JSON, Text: string(all)}, err
	}
	if binary || c.cfg.Compat {
		size, ok := decodable(k, v)
		ok = ok && (binary || size > 0) // an empty string is a string, unless it was to be bytes
		switch {
		case ok && long:
			return large(size, false, "", func() io.Reader { return base64.NewDecoder(base64.StdEncoding, unquote(k, v)) }), nil
		case ok:
			all, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, unquote(k, v)))
			return contract.Value{Kind: contract.Bytes, Bytes: all}, err
		case binary:
			return contract.Value{}, fmt.Errorf("the binding has dataType binary, and its string is not base64")
		}
	}
	if !long {
		all, err := io.ReadAll(unquote(k, v))
		return contract.Value{Kind: contract.Text, Text: string(all)}, err
	}
	size, err := io.Copy(io.Discard, unquote(k, v))
	return large(size, true, "", func() io.Reader { return unquote(k, v) }), err
}

// decodable says how many bytes a string is that is base64.
func decodable(k *spool.Kept, v span) (size int64, ok bool) {
	n, err := io.Copy(io.Discard, base64.NewDecoder(base64.StdEncoding, strict{unquote(k, v)}))
	return n, err == nil
}

// strict takes away the decoder's leave to pass over line ends.
type strict struct{ r io.Reader }

func (s strict) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if bytes.ContainsAny(p[:n], "\r\n") {
		return 0, base64.CorruptInputError(0)
	}
	return n, err
}

// large is a value that stays in the kept answer.
func large(size int64, text bool, contentType string, from func() io.Reader) contract.Value {
	return contract.Value{Kind: contract.Large, Stream: &contract.Stream{
		Size: size, Text: text, ContentType: contentType,
		Open: func(_ context.Context, at int64) (io.ReadCloser, error) {
			r := from()
			if _, err := io.CopyN(io.Discard, r, at); err != nil && err != io.EOF {
				return nil, err
			}
			return io.NopCloser(r), nil
		},
	}}
}

// unquote reads the inside of a JSON string.
func unquote(k *spool.Kept, v span) io.Reader {
	part := k.Part(v.from+1, v.to-1)
	return &unquoter{r: bufio.NewReaderSize(part, int(min(part.Size(), 32<<10)))}
}

// unquoter undoes the escapes of a JSON string.
type unquoter struct {
	r    *bufio.Reader
	left []byte
}

func (u *unquoter) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(u.left) > 0 {
			m := copy(p[n:], u.left)
			u.left = u.left[m:]
			n += m
			continue
		}
		if _, err := u.r.Peek(1); err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
		plain, _ := u.r.Peek(min(u.r.Buffered(), len(p)-n)) // it is there
		at := bytes.IndexByte(plain, '\\')
		if at < 0 {
			at = len(plain)
		}
		n += copy(p[n:], plain[:at])
		_, _ = u.r.Discard(at) // what was peeked
		if at == len(plain) {
			continue
		}
		_, _ = u.r.Discard(1)
		var err error
		if u.left, err = u.escape(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// escape reads what follows a backslash. Surrogates come in pairs; a lone one is
// U+FFFD, as encoding/json has it, whose decoder does the work.
func (u *unquoter) escape() ([]byte, error) {
	c, err := u.r.ReadByte()
	if err != nil {
		return nil, ended(err)
	}
	seq := []byte{'"', '\\', c}
	if c == 'u' {
		four := make([]byte, 4)
		if _, err := io.ReadFull(u.r, four); err != nil {
			return nil, ended(err)
		}
		seq = append(seq, four...)
		if n, err := strconv.ParseUint(string(four), 16, 16); err == nil && n >= 0xd800 && n < 0xdc00 {
			if more, err := u.r.Peek(6); err == nil && more[0] == '\\' && more[1] == 'u' {
				if low, err := strconv.ParseUint(string(more[2:]), 16, 16); err == nil && low >= 0xdc00 && low < 0xe000 {
					seq = append(seq, more...)
					_, _ = u.r.Discard(6) // what was peeked
				}
			}
		}
	}
	var out string
	if err := json.Unmarshal(append(seq, '"'), &out); err != nil {
		return nil, err
	}
	return []byte(out), nil
}

// Response reads an http output as a custom handler writes it:
// {"statusCode"|"status", "body", "headers"}. What is no such object is the body
// of a 200. It is exported for whoever knows which output is of that type.
func Response(v contract.Value) (*contract.Response, error) {
	plain := &contract.Response{Status: 200, Header: map[string][]string{}, Body: v}
	if v.Kind != contract.JSON || !strings.HasPrefix(strings.TrimSpace(v.Text), "{") {
		return plain, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(v.Text), &members); err != nil {
		return nil, fmt.Errorf("read an http output: %w", err)
	}
	response, known := &contract.Response{Status: 200, Header: map[string][]string{}}, false
	for name, raw := range members {
		var err error
		switch strings.ToLower(name) {
		case "statuscode", "status":
			known = true
			response.Status, err = status(raw)
		case "headers":
			known = true
			err = headers(raw, response.Header)
		case "body":
			known = true
			response.Body = bodyOf(raw)
		}
		if err != nil {
			return nil, fmt.Errorf("read an http output: %s: %w", name, err)
		}
	}
	if !known {
		return plain, nil
	}
	return response, nil
}

// status is a number, or a string that is one.
func status(raw json.RawMessage) (int, error) {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err == nil && (n < 100 || n > 999) {
		err = fmt.Errorf("%d is no HTTP status", n)
	}
	return n, err
}

func headers(raw json.RawMessage, to map[string][]string) error {
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for name, value := range all {
		name = textproto.CanonicalMIMEHeaderKey(name)
		if list, ok := value.([]any); ok {
			for _, one := range list {
				to[name] = append(to[name], fmt.Sprint(one))
			}
			continue
		}
		to[name] = append(to[name], fmt.Sprint(value))
	}
	return nil
}

func bodyOf(raw json.RawMessage) contract.Value {
	var text string
	if json.Unmarshal(raw, &text) == nil && raw[0] == '"' {
		return contract.Value{Kind: contract.Text, Text: text}
	}
	if string(raw) == "null" {
		return contract.Value{}
	}
	return contract.Value{Kind: contract.JSON, Text: string(raw)}
}
