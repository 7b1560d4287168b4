package azure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azure"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// calls are one of each kind.
func calls(t *testing.T, s *azure.Store) map[string]func() error {
	name := blob.Name{Container: "box", Path: "x"}
	return map[string]func() error{
		"Put":    func() error { _, err := s.Put(within(t), "jobs", []byte("x")); return err },
		"Lease":  func() error { _, err := s.Lease(within(t), "jobs", queue.Ask{Max: 1, Hold: time.Minute}); return err },
		"Depth":  func() error { _, err := s.Depth(within(t), "jobs"); return err },
		"Queues": func() error { _, err := s.Queues(within(t)); return err },
		"Open":   func() error { _, _, err := s.Blobs().Open(within(t), name, blob.Range{}, blob.Want{}); return err },
		"Stat":   func() error { _, err := s.Blobs().Stat(within(t), name); return err },
		"put a blob": func() error {
			_, err := s.Blobs().Put(within(t), name, blob.Head{}, bytes.NewReader(make([]byte, 5<<20)), blob.Want{})
			return err
		},
		"List": func() error {
			for _, err := range s.Blobs().List(within(t), "box", "") {
				return err
			}
			return nil
		},
		"write the ledger": func() error { _, err := s.Ledger().Put(within(t), "k", []byte("x"), ""); return err },
	}
}

func answersThatAreNoneAreUnavailable(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	for what, call := range calls(t, s) {
		for _, row := range []struct {
			reason string
			fault  fault
			after  time.Duration
		}{
			{"throttled, with a pause", status(429, "ServerBusy", "7"), 7 * time.Second},
			{"busy, with a pause", status(503, "ServerBusy", "300"), 300 * time.Second},
			{"busy, without", status(503, "ServerBusy", ""), 0},
			{"failed", status(500, "InternalError", ""), 0},
			{"a proxy's own answer, without a code", status(502, "", ""), 0},
			{"the connection breaks", func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, 0},
		} {
			p.set(row.fault)
			before := p.requests()
			down(t, what+", "+row.reason, call(), row.after)
			if n := p.requests() - before; n > 3 { // two of ours; net/http adds one on a connection that had been idle
				t.Errorf("%s, %s: %d requests, want 3 at most", what, row.reason, n)
			}
		}
		p.set(nil)
	}
	p.set(nil)
	for _, what := range []string{"Put", "Depth", "put a blob", "Open", "write the ledger"} {
		must(t, what+" when it is back", calls(t, s)[what]())
	}
}

