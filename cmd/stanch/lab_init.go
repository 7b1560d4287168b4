package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/lab/draft"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
)

// labInit is what `stanch lab init` was given, by flags and by answers.
type labInit struct {
	w                world
	folder, name     string
	claim            string
	command, compare string
	app, compareApp  string
	endpoints        []string
	openapi          string
	queues, blobs    []string
	payload          string
	memory, smallest string
	rate             float64
	minutes          int
	force, asJSON    bool
	functions        bool // the app is a function app
}

func labInitCommand(w world) *cobra.Command {
	q := &labInit{w: w}
	cmd := &cobra.Command{
		Use:   "init [flags] [FOLDER]",
		Short: "write an experiment for a worker of your own",
		Long: `init writes an experiment.yaml for a worker of your own: with phases, controls, gates,
proof and disproof, and a small version. At a terminal it asks for what no flag says.
Nothing is run, and no file is written over without --force.

The claims:
  leak     the worker keeps memory with each request
  oom      under load it goes over its memory limit; with --compare, the other does not
  fix      it leaks, and the other does not
  compare  the other holds less memory under the same load

FOLDER is labs/NAME by itself. A worker that is not in it is found through a link there.`,
		Example: `  stanch lab init
  stanch lab init --claim leak --command "python app.py {port}" --endpoint "GET /orders/{id}" --memory 512MiB
  stanch lab init --claim fix --command "./old" --compare "./new" --openapi api.yaml --memory 256MiB --rate 200
  stanch lab init --claim oom --app ./uploads --memory 1GiB --payload 20MB lab`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage(errors.New("init takes one folder"), "stanch lab init labs/mine")
			}
			if len(args) == 1 {
				q.folder = args[0]
			}
			return q.run(cmd.Flags().Changed)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&q.claim, "claim", "", "what is claimed: leak, oom, fix or compare")
	f.StringVar(&q.command, "command", "", "the worker's command; {port} in it is where it has to listen")
	f.StringVar(&q.app, "app", ".", "the folder that the command is for; with host.json and no command, a function app")
	f.StringVar(&q.compare, "compare", "", "the other command, of fix and compare (default: the same)")
	f.StringVar(&q.compareApp, "compare-app", "", "the other worker's folder (default: that of --app)")
	f.StringArrayVar(&q.endpoints, "endpoint", nil, `what is asked, such as "GET /orders/{id}" or "POST /orders 2KiB"; may be repeated`)
	f.StringVar(&q.openapi, "openapi", "", "an OpenAPI document; what it lets one GET is asked")
	f.StringArrayVar(&q.queues, "queue", nil, "a queue that a function app reads; may be repeated")
	f.StringArrayVar(&q.blobs, "blob", nil, "a container of blobs that a function app reads, or CONTAINER/PATH with {n}; may be repeated")
	f.StringVar(&q.payload, "payload", "", "the size of a blob, a message or a body")
	f.StringVar(&q.memory, "memory", "", "the memory limit, which the kernel enforces, such as 512MiB")
	f.Float64Var(&q.rate, "rate", 50, "requests a second under load")
	f.StringVar(&q.smallest, "smallest", "", "the least growth a request that counts (default: what can be told in the time)")
	f.IntVar(&q.minutes, "minutes", 30, "how long it may take, all runs together")
	f.StringVar(&q.name, "name", "", "what the experiment is called (default: after the folder and the claim)")
	f.BoolVar(&q.force, "force", false, "write over an experiment that is there")
	f.BoolVar(&q.asJSON, "json", false, "print JSON")
	return cmd
}

func (q *labInit) run(given func(flag string) bool) error {
	// Before anybody is asked, since answers would be for nothing.
	if q.folder != "" {
		if err := q.free(q.folder); err != nil {
			return err
		}
	}
	if isTerminal(q.w.stdin) && isTerminal(q.w.stderr) {
		if err := q.ask(given); err != nil {
			return err
		}
	}
	q.look()
	if missing := q.missing(); len(missing) > 0 {
		return usage(fmt.Errorf("nobody can be asked, and init needs %s", strings.Join(missing, ", ")), "at a terminal, stanch lab init asks; `stanch lab init --help` has an example")
	}
	answers, notes, err := q.answers()
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	if err := q.free(q.folder); err != nil {
		return err
	}
	links, err := q.places(&answers)
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	text, err := sound(answers)
	if err != nil {
		return &codedError{code: exitUsage, err: err}
	}
	file, err := q.write(text, links)
	if err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintln(q.w.stderr, "stanch:", note)
	}
	return q.tell(file, links)
}

// tell says what was written, and what to do next.
func (q *labInit) tell(file string, links []link) error {
	if q.asJSON {
		return printJSON(q.w.stdout, struct {
			Name  string `json:"name"`
			File  string `json:"file"`
			Links []link `json:"links"`
		}{q.name, file, append([]link{}, links...)})
	}
	fmt.Fprintln(q.w.stdout, "wrote", file)
	for _, l := range links {
		fmt.Fprintf(q.w.stdout, "and the link %s to %s, since a worker lies below its experiment\n", filepath.Join(q.folder, l.Name), l.To)
	}
	_, err := fmt.Fprintf(q.w.stdout, `
Read it, say the claim in your own words, and then:
  stanch lab lint %[1]s           what it does, how long it takes, what it could find
  stanch lab run %[1]s --small    in about two minutes
`, q.folder)
	return err
}

