package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/render"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// question is what the flags of query say.
type question struct {
	file    string
	from    []string
	format  string
	out     string
	now     string
	strict  bool
	explain bool
	wide    bool
	memory  string
}

func queryCommand(w world) *cobra.Command {
	q := question{memory: "512MiB"}
	cmd := &cobra.Command{
		Use:   "query [flags] ['KQL']",
		Short: "ask the telemetry, in KQL",
		Long: `query answers questions in KQL, the language of Azure's portals, from what stanch
recorded or from files that Azure exported: requests.csv, traces.ndjson.gz and the
JSON that az monitor app-insights query prints are tables by their files' names.

The text is the argument, a file (-f) or stdin, and may hold several queries. What
Azure would refuse but plainly has a meaning is answered, with a warning that says
what to write there; --strict refuses it too. A query that ends in render is drawn.
Without a text, at a terminal, it is a prompt.`,
		Example: `  stanch query 'requests | summarize count(), percentile(duration, 95) by bin(timestamp, 5m)'
  stanch query --from exported/ -f incident.kql --format json
  stanch query --out p95.png 'requests | summarize percentile(duration, 95) by bin(timestamp, 5m) | render timechart'
  stanch query 'print now() - 1d'
  stanch query`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runQuery(cmd.Context(), w, q, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&q.file, "file", "f", "", "read the text from a file; - is stdin")
	flags.StringArrayVar(&q.from, "from", nil, "data directory, or files or a directory of files to ask (default: what run recorded)")
	flags.StringVar(&q.format, "format", "", "table, json, ndjson, csv, markdown, chart, html or png (default: by the name of --out, else table or chart)")
	flags.StringVarP(&q.out, "out", "o", "", "write to a file, which is replaced when the answer is whole")
	flags.StringVar(&q.now, "now", "", "what now() gives, as 2026-04-05T01:30:00Z, so that an answer can be had again (default: the clock)")
	flags.BoolVar(&q.strict, "strict", false, "refuse what Azure refuses")
	flags.BoolVar(&q.explain, "explain", false, "print how the queries would be answered, and don't")
	flags.BoolVar(&q.wide, "wide", false, "don't cut a table to the width of the terminal")
	flags.StringVar(&q.memory, "memory", q.memory, "most memory that the rows which a query keeps may take")
	return cmd
}

func runQuery(ctx context.Context, w world, q question, args []string) error {
	asker, err := newAsker(w, q)
	if err != nil {
		return err
	}
	defer asker.close()
	text, prompt, err := queryText(w, q, args)
	if err != nil {
		return err
	}
	aside(int64(asker.memory))
	if prompt {
		return asker.prompt(ctx)
	}
	answer, err := asker.ask(ctx, text)
	if err != nil || q.explain {
		return err
	}
	return asker.write(answer)
}

// queryText is the text to answer, or that there is somebody to ask for it.
func queryText(w world, q question, args []string) (text string, prompt bool, err error) {
	switch {
	case len(args) == 1 && q.file != "":
		return "", false, usage(errors.New("a text and a file (-f) are given"), "give one of them")
	case len(args) == 1:
		return args[0], false, nil
	case q.file != "" && q.file != "-":
		data, err := os.ReadFile(q.file)
		if err != nil {
			return "", false, &codedError{code: exitUsage, err: fmt.Errorf("read the queries: %w", err)}
		}
		return string(data), false, nil
	case q.file == "" && isTerminal(w.stdin) && isTerminal(w.stdout):
		return "", true, nil
	}
	data, err := io.ReadAll(io.LimitReader(w.stdin, kql.MaxText+1))
	if err != nil {
		return "", false, fmt.Errorf("read the queries from stdin: %w", err)
	}
	if strings.TrimSpace(string(data)) == "" {
		return "", false, usage(errors.New("there is no query"), "stanch query 'requests | take 3'")
	}
	return string(data), false, nil
}

// asker answers texts from one source.
type asker struct {
	w       world
	q       question
	format  render.Format // empty: as suits the terminal
	memory  bytesize.Size
	now     int64 // 0: the clock
	source  *querySource
	started time.Time
}

// newAsker checks the flags, all at once, and opens the source.
func newAsker(w world, q question) (*asker, error) {
	a := &asker{w: w, q: q}
	var errs []error
	if q.format != "" {
		format, err := render.Parse(q.format)
		if err != nil {
			errs = append(errs, fmt.Errorf("--format: %w", err))
		}
		a.format = format
	} else if format, ok := render.OfFile(q.out); ok {
		a.format = format
	}
	if a.format == render.PNG && q.out == "" && isTerminal(w.stdout) {
		errs = append(errs, errors.New("--format png: a picture can't be shown in a terminal\nhint: --out chart.png, or --format chart"))
	}
	var err error
	if a.memory, err = bytesize.Parse(q.memory); err != nil {
		errs = append(errs, fmt.Errorf("--memory: %w", err))
	}
	if q.now != "" {
		ticks, ok := value.ParseDatetime(q.now)
		if !ok {
			errs = append(errs, fmt.Errorf("--now: %q is no moment; write it like 2026-04-05T01:30:00Z", q.now))
		}
		a.now = ticks
	}
	if len(errs) > 0 {
		return nil, &codedError{code: exitUsage, err: errors.Join(errs...)}
	}
	if a.source, err = openQuerySource(w, q.from); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *asker) close() { _ = a.source.close() }

// aside makes this process the one that gives way: it stands beside the workers
// that it asks about, perhaps in their container. None of it has to work.
func aside(memory int64) {
	const own = 64 << 20 // the program itself, buffers of the reader, the answer's text
	debug.SetMemoryLimit(2*memory + own)
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, 10)
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0)
}

