package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/work"
	"github.com/stanch-dev/stanch/internal/work/connect"
	"github.com/stanch-dev/stanch/internal/work/poison"
	"github.com/stanch-dev/stanch/internal/work/queue"
)

// maxShown is how much of a body is shown; JSON has all of it.
const maxShown = 1000

// peeked is a message as peek tells it.
type peeked struct {
	ID         string       `json:"id"`
	Inserted   time.Time    `json:"inserted"`
	Age        float64      `json:"age_seconds"`
	Deliveries int64        `json:"deliveries"`
	Size       int          `json:"size"`
	Text       *string      `json:"text,omitempty"`   // where the body is text
	Base64     []byte       `json:"base64,omitempty"` // where it is none
	Fault      string       `json:"fault,omitempty"`
	Poison     *poison.Note `json:"poison,omitempty"`
}

func queuePeekCommand(w world, f *storeFlags) *cobra.Command {
	most := 10
	cmd := &cobra.Command{
		Use:     "peek NAME",
		Short:   "show the oldest messages without taking them",
		Long:    "peek shows the oldest messages: id, age, how often each was delivered, and the body.\nA body that is no text is shown in base64, and a long one is cut; --json has all of it.",
		Example: "  stanch queue peek orders\n  stanch queue peek orders-poison --max 32 --json",
		Args:    named("queue", "stanch queue peek orders"),
	}
	cmd.Flags().IntVar(&most, "max", 10, "messages at most, 1 to 32")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if most < 1 || most > queue.MaxLease {
			return usage(fmt.Errorf("--max %d", most), "1 to %d", queue.MaxLease)
		}
		return f.with(cmd.Context(), w, func(ctx context.Context, s *connect.Stores) error {
			seen, err := s.Queues.Peek(ctx, args[0], most)
			if err != nil {
				return err
			}
			all := []peeked{}
			for _, m := range seen {
				p := peeked{ID: m.ID, Inserted: m.Inserted, Age: max(0, time.Since(m.Inserted).Seconds()), Deliveries: m.Deliveries, Size: len(m.Body), Fault: m.Fault}
				if text := string(m.Body); utf8.Valid(m.Body) && !strings.Contains(text, "\x00") {
					p.Text = &text
				} else {
					p.Base64 = m.Body
				}
				if strings.HasSuffix(args[0], queue.PoisonSuffix) {
					note, err := poison.Get(ctx, s.Ledger, args[0], m.ID)
					if err == nil {
						p.Poison = &note
					} else if !errors.Is(err, work.ErrAbsent) {
						return err
					}
				}
				all = append(all, p)
			}
			if f.asJSON {
				return json.NewEncoder(w.stdout).Encode(all)
			}
			if len(all) == 0 {
				fmt.Fprintln(w.stdout, "there is no message to see")
			}
			for _, p := range all {
				p.print(w.stdout)
			}
			return nil
		})
	}
	return cmd
}

func (p peeked) print(out io.Writer) {
	fmt.Fprintf(out, "%s  age %s  %s  %s\n", printable(p.ID), age(time.Duration(p.Age*float64(time.Second))), deliveries(p.Deliveries), plural(p.Size, "byte"))
	if p.Fault != "" {
		fmt.Fprintf(out, "  fault: %s\n", indented(printable(p.Fault)))
	}
	if n := p.Poison; n != nil {
		fmt.Fprintf(out, "  poison: %s\n", indented(printable(n.Why)))
		if n.Postmortem != "" {
			fmt.Fprintf(out, "  post-mortem: stanch postmortem show %s\n", printable(n.Postmortem))
		}
	}
	if p.Text != nil {
		fmt.Fprintf(out, "  %s\n", indented(printable(cut(*p.Text))))
		return
	}
	text := base64.StdEncoding.EncodeToString(p.Base64[:min(len(p.Base64), maxShown*3/4)])
	if len(p.Base64) > maxShown*3/4 {
		text += "…"
	}
	fmt.Fprintf(out, "  base64: %s\n", text)
}

func deliveries(n int64) string {
	if n == 1 {
		return "1 delivery"
	}
	return fmt.Sprintf("%d deliveries", n)
}

// cut shortens a text at the end of a character.
func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func indented(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// named wants one argument, which names a thing.
func named(what, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return usage(fmt.Errorf("no %s is named", what), "%s", example)
		case 1:
			return nil
		}
		return usage(errors.New("unexpected argument "+args[1]), "%s", example)
	}
}