func anAnswerThatNeverComesEndsWithItsContext(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	s := open(t, p.connection(), azure.Options{})
	p.set(func(_ http.ResponseWriter, r *http.Request) bool {
		_, _ = io.Copy(io.Discard, r.Body) // a server sees that its client is gone only when it has read the request
		<-r.Context().Done()
		return true
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := s.Put(ctx, "jobs", nil)
	down(t, "Put", err, 0)
	is(t, "Put", err, context.DeadlineExceeded)
	given, giveUp := context.WithCancel(t.Context())
	giveUp()
	_, err = s.Put(given, "jobs", nil)
	is(t, "Put with a context that has ended", err, context.Canceled)
}

func TestAStoreThatIsDownAtStartAndComesBack(t *testing.T) {
	rig := azurite.New(t)
	must(t, "Stop", rig.Stop())
	s := open(t, rig.Connection(), azure.Options{})
	for what, call := range calls(t, s) {
		down(t, what+" while it is down", call(), 0)
	}
	must(t, "Again", rig.Again(within(t)))
	_, err := s.Put(within(t), "jobs", []byte("kept"))
	must(t, "Put when it is up", err)
	l := one(t, s, "jobs")
	must(t, "Stop", rig.Stop())
	down(t, "Renew while it is down", l.Renew(within(t), time.Minute), 0)
	down(t, "Done while it is down", l.Done(within(t)), 0)
	must(t, "Again", rig.Again(within(t)))
	must(t, "Done when it is up", l.Done(within(t)))
	rig.Kill()
	down(t, "Put after a kill", calls(t, s)["Put"](), 0)
	must(t, "Again", rig.Again(within(t)))
	must(t, "Put after a kill and a start", calls(t, s)["Put"]())
}

// one leases the message that is there.
func one(t testing.TB, s *azure.Store, name string) queue.Lease {
	t.Helper()
	all, err := s.Lease(within(t), name, queue.Ask{Max: 1, Hold: time.Minute})
	must(t, "Lease", err)
	if len(all) != 1 {
		t.Fatalf("Lease of %s = %d messages, want 1", name, len(all))
	}
	return all[0]
}

func noErrorAndNoLogHoldsASecret(t *testing.T, rig *azurite.Rig) {
	p := newProxy(t, rig)
	var mu sync.Mutex
	var said strings.Builder
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		said.WriteString(text + "\n")
	}
	azlog.SetListener(func(_ azlog.Event, text string) { note(text) }) // as if somebody had asked the SDK for its log
	defer azlog.SetListener(nil)

	signature := readOnly(t, rig)
	_, tail, _ := strings.Cut(signature, "sig=")
	tail, _, _ = strings.Cut(tail, "&")

	withSAS := fmt.Sprintf("BlobEndpoint=%s/%s;SharedAccessSignature=%s", p.blob.URL, rig.Account(), signature)
	wrongKey := strings.Replace(p.connection(), rig.Key(), "AAAA"+rig.Key()[4:], 1)
	for _, connection := range []string{p.connection(), withSAS, wrongKey} {
		account, err := azure.ParseConnection(connection)
		must(t, "ParseConnection", err)
		note(fmt.Sprintf("%v %+v %#v %s %q", account, account, account, account.Key, account.SAS))
		for _, f := range []fault{
			nil, status(403, "AuthenticationFailed", ""), status(503, "ServerBusy", "9"), status(400, "InvalidHeaderValue", ""),
			func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		} {
			p.set(f)
			s := open(t, connection, azure.Options{})
			for what, call := range calls(t, s) {
				note(fmt.Sprintf("%s: %+v", what, call()))
			}
		}
	}
	nobody := strings.ReplaceAll(withSAS, p.blob.URL, "http://127.0.0.1:1") // refused connections name URLs
	for what, call := range calls(t, open(t, nobody, azure.Options{})) {
		note(fmt.Sprintf("%s: %+v", what, call()))
	}
	text := said.String()
	if !strings.Contains(text, "AuthenticationFailed (403)\nhint: ") || !strings.Contains(text, "ServerBusy") {
		t.Errorf("the errors don't say what happened:\n%.2000s", text)
	}
	for what, secret := range map[string]string{"key": rig.Key(), "wrong key": rig.Key()[4:], "signature": tail} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("the %s stands in an error or log:\n%s", what, strings.ReplaceAll(text[max(0, i-300):i], secret, "…"))
		}
	}
	if strings.Contains(text, "sig=") && !strings.Contains(text, "sig=REDACTED") {
		t.Error("a URL with a signature's name stands in an error or log")
	}
}

// readOnly is a SAS of an hour that reads and lists.
func readOnly(t *testing.T, rig *azurite.Rig) (signature string) {
	t.Helper()
	key, err := service.NewSharedKeyCredential(rig.Account(), rig.Key())
	must(t, "key", err)
	client, err := service.NewClientWithSharedKeyCredential(rig.Blob(), key, nil)
	must(t, "client", err)
	signed, err := client.GetSASURL(sas.AccountResourceTypes{Service: true, Container: true, Object: true}, sas.AccountPermissions{Read: true, List: true}, time.Now().Add(time.Hour), nil)
	must(t, "SAS", err)
	_, signature, _ = strings.Cut(signed, "?")
	return signature
}

func aSASOpensWhatItIsFor(t *testing.T, rig *azurite.Rig) {
	full := open(t, rig.Connection(), azure.Options{})
	name := blob.Name{Container: "box", Path: "x"}
	_, err := full.Blobs().Put(within(t), name, blob.Head{}, strings.NewReader("hello"), blob.Want{})
	must(t, "Put", err)
	signature := readOnly(t, rig)
	s := open(t, "BlobEndpoint="+rig.Blob()+";SharedAccessSignature=?"+signature, azure.Options{})
	body, _, err := s.Blobs().Open(within(t), name, blob.Range{}, blob.Want{})
	must(t, "Open by a SAS", err)
	defer body.Close()
	if got, err := io.ReadAll(body); string(got) != "hello" || err != nil {
		t.Errorf("it holds %q, %v; want hello", got, err)
	}
	_, err = s.Blobs().Put(within(t), name, blob.Head{}, strings.NewReader("x"), blob.Want{})
	if _, down := errors.AsType[*work.Unavailable](err); err == nil || down || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("Put by a SAS that only reads: %v, want a refusal with a hint", err)
	}
	if _, err := s.Put(within(t), "jobs", nil); err == nil || !strings.Contains(err.Error(), "QueueEndpoint") {
		t.Errorf("Put into a queue of an account without queues: %v, want an error that names QueueEndpoint", err)
	}
}