// ask answers a text, whole: what is refused or fails leaves nothing half told.
func (a *asker) ask(ctx context.Context, text string) (render.Answer, error) {
	a.started = time.Now()
	now := a.now
	if now == 0 {
		now = value.Ticks(a.started)
	}
	answer := render.Answer{Query: text, Source: a.source.name}
	queries, warnings, err := kql.Compile(text, kql.Options{Source: a.source, Now: now, Strict: a.q.strict, MemoryLimit: int64(a.memory)})
	if err != nil {
		return answer, a.refused(err, exitUsage)
	}
	answer.Warnings = warnings
	if a.q.explain {
		a.warn(warnings)
		for i, query := range queries {
			if i > 0 {
				fmt.Fprintln(a.w.stdout)
			}
			fmt.Fprintln(a.w.stdout, strings.TrimRight(query.Explain(), "\n"))
		}
		return answer, nil
	}
	for _, query := range queries {
		result, err := query.Run(ctx)
		if err != nil {
			a.warn(answer.Warnings)
			return answer, a.refused(err, exitError)
		}
		answer.Results = append(answer.Results, result)
	}
	answer.Warnings = append(answer.Warnings, a.source.warnings()...)
	return answer, nil
}

// refused gives an error of the engine the form of our own: the excerpt behind a
// tab, the hint on a line of its own.
func (a *asker) refused(err error, code int) error {
	var e *kql.Error
	if !errors.As(err, &e) {
		return err
	}
	text := strings.ReplaceAll(e.Error(), "\n  hint: ", "\nhint: ")
	if a.source.empty() && strings.HasPrefix(e.Message, "there is no table") {
		text += "\nhint: " + a.source.why
	}
	return &codedError{code: code, err: errors.New(strings.ReplaceAll(text, "\n  ", "\n\t"))}
}

// warn tells warnings on stderr.
func (a *asker) warn(warnings []table.Warning) {
	for _, w := range warnings {
		text := w.Message
		if w.Code != "" {
			text = w.Code + ": " + text
		}
		if w.Line > 0 {
			text = fmt.Sprintf("line %d, column %d: %s", w.Line, w.Column, text)
		}
		fmt.Fprintln(a.w.stderr, "stanch: warning: "+tabular.Visible(text))
		if w.Instead != "" {
			fmt.Fprintln(a.w.stderr, "hint: Azure takes: "+strings.ReplaceAll(strings.TrimSpace(w.Instead), "\n", "\n\t"))
		}
	}
}

// write tells the answer, and behind it its warnings on stderr.
func (a *asker) write(answer render.Answer) error {
	defer func() { a.warn(tabular.Warnings(answer.Warnings, answer.Results)) }()
	if a.q.out != "" {
		return a.writeFile(answer)
	}
	width, color := terminal(a.w)
	shown := isTerminal(a.w.stdout)
	if !shown || a.q.wide {
		width = 0
	}
	screen := tabular.Terminal{Width: width, Color: color}
	if a.format != "" || !shown {
		return drawn(render.Write(a.w.stdout, a.format, screen, answer))
	}
	warnings, err := render.Terminal(a.w.stdout, screen, answer.Results)
	a.warn(warnings)
	rows := 0
	for _, r := range answer.Results {
		rows += len(r.Rows)
	}
	fmt.Fprintf(a.w.stderr, "%s, %v\n", plural(rows, "row"), time.Since(a.started).Round(time.Millisecond))
	return err
}

// writeFile replaces the file by the answer at once, so that nobody reads a half.
func (a *asker) writeFile(answer render.Answer) (err error) {
	file, err := os.CreateTemp(filepath.Dir(a.q.out), ".stanch-query-*")
	if err != nil {
		return &codedError{code: exitUsage, err: fmt.Errorf("write the answer: %w", err)}
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	if err := render.Write(file, a.format, tabular.Terminal{}, answer); err != nil {
		return drawn(err)
	}
	if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	if err := os.Rename(file.Name(), a.q.out); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// drawn is the error of an answer that can't be drawn as it was asked for.
func drawn(err error) error {
	if err == nil {
		return nil
	}
	text, hint, _ := strings.Cut(err.Error(), "\nhint: ")
	return &codedError{code: exitError, err: errors.New(text), hint: hint}
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
