package funcapp_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

const soundHost = `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}}`

// heads are the first lines of the mistakes, without their hints.
func heads(mistakes []funcapp.Mistake) (all []string) {
	for _, m := range mistakes {
		head, _, _ := strings.Cut(m.Error(), "\n")
		all = append(all, head)
	}
	return all
}

func TestEveryMistakeOfAnAppIsToldInOneGo(t *testing.T) {
	folder := fstest.MapFS{
		"host.json": {Data: []byte(`{
  "version": "3.0",
  "functionTimeout": "soon",
  "extensons": {},
  "extensions": {
    "queues": { "batchSize": 33, "newBatchThreshold": "x", "batchsize": 1, "visibilityTimeout": 30 },
    "blobs": { "maxDegreeOfParallelism": 0, "poisonBlobTreshold": 3 }
  },
  "customHandler": { "description": { "defaultExecutablePath": "bin/handler", "arguments": "--x" }, "port": "80k" }
}`)},
		"local.settings.json":  {Data: []byte(`{ "IsEncrypted": false, "Values": { "A": { "b": 1 } }, "Value": {} }`)},
		"Broken/function.json": {Data: []byte("{\n  \"bindings\": [\n    { \"type\": \"queueTrigger\" \"name\": \"x\" }\n  ]\n}")},
		"Empty/function.json":  {Data: []byte(`{ "bindings": [] }`)},
		"Queue/function.json": {Data: []byte(`{
  "scriptFile": "main.js",
  "bindings": [
    { "type": "queueTrigger", "direction": "in", "name": "msg", "queuName": "q" },
    { "type": "queueTriger", "direction": "in", "name": "two" },
    { "type": "serviceBus", "direction": "out", "name": "bus" },
    { "type": "queue", "direction": "in", "name": "MSG", "queueName": "out-{id" },
    { "type": "blob", "direction": "inout", "name": "$return", "path": "files" }
  ]
}`)},
		"Timer/function.json": {Data: []byte(`{ "bindings": [
  { "type": "timerTrigger", "direction": "in", "name": "t", "schedule": "0 */5 * * 13 *" },
  { "type": "blob", "direction": "out", "name": "o", "path": "logs/{nme}.txt" },
  { "type": "http", "direction": "out", "name": "res" } ] }`)},
		"Two/function.json": {Data: []byte(`{ "bindings": [
  { "type": "blobTrigger", "direction": "in", "name": "b", "path": "in/{name}.{ext}" },
  { "type": "httpTrigger", "direction": "in", "name": "req", "authLevel": "anon", "methods": ["get", "fetch"], "route": "a/{id" } ] }`)},
		"two/function.json": {Data: []byte(`{ "bindings": [
  { "type": "blobTrigger", "direction": "in", "name": "b", "path": "inbox/{name}.{ext}", "connection": "AccountKey=c2VjcmV0;" },
  { "type": "blob", "direction": "out", "name": "o", "path": "outbox/{nme}.{EXT}" } ] }`)},
		"9lives/function.json": {Data: []byte(`[]`)},
	}
	_, mistakes := funcapp.Read(folder, funcapp.Machine{Processors: 1})
	want := []string{
		`local.settings.json:1:42: the setting "A" is an object, and has to be a text`,
		`local.settings.json:1:56: warning: the file has no key "Value": it is passed over`,
		`host.json:2:14: "version" is not "2.0"`,
		`host.json:3:22: "functionTimeout" is "soon", which is no TimeSpan`,
		`host.json:4:3: warning: the file has no key "extensons": it is passed over`,
		`host.json:6:30: "batchSize" is 33`,
		`host.json:6:55: "newBatchThreshold" has to be a whole number`,
		`host.json:6:60: "batchsize" is there twice`,
		`host.json:6:97: "visibilityTimeout" is a number, and has to be a TimeSpan in quotes`,
		`host.json:7:42: "maxDegreeOfParallelism" is 0`,
		`host.json:7:45: warning: "blobs" has no key "poisonBlobTreshold": it is passed over`,
		`host.json:9:64: the file of "defaultExecutablePath" is not in the folder`,
		`host.json:9:92: "arguments" is a text, and has to be a list of texts`,
		`host.json:9:109: "port" is no port`,
		`9lives/function.json:1:1: the file is a list, and has to be an object`,
		`Broken/function.json:3:30: syntax: '"' where a comma or '}' is to be`,
		`Empty/function.json:1:15: the function has no trigger`,
		`Queue/function.json:2:17: the file "Queue/main.js" of "scriptFile" is not there`,
		`Queue/function.json:4:5: "queueName" is missing in the binding "msg"`,
		`Queue/function.json:4:65: warning: the binding "msg" has no key "queuName": it is passed over`,
		`Queue/function.json:5:15: there is no type of binding "queueTriger"`,
		`Queue/function.json:6:15: bindings of the type "serviceBus" are Azure's alone`,
		`Queue/function.json:7:5: two bindings have the name "MSG"`,
		`Queue/function.json:7:37: a binding of the type "queue" has the direction "out"`,
		`Queue/function.json:7:76: "queueName": a { without a } after it`,
		`Queue/function.json:8:36: a binding is either "in" or "out"`,
		`Queue/function.json:8:72: "path": it is no path of a blob`,
		`Timer/function.json:2:84: "schedule": "13" is no value of the field month`,
		`Timer/function.json:3:68: "path": the trigger brings no "nme"`,
		`Timer/function.json:4:3: an HTTP answer, and no HTTP request`,
		`Two/function.json:2:69: "path": container name "in" has 2 characters`,
		`Two/function.json:3:3: a second trigger`,
		`Two/function.json:3:75: "authLevel" is "anon"`,
		`Two/function.json:3:102: "fetch" is no method`,
		`Two/function.json:3:121: "route": a { is not closed`,
		`two/function.json:2:104: "connection" holds a connection string`,
		`two/function.json:3:70: "path": the trigger brings no "nme"`,
		`two/function.json: the functions "Two" and "two" have the same name`,
	}
	if diff := cmp.Diff(want, heads(mistakes)); diff != "" {
		t.Errorf("Read: mistakes (-want +got)\n%s", diff)
	}
	if err := funcapp.Faults(mistakes); err == nil || strings.Contains(err.Error(), "warning") || strings.Contains(err.Error(), "c2Vj") {
		t.Errorf("Faults = %v, want the mistakes without warnings and secrets", err)
	}
}

