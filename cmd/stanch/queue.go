package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

func queueCommand(w world) *cobra.Command {
	f := &storeFlags{}
	cmd := &cobra.Command{
		Use:     "queue",
		Short:   "look into queues, put messages in, bring poison back",
		Long:    "queue shows what waits in the queues of a store, and changes it.\n\n" + storeHelp,
		Example: "  stanch queue ls\n  stanch queue put orders '{\"id\": 7}'\n  stanch queue peek orders-poison\n  stanch queue requeue orders",
		Args:    noArguments,
	}
	f.add(cmd)
	cmd.AddCommand(queueListCommand(w, f), queuePutCommand(w, f), queuePeekCommand(w, f), queueRequeueCommand(w, f), queueClearCommand(w, f))
	return cmd
}

// maxNotes is how many reasons are read of a queue: with Azure each is a request.
const maxNotes = 100

// queueLine is one queue as ls tells it.
type queueLine struct {
	Name    string       `json:"name"`
	Total   int64        `json:"total"`
	Leased  int64        `json:"leased"` // -1: the store can't tell
	Oldest  float64      `json:"oldest_seconds"`
	Reasons []reasonLine `json:"reasons,omitempty"` // why messages are poison, the most frequent first
}

type reasonLine struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
}

func queueListCommand(w world, f *storeFlags) *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "list the queues: messages, how many are leased, the age of the oldest, why they are poison",
		Example: "  stanch queue ls\n  stanch queue ls --store file:/data/work --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
				lines, err := queueLines(ctx, s)
				if err != nil {
					return err
				}
				if f.asJSON {
					return json.NewEncoder(w.stdout).Encode(lines)
				}
				if len(lines) == 0 {
					fmt.Fprintf(w.stdout, "there are no queues in the %s store %s\n", s.Kind, s.Target)
					return nil
				}
				t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "QUEUE\tMESSAGES\tLEASED\tOLDEST\tWHY")
				for _, l := range lines {
					leased, oldest := fmt.Sprint(l.Leased), "-"
					if l.Leased < 0 {
						leased = "?"
					}
					if l.Oldest > 0 {
						oldest = age(time.Duration(l.Oldest * float64(time.Second)))
					}
					fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", l.Name, l.Total, leased, oldest, reasons(l.Reasons))
				}
				return t.Flush()
			})
		},
	}
}

func queueLines(ctx context.Context, s *connect.Stores) ([]queueLine, error) {
	names, err := s.Queues.Queues(ctx)
	if err != nil {
		return nil, err
	}
	lines := []queueLine{}
	for _, name := range names {
		d, err := s.Queues.Depth(ctx, name)
		if errors.Is(err, work.ErrAbsent) {
			continue // it was deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		line := queueLine{Name: name, Total: d.Total, Leased: d.Leased, Oldest: d.Oldest.Seconds()}
		if strings.HasSuffix(name, queue.PoisonSuffix) && d.Total > 0 {
			if line.Reasons, err = queueReasons(ctx, s, name); err != nil {
				return nil, err
			}
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func queueReasons(ctx context.Context, s *connect.Stores, name string) ([]reasonLine, error) {
	var all []reasonLine
	read := 0
	for n, err := range poison.Each(ctx, s.Ledger, name) {
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(all, func(r reasonLine) bool { return r.Why == n.Why }); i >= 0 {
			all[i].Count++
		} else {
			all = append(all, reasonLine{n.Why, 1})
		}
		if read++; read == maxNotes {
			break
		}
	}
	slices.SortStableFunc(all, func(a, b reasonLine) int { return cmp.Compare(b.Count, a.Count) })
	return all, nil
}

// reasons is the first one, and how many others there are, in one line.
func reasons(all []reasonLine) string {
	if len(all) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s (%d)", strings.Join(strings.Fields(printable(all[0].Why)), " "), all[0].Count)
	if len(all) > 1 {
		text += fmt.Sprintf(" and %s", plural(len(all)-1, "other reason"))
	}
	return text
}

// age rounds a duration to what people compare.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < 10*time.Minute:
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