// look finds out what the app's folder says by itself.
func (q *labInit) look() {
	_, err := os.Stat(filepath.Join(q.app, "host.json"))
	q.functions = err == nil && q.command == ""
}

// missing are the flags without which nothing can be drafted.
func (q *labInit) missing() (flags []string) {
	if q.claim == "" {
		flags = append(flags, "--claim")
	}
	if q.command == "" && !q.functions {
		flags = append(flags, "--command (or --app, with a function app)")
	}
	if q.two() && q.compare == "" && q.compareApp == "" {
		flags = append(flags, "--compare or --compare-app")
	}
	switch unsaid := len(q.endpoints)+len(q.queues)+len(q.blobs) == 0 && q.openapi == ""; {
	case !unsaid:
	case !q.functions:
		flags = append(flags, "--endpoint or --openapi")
	case errors.Is(q.triggers(&draft.Answers{}), errUnsaid):
		flags = append(flags, "--endpoint, --queue or --blob (the app's files don't say what comes)")
	}
	if q.memory == "" {
		flags = append(flags, "--memory")
	}
	return flags
}

// two says whether the claim takes another worker.
func (q *labInit) two() bool { return q.claim == string(draft.Fix) || q.claim == string(draft.Compare) }

// answers are what a draft is made of. What was left out is noted.
func (q *labInit) answers() (a draft.Answers, notes []string, err error) {
	a = draft.Answers{Claim: draft.Claim(q.claim), Rate: q.rate, Length: time.Duration(q.minutes) * time.Minute}
	if !slices.Contains(draft.Claims(), a.Claim) {
		return a, nil, fmt.Errorf("--claim: there is no claim %q\nhint: leak, oom, fix or compare", q.claim)
	}
	for _, one := range []struct {
		flag, text string
		size       *bytesize.Size
	}{{"memory", q.memory, &a.Memory}, {"payload", q.payload, &a.Payload}, {"smallest", q.smallest, &a.Smallest}} {
		if one.text == "" {
			continue
		}
		if *one.size, err = bytesize.Parse(one.text); err != nil {
			return a, nil, fmt.Errorf("--%s: %w", one.flag, err)
		}
	}
	if a.Worker, err = q.worker(q.app, q.command); err != nil {
		return a, nil, fmt.Errorf("--command: %w", err)
	}
	if q.compare != "" || q.compareApp != "" {
		app, command := q.compareApp, q.compare
		if app == "" {
			app = q.app
		}
		if command == "" {
			command = q.command
		}
		other, err := q.worker(app, command)
		if err != nil {
			return a, nil, fmt.Errorf("--compare: %w", err)
		}
		a.Other = &other
	}
	if notes, err = q.load(&a); err != nil {
		return a, nil, err
	}
	q.called()
	a.Name, a.Place = q.name, filepath.ToSlash(q.folder)
	return a, notes, nil
}

// worker is a worker that is started in a folder; its Dir is that folder, as it was
// given.
func (q *labInit) worker(app, command string) (draft.Worker, error) {
	if info, err := os.Stat(app); err != nil || !info.IsDir() {
		return draft.Worker{}, fmt.Errorf("there is no folder %s", app)
	}
	words, err := draft.Words(command)
	return draft.Worker{Dir: app, Command: words, Functions: len(words) == 0}, err
}

// called settles the name and the folder.
func (q *labInit) called() {
	if q.name == "" && q.folder != "" {
		if abs, err := filepath.Abs(q.folder); err == nil {
			q.name = draft.NameOf(filepath.Base(abs))
		}
	}
	if q.name == "" {
		q.name = q.usualName()
	}
	if q.folder == "" {
		q.folder = filepath.Join(folder.Root, q.name)
	}
}

// usualName is after the app's folder and the claim.
func (q *labInit) usualName() string {
	base := ""
	if abs, err := filepath.Abs(q.app); err == nil {
		base = filepath.Base(abs)
	}
	return draft.NameOf(base) + "-" + q.claim
}

// sound writes the draft and reads it back, in both versions: what a path or a queue may
// be called is the reader's to say, and what it says is told before anything is
// written.
func sound(a draft.Answers) (string, error) {
	text, err := draft.Write(a)
	if err != nil {
		return "", err
	}
	source, err := folder.Parse(folder.FileName, []byte(text))
	if err != nil {
		return "", fmt.Errorf("read the draft back: %w", err)
	}
	_, mistakes := experiment.Read(source, experiment.Options{Small: true})
	var wrong []error
	for _, m := range mistakes {
		m.Line, m.Column = 0, 0
		text := m.Text
		if m.Hint != "" {
			text += "\nhint: " + m.Hint
		}
		if one := errors.New(text); !slices.ContainsFunc(wrong, func(w error) bool { return w.Error() == text }) {
			wrong = append(wrong, one)
		}
	}
	return text, errors.Join(wrong...)
}
