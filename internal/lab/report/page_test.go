package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/report"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
)

// voids are the elements of HTML that have no end.
var voids = []string{"meta", "link", "br", "hr", "img", "input"}

// checkHTML says what is not well formed: each element that begins ends, in order, and no
// attribute is there twice. A page of ours is written so that an XML reader that
// knows the elements without end can read it, less its style and its script.
func checkHTML(page []byte) error {
	text := string(page)
	for _, raw := range []string{"style", "script"} {
		text = regexp.MustCompile(`(?s)<`+raw+`>.*?</`+raw+`>`).ReplaceAllString(text, "<"+raw+"></"+raw+">")
	}
	text = strings.TrimPrefix(text, "<!doctype html>")
	for _, v := range voids {
		text = regexp.MustCompile(`<`+v+`((?:\s+[a-z-]+="[^"]*")*)\s*>`).ReplaceAllString(text, "<"+v+"$1/>")
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = xml.HTMLEntity
	var open []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
			seen := map[string]bool{}
			for _, a := range token.Attr {
				if seen[a.Name.Local] {
					return fmt.Errorf("%s has the attribute %s twice", token.Name.Local, a.Name.Local)
				}
				seen[a.Name.Local] = true
				if strings.HasPrefix(a.Name.Local, "on") {
					return fmt.Errorf("%s has the handler %s", token.Name.Local, a.Name.Local)
				}
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("%v has no end", open)
	}
	return nil
}

func TestPagesAreWellFormedAndNeedNothingElse(t *testing.T) {
	for name, f := range told(t) {
		page, err := report.HTML(f)
		if err != nil {
			t.Fatalf("HTML of %s: %v", name, err)
		}
		if err := checkHTML(page); err != nil {
			t.Errorf("HTML of %s: %v", name, err)
		}
		// Whatever would make a browser ask for something.
		if found := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9]|url\(|@import|<(img|iframe|link|object|embed|base)\b|\b(src|href|srcset|action)=`).Find(page); found != nil {
			t.Errorf("HTML of %s asks for %q", name, found)
		}
		for _, number := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(string(page), number) {
				t.Errorf("HTML of %s says %s", name, number)
			}
		}
	}
}

// The reader of the test itself has to see what is wrong.
func TestWhatIsNotWellFormedIsSeen(t *testing.T) {
	for _, page := range []string{"<p>", "<p><b></p></b>", `<p class="a" class="b"></p>`, `<p onclick="x"></p>`, "<p>a & b</p>", "<p>a < b</p>"} {
		if err := checkHTML([]byte(page)); err == nil {
			t.Errorf("checkHTML(%s): nothing wrong", page)
		}
	}
}

const hostile = "<script>alert(1)</script>\"'></style></title><img src=x onerror=alert(1)>{{.}}\x1b[2J\u202e\x00|`]]>&amp;\n=1+1"

// poison puts hostile text wherever a worker, a bundle or a file may put text.
func poison(f *report.Findings) {
	e := f.Experiment
	e.Name, e.Hypothesis.Claim, e.Hypothesis.Because = hostile, hostile, hostile
	f.Manifest.Stanch, f.Manifest.Why, f.Manifest.Machine.Kernel, f.Manifest.Machine.Clock = hostile, hostile, hostile, hostile
	f.Notes = []string{hostile}
	rename := func(s *string) { *s = hostile }
	for i := range e.Phases {
		for k := range f.Records {
			for n := range f.Records[k].Spans {
				if f.Records[k].Spans[n].Name == e.Phases[i].Name {
					rename(&f.Records[k].Spans[n].Name)
				}
			}
		}
		rename(&e.Phases[i].Name)
		for k := range e.Phases[i].Rates {
			rename(&e.Phases[i].Rates[k].Stream)
		}
		for k := range e.Phases[i].Do {
			if e.Phases[i].Do[k].Use != "" {
				rename(&e.Phases[i].Do[k].Use)
			}
		}
	}
	for i := range e.Signals {
		rename(&e.Signals[i].Says)
	}
	for i := range e.Proof {
		e.Proof[i].Window, e.Proof[i].Signals, e.Proof[i].Stream = []string{hostile}, []string{hostile}, hostile
	}
	for i := range f.Criteria {
		c := &f.Criteria[i]
		c.Says, c.Bound, c.Test, c.Window = hostile, hostile, hostile, []string{hostile}
		for k := range c.Results {
			r := &c.Results[k]
			r.Why, r.Causes = hostile, []string{hostile}
			r.Estimate = verdict.Number(math.NaN())
			for n := range r.Inputs {
				r.Inputs[n].Variant, r.Inputs[n].Series, r.Inputs[n].Window = hostile, hostile, hostile
			}
		}
	}
	if f.Verdict != nil {
		f.Verdict.Why, f.Verdict.Next, f.Verdict.Causes = []string{hostile}, hostile, []string{hostile}
		for i := range f.Verdict.Repeats {
			f.Verdict.Repeats[i].Why = hostile
		}
		for i := range f.Verdict.Comparisons {
			c := &f.Verdict.Comparisons[i]
			c.Name, c.A, c.B, c.Result.Why = hostile, hostile, hostile, hostile
		}
	}
	for i := range f.Records {
		r := &f.Records[i]
		r.Variant, r.Why = hostile, hostile
		for k := range r.Events {
			r.Events[k].Text, r.Events[k].Kind = hostile, lab.EventKind(hostile)
		}
	}
	for i := range f.Answers {
		a := &f.Answers[i]
		a.KQL = hostile
		if a.Part != "report" {
			a.ID, a.Problem = hostile, hostile
		}
		for k := range a.Columns {
			a.Columns[k] = hostile
		}
		for _, row := range a.Rows {
			for k := range row {
				if _, ok := row[k].(string); ok {
					row[k] = hostile
				}
			}
		}
	}
}

func TestHostileTextIsNeverMarkup(t *testing.T) {
	for name, f := range told(t) {
		poison(f)
		all := written(t, f)
		if err := checkHTML(all["html"]); err != nil {
			t.Errorf("HTML of %s with hostile text: %v", name, err)
		}
		page := string(all["html"])
		if n := strings.Count(page, "<script"); n != 1 {
			t.Errorf("HTML of %s has %d scripts, want its own", name, n)
		}
		for _, wrong := range []string{"<img", "\x1b", "\x00", "\u202e"} {
			if strings.Contains(page, wrong) {
				t.Errorf("HTML of %s has %q", name, wrong)
			}
		}
		for kind, text := range all {
			if kind != "csv" && kind != "json" && bytes.ContainsAny(text, "\x1b\x00\u202e") {
				t.Errorf("%s of %s has characters that move the cursor", kind, name)
			}
		}
		if text := string(all["md"]); strings.Contains(text, "<script") || strings.Contains(text, "<img") {
			t.Errorf("Markdown of %s has markup:\n%s", name, text)
		}
		for line := range strings.Lines(string(all["md"])) {
			cells := len(regexp.MustCompile(`(?:^|[^\\])\|`).FindAllString(line, -1))
			if strings.HasPrefix(line, "|") && cells != 8 && cells != 5 {
				t.Errorf("Markdown of %s: a row of %d bars: %s", name, cells, line)
			}
		}
		if _, err := csv.NewReader(bytes.NewReader(all["csv"])).ReadAll(); err != nil {
			t.Errorf("Timeline of %s: %v", name, err)
		}
		if !json.Valid(all["json"]) {
			t.Errorf("CriteriaJSON of %s is no JSON", name)
		}
		checkJUnit(t, name, all["xml"])
	}
}

func TestAPageStaysBelowTwoMegabytes(t *testing.T) {
	f := swapped(t, 7)
	line := strings.Repeat("a line of a worker that does not end ", 200)
	one := f.Records[len(f.Records)-1]
	for i := range one.Samples { // a jagged curve is the longest one
		one.Samples[i].Values[0] *= 1 + 0.5*float64(i%2)
		one.Samples[i].Values[1] *= 1 + 0.4*float64(i%3)
	}
	for i := range 5000 { // it dies all the time
		at := 20 + float64(i)/100
		one.Events = append(one.Events, lab.Event{At: at, Kind: lab.EventExited, Generation: i + 1, Code: 137}, lab.Event{At: at + 0.005, Kind: lab.EventStarted, Generation: i + 2})
	}
	for i := range 2000 {
		one.Events = append(one.Events, lab.Event{At: 100 + float64(i)/1000, Kind: lab.EventNote, Text: line})
	}
	var rows [][]any
	for i := range 5000 {
		rows = append(rows, []any{float64(i), line, line, line})
	}
	for number := len(f.Records) + 1; number <= 40; number++ {
		one.Number, one.Round = number, number
		f.Records = append(f.Records, one)
		for k := range 12 {
			f.Answers = append(f.Answers, lab.Answer{ID: fmt.Sprint("question ", k), Part: "criterion", Run: number, KQL: line, Columns: []string{"t", "a", "b", "c"}, Rows: rows})
		}
		f.Answers = append(f.Answers, lab.Answer{ID: "failed allocations", Part: "report", Run: number, KQL: line, Columns: []string{"t", "text"}, Rows: rows[:200]})
	}
	began := time.Now()
	page, err := report.HTML(f)
	if err != nil {
		t.Fatalf("HTML: %v", err)
	}
	t.Logf("HTML of %d runs: %d bytes in %v", len(f.Records), len(page), time.Since(began).Round(time.Millisecond))
	if len(page) > 2e6 {
		t.Errorf("HTML of %d runs: %d bytes, want at most two megabytes", len(f.Records), len(page))
	}
	if err := checkHTML(page); err != nil {
		t.Errorf("HTML of %d runs: %v", len(f.Records), err)
	}
}

func TestWithoutACompleteManifestThereIsNoVerdict(t *testing.T) {
	for _, state := range []lab.State{lab.Running, lab.Aborted, "", "finished"} {
		f := supported().findings(t, 7)
		f.Manifest.State = state
		for kind, text := range written(t, f) {
			if kind == "html" || kind == "md" || kind == "xml" {
				if !bytes.Contains(text, []byte("No verdict")) || bytes.Contains(text, []byte("Supported")) {
					t.Errorf("%s of a bundle in state %q tells a verdict", kind, state)
				}
			}
		}
	}
}

func TestNoPeakOfMemoryIsLost(t *testing.T) {
	f := supported().findings(t, 7)
	r := &f.Records[1]
	for i := range 40_000 { // far more samples than columns
		s := lab.Sample{At: 10 + float64(i)/1000, Generation: 1, Limit: 3.5 * gb}
		for k := range s.Values {
			s.Values[k] = math.NaN()
		}
		s.Values[0], s.Values[1] = 400*mb, 400*mb
		if i == 12_345 {
			s.Values[0] = 3.4 * gb
		}
		r.Samples = append(r.Samples, s)
	}
	slices.SortStableFunc(r.Samples, func(a, b lab.Sample) int { return int(math.Copysign(1, a.At-b.At)) })
	rows, err := csv.NewReader(bytes.NewReader(report.Timeline(f))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	highest := 0.0
	column := slices.Index(rows[0], "used")
	for _, row := range rows[1:] {
		if v, err := strconv.ParseFloat(row[column], 64); err == nil && row[0] == "2" && row[5] == "baseline" {
			highest = max(highest, v)
		}
	}
	if highest != 3.4*gb {
		t.Errorf("Timeline: the highest used of the baseline is %v, want the one peak of %v", highest, 3.4*gb)
	}
	page, err := report.HTML(f)
	if err != nil {
		t.Fatal(err)
	}
	// The picture's curve of used: its highest point before the incident.
	memory := string(page)[strings.Index(string(page), `id="run-2"`):]
	curve := regexp.MustCompile(`<path class="s0" d="([^"]*)"`).FindStringSubmatch(memory)
	if curve == nil {
		t.Fatal("HTML: run 2 has no curve of used")
	}
	least := math.Inf(1)
	for _, p := range regexp.MustCompile(`[ML](\d+) (\d+)`).FindAllStringSubmatch(curve[1], -1) {
		x, _ := strconv.Atoi(p[1])
		y, _ := strconv.Atoi(p[2])
		if x < 200 {
			least = min(least, float64(y))
		}
	}
	if least > 120 { // 3.4 of 3.78 GB
		t.Errorf("HTML: the highest point of the baseline lies at %v of 1000 from above, want about 100", least)
	}
}

func TestATimelineHasAtMostSixHundredBinsARun(t *testing.T) {
	f := supported().findings(t, 7)
	for _, end := range []float64{1, 300, 300.1, 5220, 86_400, 1e7} {
		f.Records = f.Records[1:2:2]
		f.Records[0].Spans = []lab.Span{{Name: "baseline", To: end}}
		f.Records[0].Samples = nil
		rows, err := csv.NewReader(bytes.NewReader(report.Timeline(f))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(rows) - 1; n < 1 || n > 600 {
			t.Errorf("Timeline of %v s: %d bins, want 1 to 600", end, n)
		}
		f.Records = append([]lab.Record{{}}, f.Records...)
	}
}

// A request that was wanted and never begun is no call, but somebody waited for it: the
// percentiles count it as the verdict does.
func TestATimelineCountsTheWaitForWhatWasNeverBegun(t *testing.T) {
	e := &lab.Experiment{Load: lab.Load{Streams: []lab.Stream{{Name: "web", HTTP: []lab.Request{{Method: "GET", Path: "/", Timeout: 3 * time.Second}}}}}}
	f := &report.Findings{Experiment: e, Records: []lab.Record{{
		Number: 1, Spans: []lab.Span{{Name: "load", To: 0.5}},
		Sent: []lab.Sent{
			{Due: 0.1, At: 0.1, Done: 0.2, Stream: "web", Status: 200, Request: true},
			{Due: 0.2, At: math.NaN(), Done: math.NaN(), Stream: "web", Request: true, Lost: "too many are open"},
			{Due: 0.3, At: math.NaN(), Done: math.NaN(), Stream: "web", Request: true, Lost: "too many are open"},
		},
	}}}
	rows, err := csv.NewReader(bytes.NewReader(report.Timeline(f))).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("Timeline: %d rows, %v; want a head and one bin", len(rows), err)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{"sent": "1", "answered": "1", "failed": "0", "p50_ms": "3000"} {
		if got[name] != want {
			t.Errorf("Timeline: %s is %q, want %q", name, got[name], want)
		}
	}
}

func FuzzAnyTextIsKeptApart(f *testing.F) {
	f.Add(hostile, "MemoryError")
	f.Add("--> <!-- ]]> </pre>", "\xff\xfe")
	f.Add("\u2028{{define}}", "<svg onload=alert(1)>")
	f.Fuzz(func(t *testing.T, one, other string) {
		e := blobs()
		e.Name, e.Hypothesis.Claim, e.Proof[0].Says = one, other, one
		found := &report.Findings{
			Experiment: e, Manifest: lab.Manifest{State: lab.Complete, Why: other}, Notes: []string{one},
			Records: []lab.Record{{
				Number: 1, Role: "trial", Variant: one, Round: 1, Began: began, Spans: []lab.Span{{Name: other, To: 10}}, Why: one,
				Events: []lab.Event{{At: 1, Kind: lab.EventNote, Text: other}},
			}},
			Answers:  []lab.Answer{{ID: one, Part: other, Run: 1, KQL: one, Columns: []string{other}, Rows: [][]any{{one}, {other}}, Problem: other}, {ID: "failed allocations", Part: "report", Run: 1, Rows: [][]any{{2.0, one}}}},
			Verdict:  &verdict.Verdict{Outcome: verdict.Inconclusive, Why: []string{one}, Next: other, Causes: []string{one}},
			Criteria: []report.Criterion{{Part: report.Proof, ID: one, Says: other, Test: one, Bound: other, Results: []verdict.Result{{ID: one, Why: other, Estimate: verdict.Number(math.NaN()), Decision: verdict.Unclear}}}},
		}
		all := written(t, found)
		if err := checkHTML(all["html"]); err != nil {
			t.Errorf("HTML with %q and %q: %v", one, other, err)
		}
		if n := strings.Count(string(all["html"]), "<script"); n != 1 {
			t.Errorf("HTML with %q and %q has %d scripts, want its own", one, other, n)
		}
		checkJUnit(t, "fuzz", all["xml"])
		if rows, err := csv.NewReader(bytes.NewReader(all["csv"])).ReadAll(); err != nil || len(rows) != 21 {
			t.Errorf("Timeline with %q and %q: %d rows, %v; want 21", one, other, len(rows), err)
		}
	})
}

// A worker that keeps 24 KiB with each request is told to do so, before and after its
// cure side by side.
func TestTheCostOfARequestIsThatOfTheWorld(t *testing.T) {
	page, err := report.HTML(swapped(t, 7))
	if err != nil {
		t.Fatal(err)
	}
	cost := string(page)[strings.Index(string(page), `<section id="cost">`):]
	rows := regexp.MustCompile(`<tr><td>load</td><td>(first|second)</td>.*?<td class="n">([^<]*)</td></tr>`).FindAllStringSubmatch(cost, -1)
	if len(rows) != 2 || rows[0][1] != "first" || rows[1][1] != "second" {
		t.Fatalf("HTML: the costs of load are %v, want first's and then second's", rows)
	}
	if got, _, _ := strings.Cut(rows[0][2], " KiB"); !near(got, 24, 0.5) {
		t.Errorf("HTML: first keeps %q a request, want 24 KiB", rows[0][2])
	}
	if !strings.HasSuffix(rows[1][2], " B") {
		t.Errorf("HTML: second keeps %q a request, want next to nothing", rows[1][2])
	}
}

func near(text string, want, by float64) bool {
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && math.Abs(v-want) <= by
}

// Where two variants are all that is asked about, the comparison is the evidence.
func TestAComparisonAloneIsToldFirst(t *testing.T) {
	f := swapped(t, 7)
	e := f.Experiment
	e.Proof, e.Disproof, e.Controls, f.Criteria = nil, nil, lab.Controls{}, nil
	e.Compare.Metrics[0].Expect = lab.Either
	judge(t, f)
	if f.Verdict.Outcome != verdict.Supported {
		t.Fatalf("Judge: %s, want supported: %v", f.Verdict.Outcome, f.Verdict.Why)
	}
	all := written(t, f)
	page := string(all["html"])
	if at, after := strings.Index(page, `id="comparison"`), strings.Index(page, `id="timeline"`); at < 0 || at > after || strings.Contains(page, `id="criteria"`) {
		t.Errorf("HTML: the comparison stands at %d and the timeline at %d, want it first, and no criteria", at, after)
	}
	if strings.Contains(page, "proof holds") || !strings.Contains(page, "no worse where nothing was") {
		t.Error("HTML: it speaks of proof, and there is none")
	}
	for name, want := range map[string]string{"lab.verdict/verdict": "passed", "lab.compare/held": "passed", "lab.compare/time": "passed", "lab.compare/same-time": "passed"} {
		if got := checkJUnit(t, "compared alone", all["xml"])[name]; got != want {
			t.Errorf("JUnit: %s is %q, want %s", name, got, want)
		}
	}
}
