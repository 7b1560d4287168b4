// Package derive makes everything of a bundle that is not raw evidence: the answers to
// its queries, the timeline, the criteria, the verdict and the reports.
//
// All of it follows from the experiment's file, the raw rows and the telemetry, by the
// same steps whoever takes them: the lab after its last run, and whoever verifies the
// bundle later. The same bundle gives the same files, byte for byte. Where a bundle is
// not complete there is no verdict, and its reports say so. Begin with [Derive].
package derive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/ask"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
	"github.com/stanch-dev/stanch/internal/lab/experiment"
	"github.com/stanch-dev/stanch/internal/lab/folder"
	"github.com/stanch-dev/stanch/internal/lab/report"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// The files that are derived, below the bundle.
const (
	QueriesFile  = "queries.json"
	TimelineFile = "timeline.csv"
	CriteriaFile = "criteria.json"
	VerdictFile  = "verdict.json"
	PageFile     = "report.html"
	MarkdownFile = "report.md"
	JUnitFile    = "junit.xml"
)

// Files are the derived files, in the order in which one reads them.
func Files() []string {
	return []string{VerdictFile, CriteriaFile, QueriesFile, TimelineFile, PageFile, MarkdownFile, JUnitFile}
}

// Result is what follows from a bundle.
type Result struct {
	report.Findings
	Files map[string][]byte // without the verdict's where there is none
}

// Experiment reads the file of a bundle, in the version that was run.
func Experiment(source []byte, m *lab.Manifest) (*lab.Experiment, error) {
	parsed, err := folder.Parse("experiment.yaml", source)
	if err != nil {
		return nil, err
	}
	e, mistakes := experiment.Read(parsed, experiment.Options{Small: m.Small, Speed: m.Speed, Scale: m.Scale})
	if err := mistakes.Err(); err != nil {
		return nil, err
	}
	if m.Compare != nil {
		return e, ask.Pair(e, *m.Compare)
	}
	return e, nil
}

