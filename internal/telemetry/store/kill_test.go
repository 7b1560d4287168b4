package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// writeUntilKilled is the child of the test below: it appends rows as fast as it
// can, and says on its output how many of them were acknowledged.
func writeUntilKilled(dir, name string) {
	w, err := store.Open(dir, store.Options{Writer: name})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	// As many may wait as the writer has room for: none is to be lost.
	var appended atomic.Int64
	room := make(chan struct{}, 50_000)
	go func() {
		for i := 0; ; i++ {
			room <- struct{}{}
			if err := w.Append("traces", start, fmt.Appendf(nil, `{"itemId":"%s %d"}`, name, i)); err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			appended.Add(1)
		}
	}()
	for synced := int64(0); ; {
		n := appended.Load()
		if err := w.Sync(context.Background()); err != nil || w.Lost() > 0 {
			fmt.Println("error", err, w.Lost())
			os.Exit(1)
		}
		fmt.Println(n) // all n are on disk
		for ; synced < n; synced++ {
			<-room
		}
	}
}

func TestMain(m *testing.M) {
	if dir := os.Getenv("STANCH_TEST_WRITE_TO"); dir != "" {
		writeUntilKilled(dir, os.Getenv("STANCH_TEST_NAME"))
	}
	os.Exit(m.Run())
}

// A hundred writers are killed at full rate, one after the other, each at another
// moment; every row that was acknowledged is found.
func TestKilledWritersLoseNothingThatWasAcknowledged(t *testing.T) {
	dir := t.TempDir()
	acknowledged := make([]int, 100)
	for i := range acknowledged {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STANCH_TEST_WRITE_TO="+dir, "STANCH_TEST_NAME=w"+strconv.Itoa(i))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(out)
		for n := 0; (n <= i%7 || acknowledged[i] == 0) && said.Scan(); n++ {
			if acknowledged[i], err = strconv.Atoi(said.Text()); err != nil {
				t.Fatalf("writer %d: %s", i, said.Text())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for said.Scan() { // said before it died
			if n, err := strconv.Atoi(said.Text()); err == nil {
				acknowledged[i] = n
			}
		}
		_ = cmd.Wait() // it was killed
	}
	var told []string
	open(t, dir, store.Options{Tell: func(m string) { told = append(told, m) }})
	found := map[string]int{}
	d, err := store.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := d.Scan("traces", start, start)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		err := r.Each(t.Context(), func(block []byte, _ bool) error {
			for line := range strings.Lines(string(block)) {
				var name string
				var n int
				if _, err := fmt.Sscanf(line, `{"itemId":"%s %d"}`, &name, &n); err != nil {
					t.Fatalf("a line that nobody wrote: %.100q", line)
				}
				if n != found[name] {
					t.Fatalf("%s: row %d follows row %d", name, n, found[name]-1)
				}
				found[name]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for i, want := range acknowledged {
		total += want
		if got := found["w"+strconv.Itoa(i)]; got < want || want == 0 {
			t.Errorf("writer %d: %d rows were acknowledged, %d are found", i, want, got)
		}
	}
	if len(d.Damage()) != 0 {
		t.Errorf("damage %v, want none after the repair", d.Damage())
	}
	t.Logf("%d rows acknowledged by 100 writers; %d torn ends were cut", total, len(told))
}
