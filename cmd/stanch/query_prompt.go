package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/reeflective/readline"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/assist"
	"github.com/stanch-dev/stanch/internal/telemetry/render"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

const promptHelp = `A query ends with ; or an empty line. Tab completes, Up goes back in history,
Ctrl-R searches it, Ctrl-C drops a query that is typed or stops one that runs,
Ctrl-D leaves.

.tables           the tables there are
.schema TABLE     the columns of one
.format [FORMAT]  how answers are written: table, json, chart, … (auto: as suits them)
.quit             leave
`

// prompt asks a person for queries until there are no more.
func (a *asker) prompt(ctx context.Context) error {
	shell := readline.NewShell()
	_, color := terminal(a.w)
	// The answers are coloured where the prompt is, and so is what is typed.
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	if err := setUp(shell); err != nil {
		return fmt.Errorf("set up the prompt: %w", err)
	}
	shell.Prompt.Primary(func() string { return paint("1;36", "kql> ") })
	shell.Prompt.Secondary(func() string { return paint("36", "   > ") })
	shell.AcceptMultiline = complete
	shell.Completer = func(line []rune, cursor int) readline.Completions {
		return completions(line, cursor, a.source.Tables())
	}
	if color {
		shell.SyntaxHighlighter = func(line []rune) string { return highlight(string(line), a.source.Tables()) }
	}
	shell.History.Delete()
	history, err := openHistory(a.w.environ)
	if err != nil {
		fmt.Fprintln(a.w.stderr, "stanch: this session is not remembered:", err)
	}
	shell.History.Add("queries", history)

	from := a.source.name
	if from == "" {
		from = "no tables: " + a.source.why
	}
	fmt.Fprintf(a.w.stdout, "%s, %s. .help helps, Ctrl-D leaves.\n", plural(len(a.source.Tables()), "table"), from)
	for {
		text, err := shell.Readline()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read from the terminal: %w", err)
		}
		text = strings.TrimSpace(text)
		switch {
		case text == "":
		case strings.HasPrefix(text, "."):
			if !a.command(strings.Fields(strings.TrimSuffix(text, ";"))) {
				return nil
			}
		default:
			if err := a.answer(ctx, text); err != nil {
				report(a.w.stderr, err)
			}
		}
	}
}

// setUp makes Tab show what there is before it takes one, and what is pasted
// stay text, whatever tabs and line ends are in it. And the terminal is not asked
// where its cursor is, for what is typed meanwhile could be taken for the answer:
// our prompt always begins at the left.
func setUp(shell *readline.Shell) error {
	for _, keys := range []string{"emacs", "emacs-standard", "vi-insert"} {
		if err := shell.Config.Bind(keys, "\t", "menu-complete", false); err != nil {
			return err
		}
	}
	return errors.Join(
		shell.Config.Set("menu-complete-display-prefix", true),
		shell.Config.Set("enable-bracketed-paste", true),
		shell.Config.Set("cursor-position-probe", false),
	)
}

// answer answers one text; Ctrl-C stops it.
func (a *asker) answer(ctx context.Context, text string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	a.source.forget()
	answer, err := a.ask(ctx, text)
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped")
	case err != nil || a.q.explain:
		return err
	}
	return a.write(answer)
}

// command carries out what begins with a dot; false to leave.
func (a *asker) command(words []string) bool {
	tables := a.source.Tables()
	out := tabwriter.NewWriter(a.w.stdout, 0, 0, 2, ' ', 0)
	defer out.Flush()
	switch {
	case words[0] == ".quit" || words[0] == ".exit":
		return false
	case words[0] == ".tables":
		for _, t := range tables {
			fmt.Fprintf(out, "%s\t%s\n", t.Name, plural(len(t.Columns), "column"))
		}
		if len(tables) == 0 {
			fmt.Fprintln(out, a.source.why)
		}
	case words[0] == ".schema" && len(words) == 2:
		i := slices.IndexFunc(tables, func(t schema.Table) bool { return t.Name == words[1] })
		if i < 0 {
			fmt.Fprintf(out, "there is no table %s; .tables lists them\n", words[1])
			break
		}
		for _, c := range tables[i].Columns {
			fmt.Fprintf(out, "%s\t%v\n", c.Name, c.Type)
		}
	case words[0] == ".format" && len(words) == 1:
		fmt.Fprintln(out, a.formatName())
	case words[0] == ".format":
		format, err := render.Parse(words[1])
		switch {
		case words[1] == "auto":
			a.format = ""
		case err != nil:
			fmt.Fprintln(out, err)
		case format == render.PNG:
			fmt.Fprintln(out, "a picture can't be shown in a terminal: stanch query --out chart.png '…'")
		default:
			a.format = format
		}
	default:
		fmt.Fprint(out, promptHelp)
	}
	return true
}

func (a *asker) formatName() string {
	if a.format == "" {
		return "auto"
	}
	return string(a.format)
}

// complete says whether what is typed is a whole question: a command, or what
// ends with a semicolon or an empty line.
func complete(line []rune) bool {
	text := string(line)
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || strings.HasPrefix(trimmed, ".") || strings.HasSuffix(trimmed, ";") {
		return true
	}
	last := strings.LastIndexByte(text, '\n')
	return last >= 0 && strings.TrimSpace(text[last:]) == ""
}

var commands = []string{".exit", ".format", ".help", ".quit", ".schema", ".tables"}

// completions are what may be typed next, by kind.
func completions(line []rune, cursor int, tables []schema.Table) readline.Completions {
	text, at := string(line), len(string(line[:min(cursor, len(line))]))
	before := strings.TrimLeft(text[:at], " ")
	if strings.HasPrefix(before, ".") {
		if rest, found := strings.CutPrefix(before, ".schema "); found {
			var names []string
			for _, t := range tables {
				names = append(names, t.Name)
			}
			c := readline.CompleteValues(names...)
			c.PREFIX = rest
			return c
		}
		c := readline.CompleteValues(commands...)
		c.PREFIX = before
		return c
	}
	from, all := assist.Complete(text, at, tables)
	values := make([]readline.Completion, len(all))
	for i, s := range all {
		values[i] = readline.Completion{Value: s.Text, Display: s.Text, Tag: s.Kind + "s"}
	}
	c := readline.CompleteRaw(values).NoSort()
	c.PREFIX = text[from:at]
	return c
}

// highlight colours a query that is being typed, in the sixteen colours that
// the terminal's own theme makes readable.
func highlight(text string, tables []schema.Table) string {
	var b strings.Builder
	for _, w := range assist.Words(text) {
		code := ""
		switch w.Class {
		case assist.Operator:
			code = "1;34"
		case assist.Keyword:
			code = "34"
		case assist.Function:
			code = "36"
		case assist.Text:
			code = "32"
		case assist.Number:
			code = "35"
		case assist.Comment:
			code = "2"
		case assist.Name:
			if slices.ContainsFunc(tables, func(t schema.Table) bool { return t.Name == w.Text }) {
				code = "33"
			}
		}
		if code == "" {
			b.WriteString(w.Text)
			continue
		}
		b.WriteString("\x1b[" + code + "m" + w.Text + "\x1b[0m")
	}
	return b.String()
}
