package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab/draft"
	"github.com/stanch-dev/stanch/internal/lab/folder"
)

// dialogue asks a person, a line at a time.
type dialogue struct {
	in  *bufio.Reader
	out io.Writer
}

// line asks until the answer is taken. Nothing stands for the usual answer, where there
// is one.
func (d dialogue) line(question, usual string, take func(answer string) error) error {
	for {
		fmt.Fprint(d.out, question)
		if usual != "" {
			fmt.Fprintf(d.out, " [%s]", usual)
		}
		fmt.Fprint(d.out, ": ")
		text, err := d.in.ReadString('\n')
		if err != nil {
			fmt.Fprintln(d.out)
			if errors.Is(err, io.EOF) {
				return errors.New("no more answers: nothing was written")
			}
			return fmt.Errorf("read the answer: %w", err)
		}
		if text = strings.TrimSpace(text); text == "" {
			text = usual
		}
		if text == "" {
			continue
		}
		err = take(text)
		if err == nil {
			return nil
		}
		for said := range strings.Lines(err.Error() + "\n") {
			fmt.Fprint(d.out, "  ", said)
		}
	}
}

// ask asks for what no flag says, if anything is missing that has to be there.
func (q *labInit) ask(given func(flag string) bool) error {
	q.look()
	if len(q.missing()) == 0 {
		return nil
	}
	d := dialogue{bufio.NewReader(q.w.stdin), q.w.stderr}
	for _, question := range []struct {
		open bool // it has no answer yet; what earlier answers decide is looked at when it is asked
		ask  func(dialogue) error
	}{
		{q.claim == "", q.askClaim},
		{q.command == "", q.askCommand},
		{q.compare == "" && q.compareApp == "", q.askOther},
		{len(q.endpoints)+len(q.queues)+len(q.blobs) == 0 && q.openapi == "", q.askLoad},
		{q.memory == "", q.askMemory},
		{!given("rate"), q.askRate},
		{!given("minutes"), q.askMinutes},
		{!given("name") && q.folder == "", q.askName},
	} {
		if !question.open {
			continue
		}
		if err := question.ask(d); err != nil {
			return err
		}
		q.look()
	}
	return nil
}

func (q *labInit) askClaim(d dialogue) error {
	claims := draft.Claims()
	for i, what := range []string{
		"the worker keeps memory with each request",
		"under load it goes over its memory limit",
		"it leaks, and a fixed build does not",
		"of two builds the one holds less memory",
	} {
		fmt.Fprintf(d.out, "  %d  %-8s %s\n", i+1, claims[i], what)
	}
	return d.line("What do you claim", "1", func(answer string) error {
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(claims) {
			answer = string(claims[n-1])
		}
		if !slices.Contains(claims, draft.Claim(answer)) {
			return errors.New("a number from 1 to 4, or the word beside it")
		}
		q.claim = answer
		return nil
	})
}

func (q *labInit) askCommand(d dialogue) error {
	if q.functions {
		fmt.Fprintf(d.out, "%s is in %s: it is run as a function app.\n", "host.json", q.app)
		return nil
	}
	return d.line("The worker's command ({port} is where it has to listen)", "", command(&q.command))
}

func command(into *string) func(string) error {
	return func(answer string) error {
		*into = answer
		_, err := draft.Words(answer)
		return err
	}
}

func (q *labInit) askOther(d dialogue) error {
	switch {
	case !q.two():
		return nil
	case q.functions:
		return d.line("The folder of the other function app", "", func(answer string) error {
			q.compareApp = answer
			_, err := q.worker(answer, "")
			return err
		})
	}
	return d.line("The other command", "", command(&q.compare))
}

func (q *labInit) askLoad(d dialogue) error {
	if q.functions && !errors.Is(q.triggers(&draft.Answers{}), errUnsaid) {
		return nil // its files say it, or what is wrong with them is told later
	}
	fmt.Fprintln(d.out, "What is asked of it, such as GET /orders/{id} or POST /orders 2KiB; {id} is another one each time.")
	if q.functions {
		fmt.Fprintln(d.out, "Or queue NAME, or blob CONTAINER.")
	}
	usual := "" // the first has none: something has to be asked
	for {
		more := false
		question := "An endpoint"
		if usual != "" {
			question = "Another one"
		}
		if err := d.line(question, usual, func(answer string) error {
			if answer == usual {
				return nil
			}
			more = true
			return q.comes(answer)
		}); err != nil {
			return err
		}
		if !more {
			return nil
		}
		usual = "no"
	}
}

// comes takes a line about what comes.
func (q *labInit) comes(answer string) error {
	if name, ok := strings.CutPrefix(answer, "queue "); ok && q.functions {
		q.queues = append(q.queues, strings.TrimSpace(name))
		return nil
	}
	if name, ok := strings.CutPrefix(answer, "blob "); ok && q.functions {
		q.blobs = append(q.blobs, strings.TrimSpace(name))
		return nil
	}
	if _, err := requestOf(answer); err != nil {
		return err
	}
	q.endpoints = append(q.endpoints, answer)
	return nil
}

func (q *labInit) askMemory(d dialogue) error {
	return d.line("The memory limit, which the kernel enforces", "512MiB", func(answer string) error {
		q.memory = answer
		_, err := bytesize.Parse(answer)
		return err
	})
}

func (q *labInit) askRate(d dialogue) error {
	return d.line("Requests a second under load; the more, the smaller a leak can be", strconv.FormatFloat(q.rate, 'f', -1, 64), func(answer string) error {
		rate, err := strconv.ParseFloat(strings.TrimSuffix(answer, "/s"), 64)
		if err != nil || !(rate > 0) {
			return errors.New("a number, such as 50")
		}
		q.rate = rate
		return nil
	})
}

func (q *labInit) askMinutes(d dialogue) error {
	return d.line("Minutes that it may take, all runs together", strconv.Itoa(q.minutes), func(answer string) error {
		minutes, err := strconv.Atoi(answer)
		if err != nil || minutes < 5 {
			return errors.New("a whole number, 5 or more")
		}
		q.minutes = minutes
		return nil
	})
}

func (q *labInit) askName(d dialogue) error {
	return d.line("What it is called", q.usualName(), func(answer string) error {
		if !draft.IsName(answer) {
			return errors.New("small letters, digits and -, with a letter at the front")
		}
		q.name = answer
		return q.free(filepath.Join(folder.Root, answer))
	})
}
