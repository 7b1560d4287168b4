package report_test

import (
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/report"
)

// element is one of an XML document.
type element struct {
	name     string
	attrs    map[string]string
	children []*element
}

func parseXML(t *testing.T, text []byte) *element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(text)))
	root := &element{}
	open := []*element{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("read XML: %v\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			parent := open[len(open)-1]
			parent.children = append(parent.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
	return root.children[0]
}

func (e *element) names() (all []string) {
	for _, c := range e.children {
		all = append(all, c.name)
	}
	return all
}

// checkJUnit holds a document to the schema of Ant's junitreport: which elements may
// stand where and in which order, which attributes have to be there and what they may
// say. Build servers take what keeps to it.
func checkJUnit(t *testing.T, name string, text []byte) (cases map[string]string) {
	t.Helper()
	root := parseXML(t, text)
	cases = map[string]string{}
	need := func(e *element, attrs ...string) {
		for _, a := range attrs {
			if _, ok := e.attrs[a]; !ok {
				t.Errorf("JUnit of %s: %s has no %s", name, e.name, a)
			}
		}
		for a := range e.attrs {
			if !slices.Contains(attrs, a) {
				t.Errorf("JUnit of %s: %s may not have %s", name, e.name, a)
			}
		}
	}
	if root.name != "testsuites" || len(root.attrs) > 0 || !slices.Equal(root.names(), []string{"testsuite"}) {
		t.Fatalf("JUnit of %s: the root is %s %v with %v, want testsuites with one testsuite", name, root.name, root.attrs, root.names())
	}
	s := root.children[0]
	need(s, "id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "time")
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`).MatchString(s.attrs["timestamp"]) {
		t.Errorf("JUnit of %s: timestamp %q is not that of the schema", name, s.attrs["timestamp"])
	}
	if _, err := strconv.ParseFloat(s.attrs["time"], 64); err != nil {
		t.Errorf("JUnit of %s: time %q is no decimal", name, s.attrs["time"])
	}
	names := s.names()
	n := len(names)
	if n < 4 || names[0] != "properties" || names[n-2] != "system-out" || names[n-1] != "system-err" {
		t.Fatalf("JUnit of %s: the suite has %v, want properties, testcase..., system-out, system-err", name, names)
	}
	for _, p := range s.children[0].children {
		need(p, "name", "value")
	}
	failures, errors := 0, 0
	for _, c := range s.children[1 : n-2] {
		if c.name != "testcase" {
			t.Errorf("JUnit of %s: %s stands between the test cases", name, c.name)
			continue
		}
		need(c, "name", "classname", "time")
		how := "passed"
		for i, child := range c.children {
			need(child, "message", "type")
			how = child.name
			switch {
			case i > 0:
				t.Errorf("JUnit of %s: %s has more than one outcome", name, c.attrs["name"])
			case how == "failure":
				failures++
			case how == "error":
				errors++
			default:
				t.Errorf("JUnit of %s: %s is %s", name, c.attrs["name"], how)
			}
		}
		cases[c.attrs["classname"]+"/"+c.attrs["name"]] = how
	}
	for attr, want := range map[string]int{"tests": n - 3, "failures": failures, "errors": errors} {
		if s.attrs[attr] != strconv.Itoa(want) {
			t.Errorf("JUnit of %s: %s is %s, and there are %d", name, attr, s.attrs[attr], want)
		}
	}
	return cases
}

func TestABuildServerIsToldWhatFailedAndWhatCannotBeSaid(t *testing.T) {
	all := told(t)
	for _, test := range []struct{ story, name, want, why string }{
		{"supported", "lab.verdict/verdict", "passed", "it is supported"},
		{"supported", "lab.proof/killed", "passed", "it holds"},
		{"supported", "lab.disproof/never-critical", "passed", "a disproof that does not hold is as it should be"},
		{"not-supported", "lab.verdict/verdict", "failure", "it is not supported"},
		{"not-supported", "lab.proof/critical", "failure", "the contrary is established"},
		{"not-supported", "lab.disproof/never-critical", "failure", "a disproof holds"},
		{"not-supported", "lab.disproof/streaming-changes-nothing", "passed", "this one does not"},
		{"inconclusive", "lab.verdict/verdict", "error", "nothing can be said"},
		{"inconclusive", "lab.control/planted", "error", "the instrument is blind"},
		{"inconclusive", "lab.gate/landed", "passed", "this gate holds"},
		{"aborted", "lab.verdict/verdict", "error", "there is none"},
		{"aborted", "lab.proof/killed", "error", "nothing was judged"},
		{"compared", "lab.verdict/verdict", "passed", "it is supported"},
		{"compared", "lab.proof/grows", "passed", "it holds in each repeat"},
		{"compared", "lab.compare/time", "passed", "less was expected, and it is"},
		{"compared", "lab.compare/held", "failure", "less by a fifth was expected, and it is within that"},
		{"compared", "lab.compare/same-time", "", "nothing is expected of it"},
	} {
		suite, err := report.JUnit(all[test.story])
		if err != nil {
			t.Fatalf("JUnit of %s: %v", test.story, err)
		}
		if got := checkJUnit(t, test.story, suite)[test.name]; got != test.want {
			t.Errorf("JUnit of %s: %s is %q, want %s: %s", test.story, test.name, got, test.want, test.why)
		}
	}
}
