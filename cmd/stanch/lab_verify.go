package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/lab/derive"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// labVerified is what lab verify prints as JSON.
type labVerified struct {
	Bundle   string          `json:"bundle"`
	State    lab.State       `json:"state"`
	Outcome  verdict.Outcome `json:"outcome,omitempty"`
	Files    int             `json:"files"`    // whose sums were held against the manifest
	Derived  int             `json:"derived"`  // files that were made anew and compared
	Signed   bool            `json:"signed"`   // and the signature is good
	Problems []string        `json:"problems"` // none: it is as it was made
}

func labVerifyCommand(w world) *cobra.Command {
	var key string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [flags] BUNDLE",
		Short: "recompute a bundle's verdict from its raw evidence",
		Long: `verify holds every file of a bundle against its sum, and makes all that follows from
the raw evidence anew: answers, timeline, criteria, verdict, reports. Each has to be
the same to the byte. What differs is told.

Sums find accidents and careless edits. Whoever forges evidence can recompute them too:
against that, a bundle is signed (stanch lab run --sign), and verified with --key.

Exit codes: 0 it is as it was made, 1 it is not, 5 it could not be read.`,
		Example: `  stanch lab verify lab-blob-oom-20261121T101500
  stanch lab verify evidence --key public.pem --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return noVerdict(usage(errors.New("verify takes one bundle"), "the folder that stanch lab run has made"))
			}
			v, err := verifyLab(cmd.Context(), args[0], key)
			if err != nil {
				return noVerdict(err)
			}
			if asJSON {
				err = printJSON(w.stdout, v)
			} else {
				_, err = fmt.Fprint(w.stdout, v)
			}
			if err != nil {
				return noVerdict(err)
			}
			if len(v.Problems) > 0 {
				return &codedError{code: exitError, verdict: true}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&key, "key", "", "the bundle has to be signed by whoever holds this key (public, ed25519, PEM)")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.SetFlagErrorFunc(noVerdictOfFlags)
	return cmd
}

func verifyLab(ctx context.Context, dir, key string) (*labVerified, error) {
	b, err := bundle.Open(dir)
	if err != nil {
		return nil, err
	}
	v := &labVerified{Bundle: dir, State: b.Manifest.State, Files: len(b.Manifest.Files), Problems: []string{}}
	wrong, err := b.Check()
	if err != nil {
		return nil, err
	}
	v.Problems = append(v.Problems, wrong...)
	if key != "" {
		public, err := publicKey(key)
		if err != nil {
			return nil, err
		}
		if err := bundle.Verify(dir, public); err != nil {
			v.Problems = append(v.Problems, err.Error())
		} else {
			v.Signed = true
		}
	}
	if b.Manifest.State == lab.Running {
		return v, nil // nothing was derived; Check has said so
	}
	r, err := derive.Derive(ctx, b)
	if err != nil {
		v.Problems = append(v.Problems, fmt.Sprintf("nothing can be recomputed: %v", err))
		return v, ctx.Err()
	}
	if r.Verdict != nil {
		v.Outcome = r.Verdict.Outcome
	}
	for _, name := range derive.Files() {
		there, err := b.Derived(name)
		again, made := r.Files[name]
		switch {
		case errors.Is(err, fs.ErrNotExist) && !made:
		case errors.Is(err, fs.ErrNotExist):
			v.Problems = append(v.Problems, name+" is not there")
		case err != nil:
			v.Problems = append(v.Problems, fmt.Sprintf("%s: %v", name, err))
		case !made:
			v.Problems = append(v.Problems, name+" is there, and nothing leads to it")
		case !bytes.Equal(there, again):
			v.Problems = append(v.Problems, fmt.Sprintf("%s is not what follows from the evidence: %s", name, firstDifference(there, again)))
		}
		v.Derived++
	}
	return v, nil
}

// firstDifference says where two texts part.
func firstDifference(there, again []byte) string {
	line := 1
	for i := range min(len(there), len(again)) {
		if there[i] != again[i] {
			break
		}
		if there[i] == '\n' {
			line++
		}
	}
	return fmt.Sprintf("they part in line %d", line)
}

// String tells people.
func (v *labVerified) String() string {
	var b bytes.Buffer
	for _, problem := range v.Problems {
		fmt.Fprintln(&b, problem)
	}
	switch {
	case len(v.Problems) > 0:
		fmt.Fprintf(&b, "%s is not as it was made: %d differences\n", v.Bundle, len(v.Problems))
	case v.State == lab.Aborted:
		fmt.Fprintf(&b, "%s is as it was made: %d files; it was aborted, and has no verdict\n", v.Bundle, v.Files)
	default:
		fmt.Fprintf(&b, "%s is as it was made: %d files, %d of them recomputed to the byte; %s\n", v.Bundle, v.Files, v.Derived, v.Outcome)
	}
	if v.Signed {
		fmt.Fprintln(&b, "the signature is good")
	}
	return b.String()
}

// labReportCommand makes the reports of a bundle that has none, such as one whose lab was
// killed.
func labReportCommand(w world) *cobra.Command {
	var out string
	var markdown bool
	cmd := &cobra.Command{
		Use:   "report [flags] BUNDLE",
		Short: "print a bundle's report, of one whose lab was killed too",
		Long: `report makes a bundle's report from its raw evidence, and prints it: the page, or
Markdown for a pull request. One whose lab was killed or interrupted is shown as far
as it got, and has no verdict. Nothing in the bundle is changed.`,
		Example: `  stanch lab report evidence --out report.html
  stanch lab report evidence --markdown`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.New("report takes one bundle"), "the folder that stanch lab run has made")
			}
			b, err := bundle.Open(args[0])
			if err != nil {
				return &codedError{code: exitUsage, err: err}
			}
			r, err := derive.Derive(cmd.Context(), b)
			if err != nil {
				return err
			}
			text := r.Files[derive.PageFile]
			if markdown {
				text = r.Files[derive.MarkdownFile]
			}
			if out == "" {
				_, err = w.stdout.Write(text)
				return err
			}
			if err := os.WriteFile(filepath.Clean(out), text, 0o644); err != nil {
				return fmt.Errorf("write the report: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write (default: print it)")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "Markdown instead of the page")
	return cmd
}
