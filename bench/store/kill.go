package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/stanch-dev/stanch/internal/telemetry/store"
)

// killed is what was left of writers that were killed at full rate.
type killed struct {
	Way          string `json:"way"`
	Kills        int    `json:"kills"`
	Acknowledged int    `json:"rows_acknowledged"`
	Missing      int    `json:"acknowledged_rows_missing"`
	TornLines    int    `json:"torn_lines"`
	TornEnds     int    `json:"torn_ends_cut"` // of frames, which no reader ever sees
}

func (k killed) String() string {
	return fmt.Sprintf("%-8s killed %d times: %d rows acknowledged, %d of them missing, %d torn lines, %d torn ends cut",
		k.Way, k.Kills, k.Acknowledged, k.Missing, k.TornLines, k.TornEnds)
}

// kill kills writers, each at another moment of its first quarter of a second.
func (b *bench) kill(ctx context.Context, name string) (k killed, err error) {
	k.Way, k.Kills = name, b.kills
	random := rand.New(rand.NewPCG(25, 1))
	for range b.kills {
		if err := b.killOne(ctx, &k, time.Duration(random.IntN(250))*time.Millisecond); err != nil {
			return k, err
		}
	}
	return k, nil
}

func (b *bench) killOne(ctx context.Context, k *killed, after time.Duration) error {
	dir, err := b.stage.Scratch("kill-" + k.Way)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := b.write(k.Way, dir, 0)
	if err != nil {
		return err
	}
	defer p.Stop(0)
	acknowledged := 0
	kill := time.After(time.Hour)
	for ended := false; !ended; {
		select {
		case line := <-p.said.all:
			if acknowledged == 0 {
				kill = time.After(after)
			}
			if acknowledged, err = strconv.Atoi(line); err != nil {
				return fmt.Errorf("the writer says %q", line)
			}
		case <-kill:
			if err := p.Signal(syscall.SIGKILL); err != nil {
				return fmt.Errorf("kill the writer: %w", err)
			}
			<-p.Done
			ended = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for len(p.said.all) > 0 { // said before it died
		if n, err := strconv.Atoi(<-p.said.all); err == nil {
			acknowledged = n
		}
	}
	rows, torn, err := b.left(ctx, k, dir)
	k.Acknowledged += acknowledged
	k.Missing += max(acknowledged-rows, 0)
	k.TornLines += torn
	return err
}

// left counts the whole rows that are left, and the torn lines.
func (b *bench) left(ctx context.Context, k *killed, dir string) (rows, torn int, err error) {
	count := func(text []byte) {
		for line := range bytes.Lines(text) {
			if bytes.HasPrefix(line, []byte(`{"timestamp":"`)) && bytes.HasSuffix(line, []byte("\"}}\n")) {
				rows++
			} else {
				torn++
			}
		}
	}
	if k.Way == "ndjson" {
		text, err := os.ReadFile(filepath.Join(dir, "requests.ndjson"))
		if errors.Is(err, fs.ErrNotExist) {
			return 0, 0, nil
		}
		count(text)
		return rows, torn, err
	}
	// As the next start would: the torn end is cut, then all is read.
	w, err := store.Open(dir, store.Options{Writer: "bench", Tell: func(string) { k.TornEnds++ }})
	if err != nil {
		return 0, 0, err
	}
	if err := w.Close(); err != nil {
		return 0, 0, err
	}
	err = scan(ctx, dir, 1, func(text []byte) error { count(text); return nil })
	return rows, torn, err
}
