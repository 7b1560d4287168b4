package experiment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab/experiment"
)

// Each row is a change of the least file, and what is said about it.
func TestMistakesAreToldWithTheirPlaceAndWhatToWrite(t *testing.T) {
	const proof = "  - {id: grows, test: slope, window: load, series: used, per: request, above: 1KiB}"
	tests := []struct {
		why, from, to string
		more          [2]string // another change, from and to
		proof         string    // in place of the criterion's test, and what comes behind it
		want          string
		loose         bool // an editor can't see it: it is about what other keys say
	}{
		{why: "a key that was mistyped", from: "hypothesis:", to: "hypotesis:", want: `3: the file has no key "hypotesis"
hint: did you mean hypothesis?`},
		{why: "a key that is not there", from: "memory: 1GiB", to: "guard: bare", want: "5: subject needs the key memory"},
		{why: "a key twice", from: "  memory: 1GiB", to: "  memory: 1GiB\n  memory: 2GiB", want: `7: "memory" is there twice, first in line 6`, loose: true},
		{why: "another version of the format", from: "version: 1", to: "version: 2", want: `1: version is "2"
hint: a whole number from 1 to 1`},
		{why: "a list in place of a text", from: "name: least", to: "name: [least]", want: "2: name is a list, and has to be one value"},
		{why: "a name that is none", from: "name: least", to: "name: The Least", want: `2: name is "The Least", which is no name`},
		{why: "no value", from: "{claim: it leaks}", to: "{claim: }", want: "3: claim is nothing, and has to be one value"},
		{why: "a time without its unit", from: "for: 10m", to: "for: 10", want: `10: for is "10", which is no time
hint: a number with a unit: 500ms, 30s, 15m, 2h`},
		{why: "no time", from: "for: 10m", to: "for: 0s", want: "10: for is 0s\nhint: 1ms to 720h0m0s", loose: true},
		{why: "a size in pounds", from: "memory: 1GiB", to: "memory: 1lb", want: `6: memory is "1lb", which is no size`},
		{why: "a rate without its time", from: "web: 2/s", to: "web: 2", want: `10: load of web is "2", which is no rate`},
		{why: "a rate that is not finite", from: "web: 2/s", to: "web: 1e999/s", want: `10: load of web is "1e999/s", which is no rate`},
		{why: "a stream that is not there", from: "load: {web: 2/s}", to: "load: {wep: 2/s}", want: `10: load: there is no stream called "wep"
hint: did you mean web?`, loose: true},
		{why: "a window that is not there", from: "window: load", to: "window: laod", want: `12: window: there is no phase called "laod"
hint: did you mean load?`, loose: true},
		{why: "a window that is a warm-up", from: "{name: load,", to: "{name: load, judge: false,", want: "12: window: the phase load is not judged", loose: true},
		{why: "two of one name", from: "phases:\n", to: "phases:\n  - {name: load, for: 1s}\n", want: "11: there are two of the name load", loose: true},
		{why: "a stream that is two things", from: "web: {http: [{get: /}]}", to: "web: {http: [{get: /}], queue: {name: abc, text: x}}", want: "8: stream web has http and queue: it can be one of them"},
		{why: "a stream that is nothing", from: "web: {http: [{get: /}]}", to: "web: {arrivals: even}", want: "8: stream web needs one of the keys http, queue, blob"},
		{why: "a queue without a store", from: "web: {http: [{get: /}]}", to: "web: {queue: {name: abc, text: x}}", want: "8: queues and blobs need a store, and there is none", loose: true},
		{why: "a body of a GET", from: "{get: /}", to: "{get: /, size: 1MB}", want: "8: a GET has no body", loose: true},
		{why: "keys that no path has", from: "{get: /}", to: "{get: /, keys: 5}", want: "8: the path has no {key} for keys", loose: true},
		{why: "a test that is not known", from: "test: slope", to: "test: slop", want: "12: test is \"slop\"\nhint: did you mean slope?"},
		{why: "a key that the test has no use for", from: "per: request,", to: "per: request, quantile: 95%,", want: "12: proof: grows: the test slope has no use for quantile"},
		{why: "a key that the test needs", from: "per: request, ", to: "", want: "12: proof: grows: the test slope needs the key per"},
		{why: "a shift of two things", from: proof, to: "  - {id: q, test: shift, window: load, of: load, series: used, stream: web, above: 1MB}", want: "12: a stream's durations or a series are shifted, not both", loose: true},
		{why: "no bound", from: ", above: 1KiB", to: "", want: "12: grows has no bound", loose: true},
		{why: "a bound in another unit", from: "above: 1KiB", to: "above: 5s", want: "12: above has to be a size such as 64MiB", loose: true},
		{why: "bounds with nothing between", from: "above: 1KiB", to: "above: 1KiB, below: 1KiB", want: "12: grows: nothing lies between its bounds", loose: true},
		{why: "confidence of nothing", from: "above: 1KiB", to: "above: 1KiB, confidence: 0.1", want: `12: confidence is "0.1"`},
		{why: "an arm of no comparison", from: "above: 1KiB", to: "above: 1KiB, arm: one", want: "12: arm is for comparisons, and there is none", loose: true},
		{why: "KQL with a mistake", from: proof, to: "  - {id: q, test: query, window: load, above: 1, kql: requests | sumarize n = count()}", want: "12: kql, line 1, column 12 of the query: ", loose: true},
		{why: "KQL that gives no number", from: proof, to: "  - {id: q, test: query, window: load, above: 1, kql: requests}", want: "12: kql gives other columns than KQL that gives one number", loose: true},
		{why: "KQL of another table", from: proof, to: "  - {id: q, test: query, window: load, above: 1, kql: cars | count}", want: "12: kql, line 1, column 1 of the query: ", loose: true},
		{why: "nothing is asked", from: "proof:\n" + proof, to: "gates: []", want: "1: nothing is asked: no criterion decides the hypothesis", loose: true},
		{why: "a folder outside", from: "one: {command: [worker]}", to: "one: {command: [worker], dir: ../../etc}", want: `5: dir is "../../etc", outside the experiment's folder`, loose: true},
		{why: "a folder outside, from the root", from: "one: {command: [worker]}", to: "one: {command: [worker], dir: /etc}", want: `5: dir is "/etc", outside the experiment's folder`, loose: true},
		{why: "an allocation above the limit", from: "memory: 1GiB", to: "memory: 1GiB\n  allocation: 2GiB", want: "7: allocation is 2GiB, above the 1GiB of memory", loose: true},
		{why: "a worker that nobody starts", from: "{command: [worker]}", to: "{dir: .}", want: "5: nothing says what is started", loose: true},
		{why: "a fault without its delay", from: "web: 2/s}", to: "web: 2/s}, do: [{fault: {dependency: DB, kind: slow}}]", want: "10: delay is for slow faults", loose: true},
		{why: "a fault of what the worker has no setting for", from: "web: 2/s}", to: "web: 2/s}, do: [{fault: {dependency: DB_URL, kind: down}}]", want: `10: dependency: the variant one has no setting DB_URL
hint: a setting in the env of each variant, the setting of a service, or AzureWebJobsStorage where there is a store`, loose: true},
		{why: "a fault of a setting that only one variant has", from: "{one: {command: [worker]}}", to: "{one: {command: [worker], env: {DB_URL: x}}, two: {command: [worker], env: {DB_URI: x}}}\n  services: {db: {command: [db], setting: CACHE}}", more: [2]string{"web: 2/s}", "web: 2/s}, do: [{fault: {dependency: CACHE, kind: down}}, {fault: {dependency: DB_URL, kind: down}}]"}, want: `11: dependency: the variant two has no setting DB_URL
hint: did you mean DB_URI?`, loose: true},
		{why: "a fault of a store that there is not", from: "web: 2/s}", to: "web: 2/s}, do: [{fault: {dependency: AzureWebJobsStorage, kind: down}}]", want: "10: dependency: the variant one has no setting AzureWebJobsStorage", loose: true},
		{why: "a fault of a folder", from: "memory: 1GiB", to: "memory: 1GiB\n  store: file", more: [2]string{"web: 2/s}", "web: 2/s}, do: [{fault: {dependency: AzureWebJobsStorage, kind: down}}]"}, want: `11: dependency: the store is a folder, and can't be made ill
hint: store: azurite`, loose: true},
		{why: "a fault of no setting at all", from: "web: 2/s}", to: "web: 2/s}, do: [{fault: {dependency: DB-URL, kind: down}}]", want: `10: dependency is "DB-URL", which is no name of a variable`},
		{why: "a service that nobody starts", from: "memory: 1GiB", to: "memory: 1GiB\n  services: {db: {setting: DB_URL}}", want: "7: service db needs the key command"},
		{why: "a service that no worker finds", from: "memory: 1GiB", to: "memory: 1GiB\n  services: {db: {command: [db]}}", want: "7: service db needs the key setting"},
		{why: "two services for one setting", from: "memory: 1GiB", to: "memory: 1GiB\n  services: {db: {command: [db], setting: DB_URL}, other: {command: [db], setting: DB_URL}}", want: "7: service other: the setting DB_URL is the service db's already", loose: true},
		{why: "a service for a setting of the worker's", from: "{one: {command: [worker]}}", to: "{one: {command: [worker], env: {DB_URL: x}}}\n  services: {db: {command: [db], setting: DB_URL}}", want: "6: service db: the setting DB_URL is in the env of the variant one already", loose: true},
		{why: "a service for the store's setting", from: "memory: 1GiB", to: "memory: 1GiB\n  store: file\n  services: {db: {command: [db], setting: AzureWebJobsStorage}}", want: "8: service db: the setting AzureWebJobsStorage is the store's already", loose: true},
		{why: "a window with a gap", from: "phases:\n", to: "phases:\n  - {name: first, for: 1s}\n  - {name: between, for: 1s}\n", more: [2]string{"window: load", "window: [first, load]"}, want: `14: window: the phase load does not follow first in the timeline, and a window is one stretch of time
hint: after first comes between`, loose: true},
		{why: "a window the wrong way round", from: "phases:\n", to: "phases:\n  - {name: first, for: 1s}\n", more: [2]string{"window: load", "window: [load, first]"}, want: `13: window: the phase first does not follow load in the timeline, and a window is one stretch of time
hint: nothing comes after load`, loose: true},
		{why: "another window with a gap", from: "phases:\n", to: "phases:\n  - {name: first, for: 1s}\n  - {name: between, for: 1s}\n", proof: "test: ratio, window: load, of: [first, first], series: used, per: minute, above: 80%", want: "14: of: the phase first does not follow first", loose: true},
		{why: "a gate's window with a gap", from: "phases:\n", to: "phases:\n  - {name: first, for: 1s}\n  - {name: between, for: 1s}\n", more: [2]string{"proof:", "gates: [{id: landed, check: landed, window: [first, load], at-least: 98%}]\nproof:"}, want: "13: window: the phase load does not follow first", loose: true},
		{why: "durations of messages", from: "web: {http: [{get: /}]}", to: "web: {queue: {name: abc, text: x}}", more: [2]string{"1GiB\n", "1GiB\n  store: file\n"}, proof: "test: percentile, window: load, stream: web, quantile: 95%, above: 1s", want: `13: stream: percentile is about requests, and web has none
hint: a stream of http; without stream, calls of functions are those that stanch recorded`, loose: true},
		{why: "durations of nothing", from: "web: {http: [{get: /}]}", to: "web: {queue: {name: abc, text: x}}", more: [2]string{"1GiB\n", "1GiB\n  store: file\n"}, proof: "test: shift, window: load, of: load, above: 1s", want: "13: shift is about requests, and no stream has any", loose: true},
		{why: "answers to messages", from: "web: {http: [{get: /}]}", to: "web: {queue: {name: abc, text: x}}", more: [2]string{"1GiB\n", "1GiB\n  store: file\ngates: [{id: answered, check: answered, stream: web, at-least: 99%}]\n"}, want: "8: stream: answered is about requests, and web has none", loose: true},
		{why: "more load than anybody waits for", from: "for: 10m", to: "for: 700h", want: "", loose: true},
		{why: "more load than is planned", from: "for: 10m, load: {web: 2/s}", to: "for: 700h, load: {web: 2000/s}", want: "1: the phases ask for 5040000000 requests, messages and blobs, and the most is 10000000", loose: true},
		{why: "an anchor", from: "{claim: it leaks}", to: "&x {claim: it leaks}", want: "3: hypothesis is an anchor, an alias or a tag of YAML", loose: true},
		{why: "a small version that adds a phase", from: "version: 1", to: "version: 1\nsmall: {phases: [{name: laod, for: 1s}]}", want: `2: small: phases has none of the name "laod"
hint: did you mean load?`, loose: true},
		{why: "a small version of another claim", from: "version: 1", to: "version: 1\nsmall: {name: other}", want: "2: small can't have the key name"},
		{why: "a mistake in the small version, although it is not asked for", from: "version: 1", to: "version: 1\nsmall: {phases: [{name: load, fro: 1s}]}", want: `2: phases: load has no key "fro"`},
		{why: "a speed that no machine has", from: "version: 1", to: "version: 1\nsmall: {speed: 1e9}", want: `2: speed is "1e9"`},
	}
	schema := fileSchema(t)
	for _, test := range tests {
		text := strings.Replace(least, test.from, test.to, 1)
		changed := strings.Replace(text, test.more[0], test.more[1], 1)
		if text == least || changed == text && test.more[0] != "" {
			t.Errorf("%s: the file has no %q or no %q", test.why, test.from, test.more[0])
			continue
		}
		text = changed
		if test.proof != "" {
			text = text[:strings.Index(text, "test: slope")] + test.proof + "}\n"
		}
		s := source(t, text)
		_, mistakes := experiment.Read(s, experiment.Options{})
		got := fmt.Sprint(mistakes.Err())
		switch {
		case test.want == "" && len(mistakes) > 0:
			t.Errorf("%s: got %s\nwant no mistake", test.why, got)
		case test.want != "" && !strings.Contains("\n"+got, "\ne.yaml:"+test.want):
			t.Errorf("%s: got\n%s\nwant\ne.yaml:%s", test.why, got, test.want)
		}
		if wrong := schemaErrors(t, schema, text); !test.loose && len(wrong) == 0 {
			t.Errorf("%s: the JSON schema takes what the reader refuses", test.why)
		}
	}
}

