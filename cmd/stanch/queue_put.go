package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// maxMessage is what no store takes: a file that is larger isn't read to its end.
const maxMessage = 16 << 20

func queuePutCommand(w world, f *storeFlags) *cobra.Command {
	var files []string
	count := 1
	cmd := &cobra.Command{
		Use:     "put NAME [TEXT|-]...",
		Short:   "put messages into a queue, which is made if it isn't there",
		Long:    "put makes a message of each text, of stdin for -, and of each --file, in this order.",
		Example: "  stanch queue put orders '{\"id\": 7}'\n  stanch queue put orders --file order.json --count 1000\n  jq -c .order bill.json | stanch queue put orders -",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage(errors.New("no queue is named"), "stanch queue put orders TEXT")
			case len(args) == 1 && len(files) == 0:
				return usage(errors.New("there is no message"), "give a text, - for stdin, or --file FILE")
			case count < 1:
				return usage(fmt.Errorf("--count %d", count), "1 or more")
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&files, "file", nil, "a file that is a message; may be repeated")
	cmd.Flags().IntVar(&count, "count", 1, "put all of it so many times")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := queue.CheckName(args[0]); err != nil {
			return &codedError{code: exitUsage, err: err}
		}
		bodies, err := messages(w, args[1:], files)
		if err != nil {
			return err
		}
		return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
			ids, err := putAll(ctx, w, s, args[0], bodies, count)
			if err != nil {
				return err
			}
			if f.asJSON {
				return json.NewEncoder(w.stdout).Encode(struct {
					Queue string   `json:"queue"`
					Put   int      `json:"put"`
					IDs   []string `json:"ids"`
				}{args[0], len(ids), ids})
			}
			if len(ids) == 1 {
				fmt.Fprintf(w.stdout, "put message %s into %s\n", ids[0], args[0])
			} else {
				fmt.Fprintf(w.stdout, "put %s into %s\n", plural(len(ids), "message"), args[0])
			}
			return nil
		})
	}
	return cmd
}

func putAll(ctx context.Context, w world, s *connect.Stores, name string, bodies [][]byte, count int) ([]string, error) {
	ids := make([]string, 0, min(count*len(bodies), 1<<16))
	p := newProgress(w, "messages put", int64(count*len(bodies)), false)
	defer p.stop()
	for range count {
		for _, body := range bodies {
			id, err := s.Queues.Put(ctx, name, body)
			if large, ok := errors.AsType[*work.TooLarge](err); ok {
				return nil, fmt.Errorf("put a message into %s: %w\nhint: put it into a blob, and the blob's name into the queue", name, large)
			}
			if err != nil {
				return nil, fmt.Errorf("%w\nhint: %s before it went in", err, plural(len(ids), "message"))
			}
			ids = append(ids, id)
			p.add(1)
		}
	}
	return ids, nil
}

// messages reads the bodies of put.
func messages(w world, texts, files []string) ([][]byte, error) {
	var all [][]byte
	for _, text := range texts {
		if text != "-" {
			all = append(all, []byte(text))
			continue
		}
		body, err := whole(w.stdin)
		if err != nil {
			return nil, fmt.Errorf("read a message from stdin: %w", err)
		}
		all = append(all, body)
	}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, &codedError{code: exitUsage, err: fmt.Errorf("read a message: %w", err)}
		}
		body, err := whole(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("read a message from %s: %w", name, err)
		}
		all = append(all, body)
	}
	return all, nil
}

func whole(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	if err == nil && len(body) > maxMessage {
		return nil, fmt.Errorf("it has more than %d bytes\nhint: put it into a blob, and the blob's name into the queue", maxMessage)
	}
	return body, err
}
