package functionrpc_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/work/contract/functionrpc"
)

func TestALineOfTheWorkerIsTold(t *testing.T) {
	for _, test := range []struct{ line, want, why string }{
		{"Worker started\n", "Worker started", "nothing is to be left out"},
		{
			"Error: No module named 'pandas', Cannot find module. Please check the requirements.txt file for the missing module. Current sys.path: ['/a', '/b']",
			"Error: No module named 'pandas'", "the module is what counts",
		},
		{"Error in index_function_app. Sys Path: ['/a'], Sys Module: {'sys': 1},python-packages Path exists: False", "Error in index_function_app", "all modules are tens of kilobytes"},
		{"Sys Path: ['/a']", "Sys Path: ['/a']", "a line of nothing else stays"},
		{strings.Repeat("é", 501), strings.Repeat("é", 500) + " …", "it is cut between two characters"},
		{"x" + strings.Repeat("é", 500), "x" + strings.Repeat("é", 499) + " …", "a character is not halved"},
	} {
		if got := functionrpc.Brief(test.line); got != test.want {
			t.Errorf("Brief(%.80q), %s:\n got %q\nwant %q", test.line, test.why, got, test.want)
		}
	}
}

func FuzzALineToldIsNotLong(f *testing.F) {
	f.Add("Error. Sys Path: [")
	f.Fuzz(func(t *testing.T, line string) {
		got := functionrpc.Brief(line)
		if len(got) > 1010 || utf8.ValidString(line) && !utf8.ValidString(got) {
			t.Errorf("Brief(%q) = %q: %d bytes", line, got, len(got))
		}
	})
}