func TestAllMistakesAreToldInOneGoInTheOrderOfTheFile(t *testing.T) {
	text := strings.NewReplacer("name: least", "name: 1st", "1GiB", "much", "2/s", "often", "slope", "slop").Replace(least)
	_, mistakes := experiment.Read(source(t, text), experiment.Options{})
	var lines []int
	for _, m := range mistakes {
		lines = append(lines, m.Line)
	}
	if got, want := fmt.Sprint(lines), "[2 6 10 12]"; got != want {
		t.Errorf("Read tells of the lines %s, want %s:\n%v", got, want, mistakes.Err())
	}
}

// A folder is looked for where somebody can look.
func TestAFolderThatIsNotThereIsAMistake(t *testing.T) {
	s := source(t, strings.Replace(least, "{command: [worker]}", "{command: [worker], dir: src/../app}", 1))
	for _, there := range []bool{true, false} {
		asked := ""
		_, mistakes := experiment.Read(s, experiment.Options{Folder: func(name string) bool { asked = name; return there }})
		if asked != "app" || (len(mistakes) == 0) != there {
			t.Errorf("Read with folder %q there: %v gives %v, want it asked for as app, and a mistake if it is not", asked, there, mistakes.Err())
		}
	}
}

// What stands in a variant's environment may be a secret.
func TestNoMessageQuotesAnEnvironment(t *testing.T) {
	const secret = "hunter2hunter2"
	for _, env := range []string{
		"{KEY: [" + secret + "]}", "{KEY: {A: " + secret + "}}", secret, "[" + secret + "]", "{1KEY: " + secret + "}", "{KEY: " + secret + ", KEY: " + secret + "}", "{KEY: &a " + secret + "}",
	} {
		_, mistakes := experiment.Read(source(t, strings.Replace(least, "{command: [worker]}", "{command: [worker], env: "+env+"}", 1)), experiment.Options{})
		if len(mistakes) == 0 {
			t.Errorf("Read takes env: %s, want a mistake", env)
		}
		if got := fmt.Sprint(mistakes.Err()); strings.Contains(got, secret) {
			t.Errorf("the message for env: %s quotes the value:\n%s", env, got)
		}
	}
}

