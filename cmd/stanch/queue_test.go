package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/queue"
	"github.com/stanch-dev/stanch/internal/work/store/azurite"
)

// verb runs stanch on a store, in this process.
func verb(t *testing.T, store, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), world{append(args, "--store", store), nil, strings.NewReader(stdin), &out, &errs})
	return code, out.String(), errs.String()
}

// good is a verb that has to work out.
func good(t *testing.T, store, stdin string, args ...string) string {
	t.Helper()
	code, stdout, stderr := verb(t, store, stdin, args...)
	if code != exitOK {
		t.Fatalf("stanch %s: code %d, %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func TestTheVerbsOfWorkDoTheSameOnEveryStore(t *testing.T) {
	t.Run("file", func(t *testing.T) { useVerbs(t, "file:"+t.TempDir()) })
	t.Run("nats", func(t *testing.T) { useVerbs(t, "nats:"+t.TempDir()) })
	t.Run("azure", func(t *testing.T) { useVerbs(t, azurite.New(t).Connection()) })
}

func useVerbs(t *testing.T, store string) {
	good(t, store, "", "queue", "put", "orders-poison", "bad", "--count", "35")
	note(t, store)
	if got := good(t, store, "", "queue", "ls"); !strings.Contains(got, "killed its worker twice (1)") {
		t.Errorf("queue ls = %q, want the reason", got)
	}
	if got := good(t, store, "", "queue", "peek", "orders-poison", "--max", "1"); !strings.Contains(got, "poison: killed its worker twice") || !strings.Contains(got, "  bad\n") {
		t.Errorf("queue peek = %q, want the message and why it is poison", got)
	}
	if got := good(t, store, "", "queue", "requeue", "orders"); got != "moved 35 messages from orders-poison to orders\n" {
		t.Errorf("queue requeue = %q, want 35 moved", got)
	}
	if got := good(t, store, "", "queue", "ls"); strings.Contains(got, "killed") {
		t.Errorf("queue ls after it = %q, want no reason", got)
	}
	var lines []queueLine
	if err := json.Unmarshal([]byte(good(t, store, "", "queue", "ls", "--json")), &lines); err != nil || len(lines) != 2 || lines[0].Name != "orders" || lines[0].Total != 35 {
		t.Errorf("queue ls --json = %+v, %v; want orders with 35 messages, and its poison queue", lines, err)
	}
	if got := good(t, store, "", "queue", "clear", "orders", "--yes"); got != "deleted about 35 messages of orders\n" {
		t.Errorf("queue clear = %q, want 35 deleted", got)
	}

	const size = 9 << 20 // several blocks, several chunks
	payload := strings.Repeat("0123456789abcdef", size/16)
	good(t, store, payload, "blob", "put", "images/big", "-")
	file := filepath.Join(t.TempDir(), "big")
	good(t, store, "", "blob", "get", "images/big", file)
	if got, err := os.ReadFile(file); err != nil || string(got) != payload {
		t.Errorf("blob get = %d bytes, %v; want the %d that were put", len(got), err, size)
	}
	if got := good(t, store, "", "blob", "get", "images/big", "--range", "5000005-5000016"); got != payload[5000005:5000017] {
		t.Errorf("blob get --range = %q, want %q", got, payload[5000005:5000017])
	}
	if got := good(t, store, "", "blob", "ls", "images"); !strings.Contains(got, fmt.Sprintf("%d  ", size)) || !strings.Contains(got, "images/big") {
		t.Errorf("blob ls = %q, want the blob", got)
	}
	good(t, store, "", "blob", "rm", "images/big")
	if code, _, stderr := verb(t, store, "", "blob", "get", "images/big"); code != exitError || !strings.Contains(stderr, "not there") {
		t.Errorf("blob get of a deleted one: code %d, %q; want 1, not there", code, stderr)
	}
}

// note says of the oldest poison message what a host would.
func note(t *testing.T, store string) {
	t.Helper()
	c := connect.New(connect.Config{})
	defer c.Close()
	s, err := c.OpenText(store)
	if err != nil {
		t.Fatal(err)
	}
	const name = "orders" + queue.PoisonSuffix
	seen, err := s.Queues.Peek(t.Context(), name, 1)
	if err != nil || len(seen) != 1 {
		t.Fatalf("Peek = %v, %v; want a message", seen, err)
	}
	if err := poison.Write(t.Context(), s.Ledger, poison.Note{Queue: name, ID: seen[0].ID, Why: "killed its worker twice", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatATerminalMayNotHaveIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"plain ünï 漢 🙂\n\tx": "plain ünï 漢 🙂\n\tx",
		"\x1b[31mred":        `\u001b[31mred`,
		"back\rspace\b":      `back\u000dspace\u0008`,
		"right\u202eleft":    `right\u202eleft`,
		"no\xfftext\uFFFD":   `no\xfftext` + "\uFFFD",
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzARangeIsReadAsItIsPrinted(f *testing.F) {
	for _, text := range []string{"0-0", "5-", "-5", "9-3", "1-4611686018427387903", "a-b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRange(text)
		if err != nil {
			return
		}
		again := fmt.Sprintf("%d-", r.From)
		if r.Count > 0 {
			again += fmt.Sprint(r.From + r.Count - 1)
		}
		if got, err := parseRange(again); err != nil || got != r || r.From < 0 || r.Count < 0 {
			t.Errorf("parseRange(%q) = %+v, and of %q %+v, %v", text, r, again, got, err)
		}
	})
}

func TestASlowCopyTellsHowFarItIs(t *testing.T) {
	for took, want := range map[time.Duration]string{
		1999 * time.Millisecond: "",
		2001 * time.Millisecond: "images/big 1MiB of 4MiB, 25 %, 512KiB/s\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			p := newProgress(world{stderr: &out}, "images/big", 4<<20, true)
			p.add(1 << 20)
			time.Sleep(took) // of the bubble's clock
			p.stop()
			if got := out.String(); got != want {
				t.Errorf("in %v it said %q, want %q", took, got, want)
			}
		})
	}
}
