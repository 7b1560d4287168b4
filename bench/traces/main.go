// Command traces writes labelled memory traces: synthetic ones of a split, or recorded ones of real programs.
//
// Each trace is a CSV that `stanch trend` reads, packed with gzip; labels.json has the truth
// about each, with the file's SHA-256.
//
//	go run ./bench/traces -out DIR -split test -each 2
//	make traces                                        (records bench/traces/corpus anew, in an hour)
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
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
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
	last := flag.Duration("record", 0, "record real programs for so long, and write no synthetic traces")
	only := flag.String("only", "", "traces whose name contains this")
	flag.Parse()
	if *out == "" {
		return errors.New("-out is not given")
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	var (
		labels []synth.Label
		err    error
	)
	if *last > 0 {
		labels, err = recorded(ctx, *out, *only, *last)
	} else {
		labels, err = synthetic(*out, *only, *split, *each)
	}
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(labels, "", "\t")
	if err != nil {
		return fmt.Errorf("write the labels: %w", err)
	}
	if err := os.WriteFile(filepath.Join(*out, "labels.json"), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the labels: %w", err)
	}
	return nil
}

func synthetic(out, only, split string, each int) (labels []synth.Label, err error) {
	first, ok := map[string]uint64{"train": synth.Train, "test": synth.Test}[split]
	if !ok {
		return nil, fmt.Errorf("there is no split %q\nhint: -split train, or -split test", split)
	}
	for _, kind := range synth.Kinds() {
		if !strings.Contains(kind.Name, only) {
			continue
		}
		for i := range each {
			t := synth.Make(kind, first+uint64(i))
			if t.SHA256, err = write(out, t.ID, t.Each); err != nil {
				return nil, err
			}
			labels = append(labels, t.Label)
		}
	}
	return labels, nil
}

func recorded(ctx context.Context, out, only string, last time.Duration) (labels []synth.Label, err error) {
	dir, err := os.MkdirTemp("", "stanch-traces-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for programs: %w", err)
	}
	defer os.RemoveAll(dir)
	subjects := slices.DeleteFunc(record.Subjects(), func(s record.Subject) bool { return !strings.Contains(s.ID(), only) })
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	recordings, err := record.Record(ctx, log, subjects, dir, last)
	if err != nil {
		return nil, err
	}
	for _, r := range recordings {
		if r.SHA256, err = write(out, r.ID, slices.Values(r.Samples)); err != nil {
			return nil, err
		}
		labels = append(labels, r.Label)
	}
	return labels, nil
}

// write makes one file, and returns its SHA-256.
func write(dir, id string, samples iter.Seq[trend.Sample]) (digest string, err error) {
	file, err := os.Create(filepath.Join(dir, id+".csv.gz"))
	if err != nil {
		return "", fmt.Errorf("write a trace: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	packed, err := gzip.NewWriterLevel(io.MultiWriter(file, sum), gzip.BestCompression)
	if err != nil {
		return "", fmt.Errorf("pack a trace: %w", err)
	}
	b := bufio.NewWriter(packed)
	fmt.Fprintln(b, "t_seconds,bytes,requests,inflight,generation,limit_bytes,heap_bytes,committed_bytes,file_bytes,kernel_bytes,threads,fds,goroutines")
	for s := range samples {
		fmt.Fprintf(b, "%.3f,%d,%d,%g,%d,%d,%d,%d,%d,%d,%d,%d,%d\n", s.At.Seconds(), s.Bytes, s.Requests, s.InFlight, s.Generation, s.Limit,
			s.Heap, s.Committed, s.File, s.Kernel, s.Threads, s.FDs, s.Goroutines)
	}
	if err := errors.Join(b.Flush(), packed.Close(), file.Close()); err != nil {
		return "", fmt.Errorf("write the trace %s: %w", id, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
