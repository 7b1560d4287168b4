package functions_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

const id = "11111111-0000-4000-8000-000000000001"

var apps = []string{
	"go-handler", "node-handler", "python-handler", "python-v1", "python-v2",
	"../../labs/binding-vs-sdk/binding", "../../labs/binding-vs-sdk/sdk", "../../labs/blob-oom/buffered", "../../labs/blob-oom/streamed",
}

// read reads an app as stanch does, with no other settings than its own.
func read(t *testing.T, app string) *funcapp.App {
	t.Helper()
	found, mistakes := funcapp.Read(os.DirFS(app), funcapp.Machine{Processors: 1})
	for _, mistake := range mistakes {
		t.Errorf("Read %s: %v, want no mistakes and no warnings", app, mistake)
	}
	return found
}

func TestEveryAppReadsWithoutAMistake(t *testing.T) {
	for _, app := range apps {
		found := read(t, app)
		if _, set := found.Settings.Connection(funcapp.DefaultConnection); !set {
			t.Errorf("Read %s: there is no %s", app, funcapp.DefaultConnection)
		}
		want := funcapp.Folders
		if found.Runtime == "python" && app != "python-v1" {
			want = funcapp.Indexed
		}
		if found.Model != want {
			t.Errorf("Read %s: model %v, want %v", app, found.Model, want)
		}
	}
}

var picture = []byte("a picture, more or less \x00\xff")

// invocations are one of each function that every sample has.
func invocations() (all []*contract.Invocation) {
	text := func(s string) contract.Value { return contract.Value{Kind: contract.Text, Text: s} }
	bytes := contract.Value{Kind: contract.Bytes, Bytes: picture}
	timer := contract.Value{Kind: contract.JSON, Text: `{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2026-11-21T08:00:00+00:00","LastUpdated":"2026-11-21T08:00:00+00:00","Next":"2026-11-21T08:05:00+00:00"},"IsPastDue":true}`}
	return []*contract.Invocation{
		{
			ID: id, Function: "resize",
			Inputs: []contract.Input{
				{Name: "job", Binding: "queueTrigger", Value: text("cat.jpg")},
				{Name: "image", Binding: "blob", Binary: true, Value: bytes},
			},
			Metadata: []contract.Datum{{Name: "Id", Value: text("m-1")}, {Name: "PopReceipt", Value: text("r")}, {Name: "DequeueCount", Value: contract.Value{Kind: contract.JSON, Text: "1"}}},
		},
		{
			ID: id, Function: "arrived",
			Inputs: []contract.Input{{Name: "file", Binding: "blobTrigger", Binary: true, Value: bytes}},
			Metadata: []contract.Datum{
				{Name: "name", Value: text("in/cat.jpg")},
				{Name: "BlobTrigger", Value: text("incoming/in/cat.jpg")},
				{Name: "Uri", Value: text("http://127.0.0.1/incoming/in/cat.jpg")},
				{Name: "Properties", Value: contract.Value{Kind: contract.JSON, Text: `{"Length":26}`}},
				{Name: "Metadata", Value: contract.Value{Kind: contract.JSON, Text: `{}`}},
			},
		},
		{ID: id, Function: "tick", Inputs: []contract.Input{{Name: "timer", Binding: "timerTrigger", Value: timer}}},
		{
			ID: id, Function: "hello",
			Inputs: []contract.Input{{Name: "req", Binding: "httpTrigger", Value: contract.Value{Kind: contract.HTTPIn, Request: &contract.Request{
				Method: "POST", URL: "http://localhost:7071/api/hello/Ada", Params: map[string]string{"name": "Ada"},
				Header: map[string][]string{"Content-Type": {"text/plain"}}, Body: text("12345"),
			}}}},
		},
	}
}

// outputs are what each function has to give, by the README's table; hello gives
// none, and answers.
var outputs = map[string][2]string{
	"resize":  {"done", fmt.Sprintf(`{"bytes":26,"image":"cat.jpg","sha256":"%x"}`, sha256.Sum256(picture))},
	"arrived": {"arrivals", `{"bytes":26,"name":"in/cat.jpg"}`},
	"tick":    {"ticks", "tick, past due: true"},
}

// check holds what a function gave to the table. handler is who answers.
func check(t *testing.T, function, handler string, result *contract.Result) {
	t.Helper()
	if function == "hello" {
		checkAnswer(t, handler, result)
		return
	}
	want := outputs[function]
	if len(result.Outputs) != 1 || result.Outputs[0].Name != want[0] {
		t.Fatalf("outputs of %s: got %+v, want %s alone", function, result.Outputs, want[0])
	}
	if diff := cmp.Diff(want[1], ordered(result.Outputs[0].Value.Text)); diff != "" {
		t.Errorf("output of %s -want +got:\n%s", function, diff)
	}
}
