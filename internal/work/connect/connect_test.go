package connect_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

func connections(t *testing.T, cfg connect.Config, settings map[string]string) *connect.Connections {
	t.Helper()
	cfg.Lookup = func(name string) (string, bool) { v, ok := settings[name]; return v, ok }
	c := connect.New(cfg)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

// use puts something into all three stores and reads it back.
func use(t *testing.T, s *connect.Stores) {
	t.Helper()
	ctx := t.Context()
	if _, err := s.Queues.Put(ctx, "orders", []byte("hello")); err != nil {
		t.Fatalf("Put into a queue: %v", err)
	}
	if seen, err := s.Queues.Peek(ctx, "orders", 1); err != nil || len(seen) != 1 || string(seen[0].Body) != "hello" {
		t.Errorf("Peek = %v, %v; want the message", seen, err)
	}
	name := blob.Name{Container: "images", Path: "a/b"}
	if _, err := s.Blobs.Put(ctx, name, blob.Head{}, strings.NewReader("bytes"), blob.Want{}); err != nil {
		t.Fatalf("Put of a blob: %v", err)
	}
	r, _, err := s.Blobs.Open(ctx, name, blob.Range{}, blob.Want{})
	if err != nil {
		t.Fatalf("Open of the blob: %v", err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "bytes" {
		t.Errorf("the blob is %q, %v; want bytes", got, err)
	}
	if _, err := s.Ledger.Put(ctx, "a/key", []byte("value"), ""); err != nil {
		t.Fatalf("Put into the ledger: %v", err)
	}
	if e, err := s.Ledger.Get(ctx, "a/key"); err != nil || string(e.Value) != "value" {
		t.Errorf("the entry is %q, %v; want value", e.Value, err)
	}
}

func TestEachFormOpensAStoreThatWorks(t *testing.T) {
	dir := t.TempDir()
	for name, row := range map[string]struct{ text, kind, target string }{
		"a directory":                  {"file:" + dir + "/f1", "file", dir + "/f1"},
		"one below the base":           {"file:f2", "file", dir + "/base/f2"},
		"one that is written as a URL": {"file://" + dir + "/f3", "file", dir + "/f3"},
		"a relaxed one":                {"file:" + dir + "/f4?sync=normal", "file", dir + "/f4"},
		"an embedded server":           {"nats:" + dir + "/n1", "nats", dir + "/n1"},
		"a relaxed server":             {"nats:" + dir + "/n2?sync=2s", "nats", dir + "/n2"},
	} {
		t.Run(name, func(t *testing.T) {
			c := connections(t, connect.Config{Base: filepath.Join(dir, "base")}, map[string]string{"Mine": row.text})
			s, err := c.Open("Mine")
			if err != nil || s.Kind != row.kind || s.Target != row.target {
				t.Fatalf("Open = %+v, %v; want %s %s", s, err, row.kind, row.target)
			}
			use(t, s)
		})
	}
}

func TestAnAccountOpens(t *testing.T) {
	rig := azurite.New(t)
	c := connections(t, connect.Config{}, map[string]string{"AzureWebJobsStorage": rig.Connection()})
	s, err := c.Open("")
	if err != nil || s.Kind != "Azure" || s.Target != rig.Account() {
		t.Fatalf("Open = %+v, %v; want the account %s", s, err, rig.Account())
	}
	use(t, s)
	if again, err := c.OpenText(rig.Connection()); again != s {
		t.Errorf("the same text opened another store: %v", err)
	}
}

func TestAnIdentityOpensAnAccount(t *testing.T) {
	c := connections(t, connect.Config{}, map[string]string{"Pics__accountName": "pics", "Pics__credential": "managedidentity"})
	if s, err := c.Open("Pics"); err != nil || s.Kind != "Azure" || s.Target != "pics.blob.core.windows.net" {
		t.Errorf("Open = %+v, %v; want the account pics", s, err)
	}
}

func TestAServerThatIsAwayIsNoError(t *testing.T) {
	c := connections(t, connect.Config{}, nil)
	s, err := c.OpenText("nats://joe:hunter2@127.0.0.1:1?replicas=3")
	if err != nil || s.Target != "127.0.0.1:1" {
		t.Fatalf("OpenText = %+v, %v; want a store with the target 127.0.0.1:1", s, err)
	}
	if _, err := c.OpenText("nats://joe:hunter2@127.0.0.1:1?replicas=1"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the same servers with other replicas: error %v; want one without the password", err)
	}
}

func TestOnePlaceIsOpenedOnce(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	c := connections(t, connect.Config{Default: "file:" + dir}, map[string]string{"A": "nats:" + dir + "/n", "B": "nats:" + link + "/./n"})
	var got [8]*connect.Stores
	var group sync.WaitGroup
	for i := range got {
		group.Go(func() {
			var err error
			if got[i], err = c.Open([]string{"A", "B"}[i%2]); err != nil {
				t.Errorf("Open: %v", err)
			}
		})
	}
	group.Wait()
	for _, s := range got {
		if s == nil || s != got[0] {
			t.Fatalf("two connections to one directory opened two stores")
		}
	}
	for name, text := range map[string]string{"other options": "nats:" + dir + "/n?sync=1s", "another kind": "file:" + dir + "/n"} {
		if _, err := c.OpenText(text); err == nil || !strings.Contains(err.Error(), "other options") {
			t.Errorf("%s for the same directory: error %v, want one that says so", name, err)
		}
	}
}

func TestAConnectionThatIsNotSet(t *testing.T) {
	var log bytes.Buffer
	c := connections(t, connect.Config{Default: "file:" + t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))}, nil)
	usual, err := c.Open("AzureWebJobsStorage")
	if err != nil || log.Len() > 0 {
		t.Fatalf("Open of the usual one: %v, log %q; want the default, in silence", err, &log)
	}
	if other, err := c.Open("Typo"); err != nil || other != usual || !strings.Contains(log.String(), "Typo is not set") {
		t.Errorf("Open of another one: %v, log %q; want the default and a warning", err, &log)
	}
	if _, err := connections(t, connect.Config{}, nil).Open("Typo"); err == nil || !strings.Contains(err.Error(), "Typo is not there\nhint: file:DIR") {
		t.Errorf("Open without a default: error %v; want one with the forms", err)
	}
}

func TestAValueThatIsWrongIsNotRepeated(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"no form at all":         "sesame",
		"a URL with a signature": "https://x.blob.core.windows.net/?sig=sesame",
		"a bare key":             "sesame==",
		"another database":       "redis://u:sesame@host",
		"a server without host":  "nats://:sesame@",
		"an unknown option":      "nats://host?sesame=1",
		"a number of replicas":   "nats://host?replicas=sesame",
		"a word for sync":        "file:" + dir + "/x?sync=sesame",
		"a duration of sync":     "nats:" + dir + "/x?sync=sesame",
		"no directory":           "file:",
		"a host for a directory": "file://sesame/x",
		"an option twice":        "file:" + dir + "/x?sync=normal&sync=sesame",
		"a part of no account":   "AccountName=x;sesame",
	} {
		_, err := connections(t, connect.Config{}, map[string]string{"Mine": text}).Open("Mine")
		if err == nil || strings.Contains(err.Error(), "sesame") || !strings.Contains(err.Error(), "\nhint: ") || !strings.HasPrefix(err.Error(), "connection Mine: ") {
			t.Errorf("%s: Open: error %v; want one with the connection's name and a hint, without the value", name, err)
		}
	}
}

func TestClosedConnectionsOpenNothing(t *testing.T) {
	c := connect.New(connect.Config{Default: "file:" + t.TempDir()})
	if _, err := c.Open(""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := c.Open("Other"); err == nil {
		t.Error("Open after Close returned a store")
	}
}
