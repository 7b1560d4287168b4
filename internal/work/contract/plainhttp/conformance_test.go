package plainhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/contracttest"
	"github.com/stanch-dev/stanch/internal/work/contract/plainhttp"
)

func TestMain(m *testing.M) {
	if !contracttest.Serve(worker) {
		m.Run()
	}
}

// worker is a plain HTTP server.
func worker(j *contracttest.Journal) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := func(header string) int { n, _ := strconv.Atoi(r.Header.Get(header)); return n }
		reply := contracttest.Answer(contracttest.Call{
			ID: r.Header.Get("Stanch-Invocation-Id"), Function: path.Base(r.URL.Path), Raw: r.Body,
			Decode: func() (io.Reader, map[string]string, error) {
				var facts map[string]string
				for name, values := range r.Header {
					if name, ok := strings.CutPrefix(strings.ToLower(name), "stanch-meta-"); ok {
						if facts == nil {
							facts = map[string]string{}
						}
						plain, err := url.PathUnescape(values[0])
						if err != nil {
							return nil, nil, err
						}
						facts[name] = plain
					}
				}
				return r.Body, facts, nil
			},
			Trace: r.Header.Get("Traceparent"), Retry: contract.Retry{Count: number("Stanch-Retry-Count"), Max: number("Stanch-Retry-Max")},
			Log: func(string) {}, Die: contracttest.Kill, Gone: r.Context().Done(), Journal: j,
		})
		switch {
		case reply.Nothing:
			panic(http.ErrAbortHandler)
		case reply.Failure != "":
			http.Error(w, reply.Failure, http.StatusUnprocessableEntity)
		case reply.Half:
			w.Header().Set("Content-Length", "1000")
			_, _ = fmt.Fprint(w, "half")
			_ = http.NewResponseController(w).Flush()
			contracttest.Kill()
		default:
			body, _, err := reply.Value.Open(r.Context(), "reply")
			if err != nil {
				panic(err)
			}
			_, _ = io.Copy(w, body)
		}
	})
}

func TestTheContractIsKept(t *testing.T) {
	contracttest.Run(t, contracttest.Case{
		Start: func(t *testing.T, _ func(contract.Line)) *contracttest.Worker {
			dial, stop := contracttest.Process(t)
			dir := t.TempDir()
			c := plainhttp.New(plainhttp.Config{Dial: dial, Path: func(function string) string { return "/work/" + function }, Spool: dir})
			t.Cleanup(c.Close)
			return &contracttest.Worker{Contract: c, Held: func() int { return contracttest.Open(t, dir) }, Stop: stop}
		},
	})
}
