package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/verdict"
	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// The elements of JUnit's form, as Ant's junitreport wrote it first and build servers
// read it. Their order, and those that are empty, are what its schema asks for.
type suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Suites  []suite  `xml:"testsuite"`
}

type suite struct {
	ID         int        `xml:"id,attr"`
	Package    string     `xml:"package,attr"`
	Name       string     `xml:"name,attr"`
	Timestamp  string     `xml:"timestamp,attr"`
	Hostname   string     `xml:"hostname,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Time       string     `xml:"time,attr"`
	Properties []property `xml:"properties>property"`
	Cases      []testcase `xml:"testcase"`
	Out        string     `xml:"system-out"`
	Err        string     `xml:"system-err"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type testcase struct {
	Name    string   `xml:"name,attr"`
	Class   string   `xml:"classname,attr"`
	Time    string   `xml:"time,attr"`
	Error   *problem `xml:"error,omitempty"`
	Failure *problem `xml:"failure,omitempty"`
}

type problem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit is the findings for a build server: a test case for the verdict and for each
// gate, control, criterion of proof and of disproof, and each comparison of which
// something is expected. What is missed is a failure, a
// disproof that holds is one too, and what can't be said is an error: so is a gate or
// a control that does not hold, for nothing follows then. The form is that of Ant's
// JUnit schema. The error is about a text that XML can't hold.
func JUnit(f *Findings) ([]byte, error) {
	m := &f.Manifest
	s := suite{
		Package: "stanch.lab", Name: tabular.Visible(f.Experiment.Name), Hostname: "localhost",
		Timestamp: m.Started.UTC().Format("2006-01-02T15:04:05"), Time: "0",
		Properties: []property{
			{"claim", tabular.Visible(f.Experiment.Hypothesis.Claim)},
			{"state", string(m.State)},
			{"stanch", tabular.Visible(m.Stanch)},
			{"speed", number(f.Experiment.Version.Speed)},
			{"scale", number(f.Experiment.Version.Scale)},
			{"small", fmt.Sprint(f.Experiment.Version.Small)},
			{"seed", fmt.Sprint(f.Experiment.Load.Seed)},
		},
	}
	if took := m.Ended.Sub(m.Started); took > 0 {
		s.Time = fixed(took.Seconds())
	}
	s.Cases = append(s.Cases, f.verdictCase())
	for _, part := range []string{Gate, Control, Proof, Disproof} {
		for _, c := range f.part(part) {
			s.Cases = append(s.Cases, f.testcase(c))
		}
	}
	s.Cases = append(s.Cases, f.comparedCases()...)
	for _, c := range s.Cases {
		switch {
		case c.Error != nil:
			s.Errors++
		case c.Failure != nil:
			s.Failures++
		}
	}
	s.Tests = len(s.Cases)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(suites{Suites: []suite{s}}); err != nil {
		return nil, fmt.Errorf("write the test report: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func problemOf(kind, message string, lines []string) *problem {
	for i, l := range lines {
		lines[i] = tabular.Visible(l)
	}
	return &problem{Message: tabular.Visible(message), Type: kind, Text: strings.Join(lines, "\n")}
}

// verdictCase is the verdict itself.
func (f *Findings) verdictCase() testcase {
	h := f.headline()
	c := testcase{Name: "verdict", Class: "lab.verdict", Time: "0"}
	lines := append([]string{h.Lead}, h.Why...)
	switch v := f.judged(); {
	case v == nil:
		c.Error = problemOf("no verdict", h.Words, lines)
	case v.Outcome == verdict.NotSupported:
		c.Failure = problemOf("not supported", h.Words, lines)
	case v.Outcome != verdict.Supported:
		c.Error = problemOf("inconclusive", h.Words, lines)
	}
	return c
}

// testcase is a criterion over all repeats.
func (f *Findings) testcase(c *Criterion) testcase {
	t := testcase{Name: tabular.Visible(c.ID), Class: "lab." + c.Part, Time: "0"}
	if f.judged() == nil {
		t.Error = problemOf("no verdict", "nothing was judged", nil)
		return t
	}
	decision := c.decided()
	_, words, _ := marks(decision, c.Part)
	var lines []string
	for i := range c.Results {
		lines = append(lines, f.sentence(c, &c.Results[i]))
	}
	if len(lines) == 0 {
		lines = []string{"nothing was judged"}
	}
	message := c.ID + " " + words
	if c.Says != "" {
		message += ": " + c.Says
	}
	switch {
	case c.Part == Disproof && decision == verdict.Holds:
		t.Failure = problemOf("disproof", message, lines)
	case c.Part == Disproof, decision == verdict.Holds:
	case c.Part == Gate || c.Part == Control:
		t.Error = problemOf(c.Part, message, lines)
	case decision == verdict.Fails:
		t.Failure = problemOf("proof", message, lines)
	default:
		t.Error = problemOf("unclear", message, lines)
	}
	return t
}

// comparedCases are the comparisons of which something is expected; where two variants
// are all that is asked about, that is not worse.
func (f *Findings) comparedCases() (all []testcase) {
	v := f.judged()
	if v == nil || f.Experiment.Compare == nil {
		return nil
	}
	for i := range v.Comparisons {
		c := &v.Comparisons[i]
		var met []verdict.Change
		for _, m := range f.Experiment.Compare.Metrics {
			switch {
			case m.ID != c.Name:
			case m.Expect == lab.Less || m.Expect == lab.More:
				met = []verdict.Change{verdict.Better}
			case m.Expect == lab.Equal:
				met = []verdict.Change{verdict.Equivalent}
			case f.onlyCompared():
				met = []verdict.Change{verdict.Better, verdict.Equivalent}
			}
		}
		if len(met) == 0 {
			continue
		}
		t := testcase{Name: tabular.Visible(c.Name), Class: "lab." + Compare, Time: "0"}
		lines := []string{f.compareWords(v, c.Name+": ")}
		switch {
		case slices.Contains(met, c.Change):
		case c.Change == verdict.Undecided:
			t.Error = problemOf("undecided", c.Name+" is undecided", lines)
		default:
			t.Failure = problemOf(Compare, c.Name+" is "+string(c.Change), lines)
		}
		all = append(all, t)
	}
	return all
}