// Evidence reads what a verdict needs, and makes it: without the files.
func Evidence(ctx context.Context, b *bundle.Bundle) (*Result, error) {
	e, err := Experiment(b.Source, &b.Manifest)
	if err != nil {
		return nil, fmt.Errorf("read the bundle's experiment: %w", err)
	}
	r := &Result{Findings: report.Findings{Experiment: e, Manifest: b.Manifest}}
	r.Manifest.Files, r.Manifest.Seal = nil, "" // they depend on what is derived
	if r.Records, r.Notes, err = b.Records(); err != nil {
		return nil, err
	}
	questions := append(ask.Questions(e, r.Records), report.Questions(e, r.Records)...)
	for i := range r.Records {
		record := &r.Records[i]
		tables, err := b.Tables(record.Number)
		if err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("run %d has no telemetry: %v", record.Number, err))
			continue
		}
		if record.Calls, err = calls(ctx, tables, record); err != nil {
			return nil, fmt.Errorf("read the calls of run %d: %w", record.Number, err)
		}
		for _, q := range questions {
			if q.Run == record.Number {
				r.Answers = append(r.Answers, bundle.Ask(ctx, tables, q))
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	v, err := ask.Judge(e, r.Records, r.Answers)
	if err != nil {
		return nil, err
	}
	r.Verdict = &v
	r.Notes = append(r.Notes, ask.Unanswered(r.Answers)...)
	r.Criteria = criteria(e, &v)
	return r, nil
}

// Derive makes all files.
func Derive(ctx context.Context, b *bundle.Bundle) (*Result, error) {
	r, err := Evidence(ctx, b)
	if err != nil {
		return nil, err
	}
	if b.Manifest.State != lab.Complete {
		r.Verdict, r.Criteria = nil, criteria(r.Experiment, &verdict.Verdict{})
	}
	f := &r.Findings
	r.Files = map[string][]byte{TimelineFile: report.Timeline(f), MarkdownFile: report.Markdown(f)}
	var wrong []error
	put := func(name string, text []byte, err error) {
		r.Files[name] = text
		wrong = append(wrong, err)
	}
	text, err := bundle.EncodeAnswers(r.Answers)
	put(QueriesFile, text, err)
	text, err = report.CriteriaJSON(f)
	put(CriteriaFile, text, err)
	text, err = report.HTML(f)
	put(PageFile, text, err)
	text, err = report.JUnit(f)
	put(JUnitFile, text, err)
	if r.Verdict != nil {
		text, err = json.MarshalIndent(r.Verdict, "", "  ")
		put(VerdictFile, append(text, '\n'), err)
	}
	return r, errors.Join(wrong...)
}

// calls are those that a run's stanch recorded.
func calls(ctx context.Context, tables table.Source, r *lab.Record) ([]lab.Call, error) {
	queries, _, err := kql.Compile("requests | project timestamp, duration, name, success", kql.Options{Source: tables, Now: value.Ticks(r.Began), Workers: 1})
	if err != nil {
		return nil, err
	}
	result, err := queries[0].Run(ctx)
	if err != nil {
		return nil, err
	}
	var all []lab.Call
	for _, row := range result.Rows {
		at := value.Time(row[0].Long()).Sub(r.Began).Seconds()
		took, ok := row[1].Float()
		if !ok || math.IsNaN(took) || row[0].IsNull() {
			continue
		}
		all = append(all, lab.Call{At: at, Done: at + took/1000, Name: row[2].Str(), OK: strings.EqualFold(row[3].Text(), "true")})
	}
	return all, nil
}

// criteria are what was asked, beside what was judged of it.
func criteria(e *lab.Experiment, v *verdict.Verdict) (all []report.Criterion) {
	of := func(id string, results []verdict.Result) (own []verdict.Result) {
		for _, r := range results {
			if r.ID == id || strings.HasPrefix(r.ID, id+"/") {
				own = append(own, r)
			}
		}
		return own
	}
	for _, c := range e.Proof {
		all = append(all, report.Criterion{Part: report.Proof, ID: c.ID, Says: c.Says, Test: string(c.Test), Window: c.Window, Bound: ask.Words(&c), Results: of(c.ID, v.Proof)})
	}
	for _, c := range e.Disproof {
		all = append(all, report.Criterion{Part: report.Disproof, ID: c.ID, Says: c.Says, Test: string(c.Test), Window: c.Window, Bound: ask.Words(&c), Results: of(c.ID, v.Disproof)})
	}
	for _, g := range e.Gates {
		all = append(all, report.Criterion{Part: report.Gate, ID: g.ID, Test: string(g.Check), Window: g.Window, Bound: ask.BoundWords(g.Bound), Results: of(g.ID, v.Gates)})
	}
	if p := e.Controls.Planted; p != nil {
		all = append(all, report.Criterion{
			Part: report.Control, ID: ask.Planted, Test: "growth", Window: p.Window, Results: of(ask.Planted, v.Controls),
			Says:  fmt.Sprintf("A leak of %v a %s beside %s is seen.", p.Size, p.Per, p.Variant),
			Bound: fmt.Sprintf("above half of %v a %s", p.Size, p.Per),
		})
	}
	if s := e.Controls.Same; s != nil {
		all = append(all, report.Criterion{
			Part: report.Control, ID: ask.Same, Test: "equivalence", Window: s.Window, Results: of(ask.Same, v.Controls),
			Says: "Run twice, " + s.Variant + " does not differ from itself.", Bound: "within the smallest effect",
		})
	}
	if e.Compare == nil {
		return all
	}
	for _, m := range e.Compare.Metrics {
		one := report.Criterion{Part: report.Compare, ID: m.ID, Says: m.Says, Test: "compare", Window: m.Window, Bound: ask.MetricWords(&m)}
		for _, c := range v.Comparisons {
			if c.Name == m.ID {
				one.Results = append(one.Results, c.Result)
			}
		}
		all = append(all, one)
	}
	return all
}
