package funcapp_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// The texts are as the Python worker sends them.
func TestWhatAWorkerReportsIsReadAsFunctionJSONIs(t *testing.T) {
	app, _ := funcapp.Read(os.DirFS("testdata/python-v2"), funcapp.Machine{Environ: []string{"Q=items", "AzureWebJobs.off.Disabled=1"}})
	functions, mistakes := app.Indexed([]funcapp.Reported{
		{
			Name: "take", Folder: "/app", Script: "function_app.py", Entry: "take",
			Bindings: []string{
				`{"direction": "IN", "type": "queueTrigger", "name": "msg", "queueName": "%Q%", "connection": "AzureWebJobsStorage"}`,
				`{"direction": "IN", "dataType": "BINARY", "type": "blob", "name": "image", "path": "images/{queueTrigger}", "connection": "AzureWebJobsStorage", "properties": {"supportsDeferredBinding": true}}`,
				`{"direction": "OUT", "type": "queue", "name": "again", "queueName": "items", "connection": null}`,
			},
			Retry: `{"strategy": "fixedDelay", "maxRetryCount": 3, "delayInterval": "00:00:10"}`,
		},
		{Name: "off", Bindings: []string{`{"direction":"IN","type":"timerTrigger","name":"t","schedule":"*/10 * * * * *","runOnStartup":true,"useMonitor":true}`}},
		{Name: "hello", Bindings: []string{
			`{"direction": "IN", "type": "httpTrigger", "name": "req", "authLevel": "ANONYMOUS", "methods": ["GET"], "route": "hello"}`,
			`{"direction": "OUT", "type": "http", "name": "$return"}`,
		}},
	})
	for _, m := range mistakes {
		t.Errorf("Indexed: %v", m)
	}
	var got strings.Builder
	for _, fn := range functions {
		got.WriteString(showFunction(fn))
	}
	want := `hello
  in httpTrigger req [GET] /hello for anonymous
  out http $return
off disabled
  in timerTrigger t every 10 seconds, startup true, monitor false
take function_app.py#take retry {Max:3 Exponential:false Delay:10s Least:0s Most:0s}
  in queueTrigger msg @AzureWebJobsStorage queue items
  in blob image as binary deferred @AzureWebJobsStorage path images/{queueTrigger}
  out queue again @AzureWebJobsStorage queue items
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("Indexed (-want +got)\n%s", diff)
	}
}

func TestMistakesOfWhatAWorkerReportsHaveTheirPlace(t *testing.T) {
	app, _ := funcapp.Read(os.DirFS("testdata/python-v2"), funcapp.Machine{})
	_, mistakes := app.Indexed([]funcapp.Reported{
		{Name: "a", Bindings: []string{`{"type":"queueTrigger","name":"m"}`, `{"type":"blob",`}},
		{Name: "b", Retry: `{"strategy":"x"}`},
		{Name: "A", Bindings: []string{`{"type":"timerTrigger","name":"t","schedule":"* * *"}`}},
		{Name: "bad name"},
	})
	want := []string{
		`function "a" of the worker, binding 1:1:1: "queueName" is missing in the binding "m"`,
		`function "a" of the worker, binding 2:1:1: syntax: an object without its end, which is '}'`,
		`function "b" of the worker: the function has no trigger`,
		`function "b" of the worker, retry:1:1: "maxRetryCount" is missing in the policy`,
		`function "b" of the worker, retry:1:1: "delayInterval" is missing in the policy`,
		`function "b" of the worker, retry:1:13: "strategy" is "x"`,
		`function "A" of the worker, binding 1:1:51: "schedule": there are 6 fields, and it has 3`,
		`function "bad name" of the worker: it is no name of a function`,
		`function "bad name" of the worker: the function has no trigger`,
		`function "A" of the worker: the functions "a" and "A" have the same name`,
	}
	if diff := cmp.Diff(want, heads(mistakes)); diff != "" {
		t.Errorf("Indexed: mistakes (-want +got)\n%s", diff)
	}
}
