package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/lab/campaign"
	"github.com/stanch-dev/stanch/internal/lab/derive"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	labreport "github.com/stanch-dev/stanch/internal/lab/report"
	"github.com/stanch-dev/stanch/internal/lab/trial"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// labRun is what the flags of lab run say.
type labRun struct {
	o      experiment.Options
	out    string
	key    string
	asJSON bool
	quiet  bool
}

func labRunCommand(w world) *cobra.Command {
	var q labRun
	cmd := &cobra.Command{
		Use:   "run [flags] FILE|FOLDER|NAME",
		Short: "run an experiment, and say whether its claim is supported",
		Long: `run carries an experiment out: the worker below a memory limit that the kernel
enforces, under the load that the file says, phase by phase, with its controls and as
often as the file wants it. All that is seen goes into a bundle (--out), with the
verdict, the queries, and a report.html that needs no network. Whoever has the
bundle can recompute all of it: stanch lab verify BUNDLE.

It takes a memory cgroup: root, a container with a writable cgroup, or
systemd-run --user --scope -p Delegate=yes. Ctrl-C ends it; what was seen by then is
in the bundle, which says that it was aborted and has no verdict.

Exit codes: 0 supported, 1 not supported, 2 inconclusive, 5 there is no verdict.`,
		Example: `  stanch lab run labs/blob-oom --small
  stanch lab run labs/runtime-swap --out evidence
  stanch lab run blob-oom --speed 20 --scale 0.1 --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return noVerdict(usage(errors.New("run takes one experiment"), "stanch lab run labs/NAME; `stanch lab ls` lists them"))
			}
			return noVerdict(runLab(cmd.Context(), w, q, args[0], nil))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	versionFlags(cmd, &q.o)
	flags.StringVar(&q.out, "out", "", "directory of the bundle, new or empty (default: lab-NAME-TIME)")
	flags.StringVar(&q.key, "sign", "", "sign the bundle with this private key (ed25519, PEM), as openssl genpkey -algorithm ed25519 makes one")
	flags.BoolVar(&q.asJSON, "json", false, "print JSON")
	flags.BoolVar(&q.quiet, "quiet", false, "no progress")
	cmd.SetFlagErrorFunc(noVerdictOfFlags)
	return cmd
}

// versionFlags are how an experiment is changed before it is run.
func versionFlags(cmd *cobra.Command, o *experiment.Options) {
	flags := cmd.Flags()
	flags.BoolVar(&o.Small, "small", false, "the small version, for a few minutes")
	flags.Var((*timesFlag)(&o.Speed), "speed", "the timeline is so many times as fast (default: as the file says)")
	flags.Var((*timesFlag)(&o.Scale), "scale", "sizes are so many times as large (default: as the file says)")
}

// timesFlag is by how much something is multiplied; zero if it was not given.
type timesFlag float64

func (f *timesFlag) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= 0.001 && v <= 1000) {
		return errors.New("a number from 0.001 to 1000 is wanted")
	}
	*f = timesFlag(v)
	return nil
}

func (f *timesFlag) String() string {
	if *f == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*f), 'g', -1, 64)
}

func (f *timesFlag) Type() string { return "float" }

// noVerdict gives an error that is no verdict its own code: those of verdicts are 1 and
// 2, which a build server has to be able to rely on.
func noVerdict(err error) error {
	var coded *codedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		if coded.verdict {
			return err
		}
		return &codedError{code: exitNoVerdict, err: err, hint: coded.hint}
	}
	return &codedError{code: exitNoVerdict, err: err}
}

// noVerdictOfFlags is wrongFlag of the commands whose exit codes are verdicts.
func noVerdictOfFlags(cmd *cobra.Command, err error) error {
	return noVerdict(wrongFlag(cmd, err))
}

// runLab runs an experiment, or only compares two variants of it, where pair says so.
func runLab(ctx context.Context, w world, q labRun, name string, pair func(*lab.Experiment) (*lab.Pairing, error)) error {
	found, err := folder.Open(name)
	if err != nil {
		return err
	}
	source, err := os.ReadFile(found.Path)
	if err != nil {
		return fmt.Errorf("read the experiment: %w", err)
	}
	q.o.Folder = found.Has
	e, mistakes := experiment.Read(found.Source, q.o)
	if err := mistakes.Err(); err != nil {
		return err
	}
	var pairing *lab.Pairing
	if pair != nil {
		if pairing, err = pair(e); err != nil {
			return err
		}
	}
	if _, err := ask.Case(e); err != nil {
		return fmt.Errorf("%s can't be judged: %w", e.Name, err)
	}
	if q.out == "" {
		q.out = fmt.Sprintf("lab-%s-%s", e.Name, time.Now().UTC().Format("20060102T150405"))
	}
	key, err := privateKey(q.key)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find stanch's own program: %w", err)
	}
	dir, err := filepath.Abs(found.Dir)
	if err != nil {
		return err
	}
	if q.out, err = filepath.Abs(q.out); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "stanch-lab-")
	if err != nil {
		return fmt.Errorf("make a directory for the trials: %w", err)
	}
	defer os.RemoveAll(scratch)
	host, err := process.NewHost(process.HostConfig{Sentinel: os.Getpid() != 1})
	if err != nil {
		return err
	}
	defer host.Close()
	screen := newLabScreen(w, e, q.quiet)
	r, err := campaign.Run(ctx, campaign.Config{
		Config: trial.Config{
			Experiment: e, Folder: dir, Program: program, Environ: w.environ, Host: host,
			Scratch: scratch, Azurite: azuriteHome(w), Log: slog.New(slog.NewTextHandler(w.stderr, nil)), Show: screen.show,
		},
		Source: source, Out: q.out, Version: version(), Small: q.o.Small, Speed: q.o.Speed, Scale: q.o.Scale, Compare: pairing,
		Begin: screen.begin,
	})
	screen.end()
	if r != nil && key != nil && err == nil {
		err = bundle.Sign(q.out, key)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted: there is no verdict. What was seen is in %s, marked as aborted", q.out)
	case err != nil && r != nil:
		return fmt.Errorf("%w\nwhat was seen is in %s, and has no verdict", err, q.out)
	case err != nil:
		return err
	}
	return tellLab(w.stdout, r, q.out, q.asJSON)
}

// azuriteHome is where Azure's emulator is installed into: the checkout, where there is
// one, else the user's cache.
func azuriteHome(w world) string {
	if info, err := os.Stat(filepath.Join("labs", "payload.py")); err == nil && !info.IsDir() {
		if here, err := os.Getwd(); err == nil {
			return here
		}
	}
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "stanch")
	}
	return os.TempDir()
}

// labOutcome is what lab run and lab compare print as JSON.
type labOutcome struct {
	Bundle string `json:"bundle"`
	Report string `json:"report"`
	Name   string `json:"name"`
	*verdict.Verdict
}

// tellLab prints the verdict, and ends with its code.
func tellLab(out io.Writer, r *derive.Result, dir string, asJSON bool) error {
	page := filepath.Join(dir, derive.PageFile)
	if asJSON {
		if err := printJSON(out, labOutcome{dir, page, r.Experiment.Name, r.Verdict}); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintf(out, "%s\nreport  %s\nverify  stanch lab verify %s\n", labreport.Text(&r.Findings), page, dir); err != nil {
		return err
	}
	switch r.Verdict.Outcome {
	case verdict.Supported:
		return nil
	case verdict.NotSupported:
		return &codedError{code: 1, verdict: true}
	}
	return &codedError{code: 2, verdict: true}
}
