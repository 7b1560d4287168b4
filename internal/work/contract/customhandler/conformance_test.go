package customhandler_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/contract/contracttest"
	"github.com/stanch-dev/stanch/internal/work/contract/customhandler"
)

func TestMain(m *testing.M) {
	if !contracttest.Serve(worker) {
		m.Run()
	}
}

// worker is a custom handler as people write it: it decodes the whole request.
func worker(j *contracttest.Journal) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /api/hello/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Answer", fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("X-One")))
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body)
	})
	mux.HandleFunc("POST /{function}", func(w http.ResponseWriter, r *http.Request) {
		function, logs := r.PathValue("function"), []string{}
		call := contracttest.Call{
			ID: r.Header.Get("X-Azure-Functions-InvocationId"), Function: function, Raw: r.Body, Trace: r.Header.Get("Traceparent"),
			Log: func(line string) { logs = append(logs, line) },
			Die: contracttest.Kill, Gone: r.Context().Done(), Journal: j,
		}
		var body struct {
			Data     map[string]json.RawMessage
			Metadata map[string]json.RawMessage
		}
		text, err := io.ReadAll(doomed(function, r.Body))
		if err == nil {
			err = json.Unmarshal(text, &body)
		}
		if policy, ok := body.Metadata["RetryContext"]; ok {
			var told struct{ RetryCount, MaxRetryCount int }
			_ = json.Unmarshal(policy, &told) // what is not told is seen as such
			call.Retry = contract.Retry{Count: told.RetryCount, Max: told.MaxRetryCount}
			delete(body.Metadata, "RetryContext")
		}
		call.Decode = func() (io.Reader, map[string]string, error) {
			if err != nil {
				return nil, nil, err
			}
			var facts map[string]string
			for name, v := range body.Metadata {
				if facts == nil {
					facts = map[string]string{}
				}
				facts[strings.ToLower(name)] = string(unquoted(v))
			}
			payload := unquoted(body.Data["in"])
			if strings.HasSuffix(function, "bytes") {
				return base64.NewDecoder(base64.StdEncoding, bytes.NewReader(payload)), facts, nil
			}
			return bytes.NewReader(payload), facts, nil
		}
		reply := contracttest.Answer(call)
		switch {
		case reply.Nothing:
			panic(http.ErrAbortHandler)
		case reply.Failure != "":
			http.Error(w, reply.Failure, http.StatusInternalServerError)
		case reply.Garbage:
			_, _ = io.WriteString(w, `{"Outputs":{"a":`)
		case reply.Half:
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"ReturnValue":"half`)
			_ = http.NewResponseController(w).Flush()
			contracttest.Kill()
		default:
			lines, _ := json.Marshal(logs) // of strings, it can't fail
			_, _ = fmt.Fprintf(w, `{"Logs":%s,"ReturnValue":`, lines)
			give(w, r, reply.Value, strings.HasSuffix(function, "bytes"))
			_, _ = io.WriteString(w, `}`)
		}
	})
	return mux
}

// doomed leaves the body to functions that die before they have read it.
func doomed(function string, body io.Reader) io.Reader {
	if function == "diebefore" || function == "diewhile" {
		return strings.NewReader("{}")
	}
	return body
}

func unquoted(v json.RawMessage) []byte {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return []byte(s) // of null it is empty
	}
	return v
}

// give writes a value: bytes as base64, as the function's binding says.
func give(w io.Writer, r *http.Request, v contract.Value, binary bool) {
	body, _, err := v.Open(r.Context(), "reply")
	if err != nil {
		panic(err)
	}
	switch {
	case v.Kind == contract.JSON && !binary:
		_, _ = io.Copy(w, body)
	case v.Kind == contract.JSON:
		all, _ := io.ReadAll(body) // of what is held
		_, _ = fmt.Fprintf(w, "%q", base64.StdEncoding.EncodeToString(all))
	case binary:
		_, _ = io.WriteString(w, `"`)
		e := base64.NewEncoder(base64.StdEncoding, w)
		_, _ = io.Copy(e, body)
		_ = e.Close()
		_, _ = io.WriteString(w, `"`)
	default:
		all, _ := io.ReadAll(body)
		_ = json.NewEncoder(w).Encode(string(all))
	}
}

func TestTheContractIsKept(t *testing.T) {
	contracttest.Run(t, contracttest.Case{
		HTTP: true, Logs: true, Garbage: true, OddNames: true,
		Start: func(t *testing.T, log func(contract.Line)) *contracttest.Worker {
			dial, stop := contracttest.Process(t)
			dir := t.TempDir()
			c := customhandler.New(customhandler.Config{
				Dial: dial, Spool: dir, Log: log,
				Forward: func(function string) bool { return function == "hello" },
				Binary:  func(function, _ string) bool { return strings.HasSuffix(function, "bytes") },
			})
			t.Cleanup(c.Close)
			return &contracttest.Worker{Contract: c, Held: func() int { return contracttest.Open(t, dir) }, Stop: stop}
		},
	})
}
