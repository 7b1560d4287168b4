package contracttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// Functions are the names of what a worker has. Those that end in bytes take and
// give bytes, the others text.
func Functions() []string {
	return []string{"read", "readbytes", "echo", "echobytes", "makebytes", "hello", "log", "fail", "garbage", "half", "hang", "diebefore", "diewhile", "dieafter"}
}

// Call is an invocation as a worker has it.
type Call struct {
	ID, Function string
	Raw          io.Reader // as it comes on the wire, before anything of it is decoded
	// Decode gives the trigger's payload, and the facts with their names in lower
	// case. It is called once, after Raw is no longer read.
	Decode  func() (payload io.Reader, metadata map[string]string, err error)
	Trace   string
	Retry   contract.Retry
	Log     func(line string)
	Die     func()          // ends the worker as a kill does
	Gone    <-chan struct{} // closed when the worker is told that nobody waits any more
	Journal *Journal
}

// Reply is what the worker is to answer.
type Reply struct {
	Value   contract.Value // Text, JSON, Bytes, or Large
	Failure string         // the function fails with this message, if there is one
	Garbage bool           // something that is no answer
	Half    bool           // the first half of an answer, and then death
	Nothing bool           // no answer: it is dead, or the payload broke off
}

// Seen is what read tells.
type Seen struct {
	Size       int64
	Digest     string
	ID, Trace  string
	Metadata   map[string]string
	Count, Max int
}

// Journal is what functions note, a line each. It is safe for concurrent use.
type Journal struct {
	mu sync.Mutex
	To io.Writer
}

func (j *Journal) note(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, _ = io.WriteString(j.To, line+"\n")
}

// Answer is what the functions do.
func Answer(c Call) Reply {
	switch c.Function {
	case "diebefore":
		c.Die()
		return Reply{Nothing: true}
	case "diewhile":
		_, _ = io.CopyN(io.Discard, c.Raw, 1<<20)
		c.Die()
		return Reply{Nothing: true}
	}
	payload, metadata, err := c.Decode()
	if err != nil {
		return Reply{Nothing: true}
	}
	sum := sha256.New()
	var kept bytes.Buffer
	to := io.Writer(sum)
	if !strings.HasPrefix(c.Function, "read") {
		to = io.MultiWriter(sum, &kept)
	}
	size, err := io.Copy(to, payload)
	if err != nil {
		return Reply{Nothing: true}
	}
	c.Journal.note("whole " + c.ID)
	switch c.Function {
	case "read", "readbytes":
		told, err := json.Marshal(Seen{size, fmt.Sprintf("%x", sum.Sum(nil)), c.ID, c.Trace, metadata, c.Retry.Count, c.Retry.Max})
		if err != nil {
			return Reply{Failure: err.Error()}
		}
		return Reply{Value: plain(string(told))}
	case "echo":
		return Reply{Value: text(kept.String())}
	case "echobytes":
		return Reply{Value: held(kept.String())}
	case "makebytes":
		n, err := strconv.ParseInt(kept.String(), 10, 64)
		if err != nil {
			return Reply{Failure: err.Error()}
		}
		return Reply{Value: large(false, n, func() io.Reader { return noise(n) })}
	case "log":
		c.Log("first of " + c.ID)
		c.Log("second of " + c.ID)
		return Reply{}
	case "fail":
		return Reply{Failure: "no good: " + kept.String()}
	case "garbage":
		return Reply{Garbage: true}
	case "half":
		return Reply{Half: true}
	case "hang":
		<-c.Gone
		c.Journal.note("told " + c.ID)
		return Reply{Nothing: true}
	case "dieafter":
		c.Die()
		return Reply{Nothing: true}
	}
	return Reply{Failure: "there is no function " + c.Function}
}

// noise is n bytes in which every byte occurs and none is like its neighbours.
func noise(n int64) io.Reader {
	// Of a prime length, so that no buffer's edges fall together with its own.
	p := &pattern{block: make([]byte, 65537)}
	for i := range p.block {
		p.block[i] = byte(i>>8) ^ byte(i*31)
	}
	return io.LimitReader(p, n)
}

// pattern repeats its block without end.
type pattern struct {
	block []byte
	at    int
}

func (p *pattern) Read(b []byte) (int, error) {
	n := copy(b, p.block[p.at:])
	p.at = (p.at + n) % len(p.block)
	return n, nil
}

func digest(from io.Reader) string {
	sum := sha256.New()
	_, _ = io.Copy(sum, from)
	return fmt.Sprintf("%x", sum.Sum(nil))
}
