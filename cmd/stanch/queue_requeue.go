package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

func queueRequeueCommand(w world, f *storeFlags) *cobra.Command {
	var to string
	most := 0
	cmd := &cobra.Command{
		Use:   "requeue NAME",
		Short: "bring poison messages back into their queue",
		Long: `requeue moves the messages of NAME-poison back to NAME; either name may be given.
Each comes at least once: if a move is interrupted, the message may be in both queues.
A message that somebody has on lease stays where it is.`,
		Example: "  stanch queue requeue orders\n  stanch queue requeue orders-poison --max 1\n  stanch queue requeue orders --to orders-by-hand",
		Args:    named("queue", "stanch queue requeue orders"),
	}
	cmd.Flags().StringVar(&to, "to", "", "the queue that they go to (default: the one they came from)")
	cmd.Flags().IntVar(&most, "max", 0, "messages at most (default: all that are there now)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		origin := strings.TrimSuffix(args[0], queue.PoisonSuffix)
		from := origin + queue.PoisonSuffix
		if to == "" {
			to = origin
		}
		err := errors.Join(queue.CheckName(from), queue.CheckName(to))
		if to == from {
			err = errors.New("the messages are in that queue already\nhint: name another one with --to")
		}
		if most < 0 {
			err = fmt.Errorf("--max %d\nhint: 1 or more", most)
		}
		if err != nil {
			return &codedError{code: exitUsage, err: err}
		}
		return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
			moved, err := requeue(ctx, w, s, from, to, most)
			if err != nil {
				return fmt.Errorf("%w\nhint: %s went to %s before it; call it again for the others", err, plural(moved, "message"), to)
			}
			if f.asJSON {
				return json.NewEncoder(w.stdout).Encode(struct {
					From  string `json:"from"`
					To    string `json:"to"`
					Moved int    `json:"moved"`
				}{from, to, moved})
			}
			fmt.Fprintf(w.stdout, "moved %s from %s to %s\n", plural(moved, "message"), from, to)
			return nil
		})
	}
	return cmd
}

// requeue moves what is there now. A message that becomes poison again meanwhile
// is not moved again: the count ends it.
func requeue(ctx context.Context, w world, s *connect.Stores, from, to string, most int) (moved int, err error) {
	d, err := s.Queues.Depth(ctx, from)
	if err != nil {
		return 0, err
	}
	left := int(min(d.Total, math.MaxInt32))
	if most > 0 {
		left = min(left, most)
	}
	p := newProgress(w, "messages moved", int64(left), false)
	defer p.stop()
	for left > 0 {
		leases, err := s.Queues.Lease(ctx, from, queue.Ask{Max: min(left, queue.MaxLease), Hold: time.Minute})
		if err != nil || len(leases) == 0 {
			return moved, err
		}
		left -= len(leases)
		for i, l := range leases {
			id := l.Message().ID
			_, err := l.Move(ctx, to)
			if errors.Is(err, work.ErrLost) {
				continue // somebody else has it now
			}
			if err != nil {
				for _, other := range leases[i:] {
					// What can't be returned lapses.
					_ = other.Return(context.WithoutCancel(ctx), 0)
				}
				return moved, err
			}
			moved++
			p.add(1)
			if err := poison.Delete(ctx, s.Ledger, from, id); err != nil {
				return moved, err
			}
		}
	}
	return moved, nil
}

func queueClearCommand(w world, f *storeFlags) *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use:   "clear NAME",
		Short: "delete all messages of a queue",
		Long: `clear deletes all messages of a queue, those that are on lease too. There is no way
back, so it asks at a terminal, and elsewhere wants --yes.`,
		Example: "  stanch queue clear orders-poison\n  stanch queue clear orders-poison --yes",
		Args:    named("queue", "stanch queue clear orders-poison"),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !yes && !isTerminal(w.stdin) {
			return usage(errors.New("messages that are deleted do not come back, and nobody can be asked"), "add --yes")
		}
		return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
			d, err := s.Queues.Depth(ctx, args[0])
			if err != nil {
				return err
			}
			if !yes {
				fmt.Fprintf(w.stderr, "delete about %s of queue %s in the %s store %s? [y/N] ", plural(int(d.Total), "message"), args[0], s.Kind, s.Target)
				answer, _ := bufio.NewReader(w.stdin).ReadString('\n')
				if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
					return errors.New("nothing was deleted")
				}
			}
			if err := s.Queues.Clear(ctx, args[0]); err != nil {
				return err
			}
			for n, err := range poison.Each(ctx, s.Ledger, args[0]) {
				if err == nil {
					err = poison.Delete(ctx, s.Ledger, n.Queue, n.ID)
				}
				if err != nil {
					return err
				}
			}
			if f.asJSON {
				return json.NewEncoder(w.stdout).Encode(struct {
					Queue   string `json:"queue"`
					Deleted int64  `json:"deleted"`
				}{args[0], d.Total})
			}
			fmt.Fprintf(w.stdout, "deleted about %s of %s\n", plural(int(d.Total), "message"), args[0])
			return nil
		})
	}
	return cmd
}
