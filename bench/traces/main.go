// Command traces writes labelled memory traces: synthetic ones of a split, or recorded ones of real programs.
//
// Each trace is a CSV that `stanch trend` reads, packed with gzip; labels.jsonl has the truth
// about each, with the file's SHA-256.
//
//	go run ./bench/traces -out DIR -split test -each 2
//	go run ./bench/traces -out DIR -record 60s
package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stanch-dev/stanch/bench/traces/record"
	"github.com/stanch-dev/stanch/bench/traces/synth"
	"github.com/stanch-dev/stanch/internal/memory/trend"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "traces:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	out := flag.String("out", "", "directory to write to")
	split := flag.String("split", "test", "train or test")
	each := flag.Int("each", 1, "traces of each kind")
	last := flag.Duration("record", 0, "record real programs for so long each, and no synthetic ones")
	only := flag.String("only", "", "traces whose name contains this")
	flag.Parse()
	if *out == "" {
		return errors.New("-out is not given")
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	labels, err := os.Create(filepath.Join(*out, "labels.jsonl"))
	if err != nil {
		return fmt.Errorf("write the labels: %w", err)
	}
	defer labels.Close()
	if *last > 0 {
		return recorded(ctx, *out, *only, *last, labels)
	}
	first, ok := map[string]uint64{"train": synth.Train, "test": synth.Test}[*split]
	if !ok {
		return fmt.Errorf("there is no split %q\nhint: -split train, or -split test", *split)
	}
	for _, kind := range synth.Kinds() {
		if !strings.Contains(kind.Name, *only) {
			continue
		}
		for i := range *each {
			t := synth.Make(kind, first+uint64(i))
			if err := write(*out, t.Label, t.Each, labels); err != nil {
				return err
			}
		}
	}
	return nil
}

// recorded records four programs at a time: they sleep most of theirs.
func recorded(ctx context.Context, out, only string, last time.Duration, labels io.Writer) error {
	dir, err := os.MkdirTemp("", "stanch-traces-")
	if err != nil {
		return fmt.Errorf("make a directory for programs: %w", err)
	}
	defer os.RemoveAll(dir)
	var (
		wait   sync.WaitGroup
		turn   = make(chan struct{}, 4)
		all    = record.Subjects()
		traces = make([]*record.Recording, len(all))
		errs   = make([]error, len(all))
	)
	for i, subject := range all {
		if !strings.Contains(subject.Lang+"-"+subject.Mechanism, only) {
			continue
		}
		wait.Go(func() {
			turn <- struct{}{}
			traces[i], errs[i] = record.Record(ctx, subject, dir, last)
			<-turn
		})
	}
	wait.Wait()
	for i, t := range traces {
		if errs[i] != nil {
			fmt.Fprintf(os.Stderr, "traces: %s-%s left out: %v\n", all[i].Lang, all[i].Mechanism, errs[i])
			continue
		}
		if t == nil {
			continue
		}
		if err := write(out, t.Label, slices.Values(t.Samples), labels); err != nil {
			return err
		}
	}
	return nil
}

// write makes one file, and its line of the labels.
func write(dir string, label synth.Label, samples iter.Seq[trend.Sample], labels io.Writer) error {
	file, err := os.Create(filepath.Join(dir, label.ID+".csv.gz"))
	if err != nil {
		return fmt.Errorf("write a trace: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	packed := gzip.NewWriter(io.MultiWriter(file, sum))
	b := bufio.NewWriter(packed)
	fmt.Fprintln(b, "t_seconds,bytes,requests,inflight,generation,limit_bytes,heap_bytes,committed_bytes,file_bytes,kernel_bytes,threads,fds,goroutines")
	for s := range samples {
		fmt.Fprintf(b, "%.3f,%d,%d,%g,%d,%d,%d,%d,%d,%d,%d,%d,%d\n", s.At.Seconds(), s.Bytes, s.Requests, s.InFlight, s.Generation, s.Limit,
			s.Heap, s.Committed, s.File, s.Kernel, s.Threads, s.FDs, s.Goroutines)
	}
	if err := errors.Join(b.Flush(), packed.Close(), file.Close()); err != nil {
		return fmt.Errorf("write the trace %s: %w", label.ID, err)
	}
	label.SHA256 = hex.EncodeToString(sum.Sum(nil))
	line, err := json.Marshal(label)
	if err != nil {
		return fmt.Errorf("write the label of %s: %w", label.ID, err)
	}
	if _, err := fmt.Fprintf(labels, "%s\n", line); err != nil {
		return fmt.Errorf("write the label of %s: %w", label.ID, err)
	}
	return nil
}