// What stanch records itself needs no stream of requests, and what runs alone no
// stretch of time.
func TestWhatLooksLikeAMistakeAndIsNone(t *testing.T) {
	hosted := strings.NewReplacer("{command: [worker]}", "{contract: functions}", "1GiB\n", "1GiB\n  store: azurite\n", "web: {http: [{get: /}]}", "web: {queue: {name: abc, text: x}}").Replace(least)
	phases := strings.Replace(least, "phases:\n", "phases:\n  - {name: first, for: 1s}\n  - {name: between, for: 1s}\n", 1)
	for why, text := range map[string]string{
		"durations of a function's calls":           hosted[:strings.Index(hosted, "test: slope")] + "test: percentile, window: load, quantile: 95%, above: 1s}\n",
		"messages that landed":                      hosted + "gates: [{id: landed, check: landed, stream: web, at-least: 98%}]\n",
		"a store that can be ill":                   strings.Replace(hosted, "web: 2/s}", "web: 2/s}, do: [{fault: {dependency: AzureWebJobsStorage, kind: down}}]", 1),
		"a control of phases that are far apart":    phases + "controls: {same: {variant: one, window: [first, load]}}\n",
		"a window of phases that follow each other": strings.Replace(phases, "window: load", "window: [first, between, load]", 1),
	} {
		if text == hosted || text == phases || text == least {
			t.Fatalf("%s: the file is not changed", why)
		}
		sound(t, text, experiment.Options{})
	}
}