func TestWhatIsWrongWithTheWholeIsTold(t *testing.T) {
	const timer = `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"00:05:00"}]}`
	for _, row := range []struct {
		files   map[string]string
		environ string
		part    string
	}{
		{map[string]string{}, "", "host.json: it is not there"},
		{map[string]string{"host.json": "{}", "A/function.json": timer}, "FUNCTIONS_WORKER_RUNTIME=java", `host.json:1:1: "version" is missing`},
		{map[string]string{"host.json": soundHost}, "", ".: the folder has no functions"},
		{map[string]string{"host.json": `{"version":"2.0"}`, "A/function.json": timer}, "", "nothing says what runs the functions"},
		{map[string]string{"host.json": `{"version":"2.0"}`, "function_app.py": ""}, "", "python, it seems"},
		{map[string]string{"host.json": `{"version":"2.0"}`, "A/function.json": timer}, "FUNCTIONS_WORKER_RUNTIME=pyton", `hint: "python", maybe`},
		{map[string]string{"host.json": `{"version":"2.0"}`, "A/function.json": timer}, "FUNCTIONS_WORKER_RUNTIME=custom", `no "customHandler"`},
		{map[string]string{"host.json": `{"version":"2.0"}`, "A/function.json": timer}, "FUNCTIONS_WORKER_RUNTIME=python", "the folder has no script"},
		{map[string]string{"host.json": soundHost, "A/function.json": timer}, "FUNCTIONS_WORKER_RUNTIME=node", `warning: FUNCTIONS_WORKER_RUNTIME is "node"`},
		{map[string]string{"host.json": `{"version":"2.0","customHandler":{}}`, "A/function.json": timer}, "", `"description" is missing`},
		{map[string]string{"host.json": `{"version":"2.0","httpWorker":{"description":{"defaultExecutablePath":"x"}}}`, "A/function.json": timer}, "", `"httpWorker" is the old name`},
		{map[string]string{"host.json": `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"x"},"http":{"routes":[{"route":"{*r}"}]}}}`, "A/function.json": timer}, "", `host.json:1:96: "routes" and folders with function.json exclude each other`},
		{map[string]string{"host.json": `{"version":"2.0","configurationProfile":"mcp-custom-handler"}`, "A/function.json": timer}, "", `wants a "customHandler"`},
		{map[string]string{"host.json": `{"version":"2.0","configurationProfile":"mcp"}`}, "", `hint: one of mcp-custom-handler`},
		{map[string]string{"host.json": soundHost, "A/function.json": timer, "local.settings.json": `{"IsEncrypted": true, "Values": {"A": "x"}}`}, "", "local.settings.json:1:17: the settings are encrypted"},
		{map[string]string{"host.json": `{"version":"2.0"}`, "function_app.py": "", "A/function.json": "{"}, "FUNCTIONS_WORKER_RUNTIME=python", "A/function.json: warning: it is passed over"},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"bindings":[{"type":"httpTrigger","name":"q","route":"x"},{"type":"http","direction":"out","name":"r"}]}`, "B/function.json": `{"bindings":[{"type":"httpTrigger","name":"q","route":"/X/"},{"type":"http","direction":"out","name":"r"}]}`}, "", "the same route for any method"},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"bindings":[{"type":"httpTrigger","name":"q"}]}`}, "", "warning: the function answers requests with no content"},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"scriptFile":"../../x","bindings":[]}`}, "", "outside of the app"},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 0 0 31 2 *"}]}`}, "", "warning: \"schedule\": the timer is never due"},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"bindings":[{"type":"queueTrigger","name":"t","queueName":"{x}"}]}`}, "", "can't be an expression"},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"bindings":[{"type":"queueTrigger","name":"t","queueName":"Orders"}]}`}, "", `warning: the queue is "orders"`},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"bindings":[{"type":"queueTrigger","name":"t","queueName":"%NOPE%"}]}`}, "", `there is no app setting "NOPE"`},
		{map[string]string{"host.json": soundHost, "A/function.json": `{"retry":{"strategy":"fixedDelay"},"bindings":[]}`}, "", `"maxRetryCount" is missing in "retry"`},
	} {
		folder := fstest.MapFS{}
		for name, text := range row.files {
			folder[name] = &fstest.MapFile{Data: []byte(text)}
		}
		_, mistakes := funcapp.Read(folder, funcapp.Machine{Environ: []string{row.environ}})
		var text strings.Builder
		for _, m := range mistakes {
			text.WriteString(m.Error() + "\n")
		}
		if !strings.Contains(text.String(), row.part) {
			t.Errorf("Read(%v): mistakes\n%swant %q", row.files, text.String(), row.part)
		}
	}
}

func TestNoMistakeTellsTheValueOfASetting(t *testing.T) {
	const secret = "AccountKey=czNjcjN0;x"
	folder := fstest.MapFS{
		"host.json":           {Data: []byte(`{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"%S%","arguments":["%S%"]},"port":"%S%"}}`)},
		"local.settings.json": {Data: []byte(`{"Values":{"S":"` + secret + `","O":["` + secret + `"]},"Host":{"LocalHttpPort":"` + secret + `"},"ConnectionStrings":{"c":["` + secret + `"]}}`)},
		"A/function.json": {Data: []byte(`{"bindings":[
			{"type":"queueTrigger","name":"q","queueName":"%S%"},
			{"type":"queueTrigger","name":"r","queueName":"{%S%}"},
			{"type":"blobTrigger","name":"s","path":"%S%/{%S%}"},
			{"type":"timerTrigger","name":"t","schedule":"%S%"},
			{"type":"blob","name":"u","path":"%S%","connection":"` + secret + `"},
			{"type":"httpTrigger","name":"v","route":"{%S%"}]}`)},
		"B/function.json": {Data: []byte(`{"bindings":[{"type":"timerTrigger","name":"t","schedule":"00:01:00"},{"type":"blob","name":"u","path":"files/{%N%}"}]}`)},
	}
	_, mistakes := funcapp.Read(folder, funcapp.Machine{Environ: []string{"N=czNjcjN0"}})
	if len(mistakes) < 9 {
		t.Errorf("Read: %d mistakes, want one for each place: %q", len(mistakes), heads(mistakes))
	}
	for _, m := range mistakes {
		if strings.Contains(m.Error(), "czNj") {
			t.Errorf("a mistake tells the secret: %v", m)
		}
	}
}

func TestAFileThatCannotBeReadIsTold(t *testing.T) {
	folder := fstest.MapFS{
		"host.json":       {Data: []byte(strings.Repeat(" ", 2<<20))},
		"A/function.json": {Mode: fs.ModeDir | 0o755},
	}
	_, mistakes := funcapp.Read(folder, funcapp.Machine{Environ: []string{"FUNCTIONS_WORKER_RUNTIME=java"}})
	want := []string{
		"host.json: can't be read: it is larger than 1 MiB",
		"A/function.json: can't be read: it is no regular file",
		".: the folder has no functions",
	}
	if diff := cmp.Diff(want, heads(mistakes)); diff != "" {
		t.Errorf("Read: mistakes (-want +got)\n%s", diff)
	}
}

func TestAFileFullOfMistakesIsNotToldInFull(t *testing.T) {
	var keys strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&keys, `"key%d":{},`, i)
	}
	folder := fstest.MapFS{
		"host.json": {Data: []byte(`{"version":"2.0",` + keys.String() + `}`)},
	}
	_, mistakes := funcapp.Read(folder, funcapp.Machine{Environ: []string{"FUNCTIONS_WORKER_RUNTIME=dotnet-isolated"}})
	if n := len(mistakes); n != 201 || !strings.Contains(mistakes[n-1].Text, "more mistakes") {
		t.Errorf("Read: %d mistakes, want 200 and that there are more", n)
	}
}

func FuzzEveryMistakeHasAPlaceInItsFile(f *testing.F) {
	f.Add(soundHost, `{"bindings":[{"type":"timerTrigger","name":"t","schedule":"* * * * *"}]}`, `{"Values":{"A":"%B%"}}`)
	f.Add(`{"version":2,"extensions":{"queues":{"batchSize":"x"}}}`, `{"bindings":[{"type":"queue","name":"$return","queueName":"{a"}],"retry":{}}`, `{"IsEncrypted":true}`)
	f.Add(`{"version":"2.0","functionTimeout":"24:00:00","configurationProfile":"mcp-custom-handler","customHandler":{"http":{"routes":[{"route":"{}"}]}}}`, "{", "// c")
	f.Add("\ufeff{}", `{"bindings":[{"type":"blobTrigger","name":"a","path":"x\u0041/{n}"},{"type":"blob","path":"\n{q:YYYY}"}]}`, `{"Values":{"FUNCTIONS_WORKER_RUNTIME":"python"}}`)
	f.Fuzz(func(t *testing.T, host, function, settings string) {
		texts := map[string]string{"host.json": host, "F/function.json": function, "local.settings.json": settings}
		folder := fstest.MapFS{}
		for name, text := range texts {
			folder[name] = &fstest.MapFile{Data: []byte(text)}
		}
		app, mistakes := funcapp.Read(folder, funcapp.Machine{Environ: []string{"A=1"}, Processors: 2})
		for _, m := range mistakes {
			if m.Line == 0 {
				continue
			}
			lines := strings.Split(texts[m.File], "\n")
			if m.Line < 0 || m.Line > len(lines) || m.Column < 1 || m.Column > len(lines[m.Line-1])+1 {
				t.Errorf("%q is outside of %q", m.Error(), texts[m.File])
			}
		}
		for _, fn := range app.Functions {
			if funcapp.Faults(mistakes) == nil && fn.Trigger.Type == "" {
				t.Errorf("the function %q has no trigger, and there is no mistake", fn.Name)
			}
		}
		app.Indexed([]funcapp.Reported{{Name: "f", Bindings: []string{function, host}, Retry: settings}})
	})
}
