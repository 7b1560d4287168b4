package funcapp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/funcapp"
)

// show prints what was read, a line for each thing.
func show(app *funcapp.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", app.Runtime, [...]string{"none", "folders", "indexed", "routes"}[app.Model])
	if h := app.Host.Handler; h != nil {
		fmt.Fprintf(&b, "; %s %q %s %q in %q", h.Executable, h.Arguments, h.Script, h.ScriptArguments, h.WorkingDirectory)
		if h.InFolder {
			b.WriteString(" infolder")
		}
		if h.Forward {
			b.WriteString(" forward")
		}
		if h.Proxy {
			b.WriteString(" proxy")
		}
		if h.Port > 0 {
			fmt.Fprintf(&b, " port %d", h.Port)
		}
	}
	b.WriteString("\n")
	for _, fn := range app.Functions {
		b.WriteString(showFunction(fn))
	}
	return b.String()
}

func showFunction(fn funcapp.Function) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", fn.Name)
	if fn.Disabled {
		b.WriteString(" disabled")
	}
	if fn.Script != "" {
		b.WriteString(" " + fn.Script)
	}
	if fn.Entry != "" {
		b.WriteString("#" + fn.Entry)
	}
	if fn.Retry != nil {
		fmt.Fprintf(&b, " retry %+v", *fn.Retry)
	}
	b.WriteString("\n")
	for _, binding := range append(append([]funcapp.Binding{fn.Trigger}, fn.Inputs...), fn.Outputs...) {
		b.WriteString("  " + showBinding(binding) + "\n")
	}
	return b.String()
}

func showBinding(b funcapp.Binding) string {
	text := "in"
	if b.Out {
		text = "out"
	}
	text += fmt.Sprintf(" %s %s", b.Type, b.Name)
	if b.Data != funcapp.AnyData {
		text += " as " + string(b.Data)
	}
	if b.Streamed {
		text += " streamed"
	}
	if b.Deferred {
		text += " deferred"
	}
	if b.Connection != "" {
		text += " @" + b.Connection
	}
	if b.Queue != nil {
		text += " queue " + b.Queue.String()
	}
	if b.Path != nil {
		text += " path " + b.Path.String()
	}
	if b.Pattern != nil {
		text += fmt.Sprintf(" pattern %s/%s…%d names", b.Pattern.Container(), b.Pattern.Prefix(), len(b.Pattern.Names()))
	}
	if b.EventGrid {
		text += " by event"
	}
	if b.Type == funcapp.TimerTrigger {
		text += fmt.Sprintf(" %s, startup %v, monitor %v", b.Schedule, b.RunOnStartup, b.UseMonitor)
	}
	if b.Type == funcapp.HTTPTrigger {
		text += fmt.Sprintf(" %v /%s for %s", b.Methods, b.Route, b.AuthLevel)
	}
	return text
}

func TestAppsAsPeopleHaveThemAreRead(t *testing.T) {
	for _, row := range []struct{ folder, want string }{
		{"custom-go", `custom folders; handler ["--level" "debug" "--share=50%"]  [] in "" infolder forward
Hello
  in httpTrigger req [GET POST] /hello/{name?} for anonymous
  out http res
Nightly
  in timerTrigger timer at 02:30 every day, startup false, monitor true
  out blob report @AzureWebJobsStorage path reports/{datetime:yyyy/MM/dd}.csv
Orders retry {Max:5 Exponential:true Delay:0s Least:10s Most:15m0s}
  in queueTrigger order @AzureWebJobsStorage queue orders
  in blob customer @AzureWebJobsStorage path customers/{customer.id}.json
  out queue $return @AzureWebJobsStorage queue done-{customer.region}
Resize
  in blobTrigger image as binary @AzureWebJobsStorage pattern images/…2 names by event
  out blob thumb as binary @AzureWebJobsStorage path thumbs/{name}-{rand-guid:N}.{ext}
`},
		{"custom-node", `custom folders; node ["--max-old-space-size=512"] server.js [] in ""
orders
  in queueTrigger item @AzureWebJobsStorage queue node-items
  out queue next @AzureWebJobsStorage queue node-next
report disabled
  in timerTrigger tick every 5 minutes, startup true, monitor true
`},
		{"custom-python", `custom folders; python3 [] handler/main.py [] in "handler" proxy port 8099
Ping
  in httpTrigger req [GET] /Ping for function
  out http $return
Thumbs
  in blobTrigger picture as binary @Pictures pattern pictures/…1 names
  out queue done @Pictures queue pictures-done
`},
		{"python-v1", `python folders
BlobIn BlobIn/__init__.py#main
  in blobTrigger myblob @AzureWebJobsStorage pattern samples-workitems/…1 names
HttpHello HttpHello/__init__.py
  in httpTrigger req [GET POST] /HttpHello for function
  out http $return
QueueIn QueueIn/__init__.py
  in queueTrigger msg @AzureWebJobsStorage queue python-queue-items
  in blob big_image as binary @AzureWebJobsStorage path images/{queueTrigger}
  out queue again @AzureWebJobsStorage queue python-queue-items
`},
		{"python-v2", "python indexed\n"},
		{"node-v4", "node indexed\n"},
		{"mcp", `custom routes; python ["server.py"]  [] in "" proxy port 8000
http-handler1
  in httpTrigger req [] /{*route} for anonymous
  out http res
`},
	} {
		app, mistakes := funcapp.Read(os.DirFS(filepath.Join("testdata", row.folder)), funcapp.Machine{Processors: 2})
		for _, m := range mistakes {
			t.Errorf("%s: %v", row.folder, m)
		}
		if diff := cmp.Diff(row.want, show(app)); diff != "" {
			t.Errorf("Read(%s) (-want +got)\n%s", row.folder, diff)
		}
	}
}

func TestTheHostsSettingsAreThoseOfItsFile(t *testing.T) {
	app, _ := funcapp.Read(os.DirFS("testdata/custom-go"), funcapp.Machine{Processors: 2})
	want := funcapp.Host{
		Timeout: 10 * time.Minute,
		HTTP:    funcapp.HTTPSettings{RoutePrefix: "api"},
		Queues: funcapp.Queues{
			BatchSize: 4, MaxPollingInterval: 2 * time.Second, VisibilityTimeout: 30 * time.Second, MaxDequeueCount: 3, Plain: true,
		},
		Blobs: funcapp.Blobs{MaxParallel: 16, BatchSize: 9, NewBatchThreshold: 7, PoisonThreshold: 2},
	}
	got := app.Host
	got.Handler = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read: Host (-want +got)\n%s", diff)
	}
	if app.Settings.HTTPPort != 7072 || !cmp.Equal(app.Settings.CORS, []string{"http://localhost:3000", "http://localhost:4000"}) {
		t.Errorf("Read: port %d, CORS %q", app.Settings.HTTPPort, app.Settings.CORS)
	}
}

func TestDefaultsAreAzures(t *testing.T) {
	for _, row := range []struct {
		host       string
		processors int
		want       funcapp.Host
	}{
		{`{"version":"2.0"}`, 4, funcapp.Host{
			HTTP:   funcapp.HTTPSettings{RoutePrefix: "api"},
			Queues: funcapp.Queues{BatchSize: 16, NewBatchThreshold: 32, MaxPollingInterval: time.Minute, MaxDequeueCount: 5},
			Blobs:  funcapp.Blobs{MaxParallel: 32, BatchSize: 17, NewBatchThreshold: 15, PoisonThreshold: 5},
		}},
		{`{"version":"2.0","functionTimeout":"-1","extensions":{"http":{"routePrefix":"","maxConcurrentRequests":7,"maxOutstandingRequests":-1},"queues":{"batchSize":1},"blobs":{"maxDegreeOfParallelism":1}}}`, 0, funcapp.Host{
			HTTP:   funcapp.HTTPSettings{MaxConcurrent: 7},
			Queues: funcapp.Queues{BatchSize: 1, MaxPollingInterval: time.Minute, MaxDequeueCount: 5},
			Blobs:  funcapp.Blobs{MaxParallel: 1, BatchSize: 1, PoisonThreshold: 5},
		}},
	} {
		app, _ := funcapp.Read(fstest.MapFS{"host.json": {Data: []byte(row.host)}}, funcapp.Machine{Processors: row.processors})
		if diff := cmp.Diff(row.want, app.Host); diff != "" {
			t.Errorf("Read(%s) on %d processors (-want +got)\n%s", row.host, row.processors, diff)
		}
	}
}

func TestBlobsInWorkAreSplitAsTheHostSplitsThem(t *testing.T) {
	for _, row := range []struct{ blobs, batch, threshold int }{
		{100, 32, 68}, {62, 32, 30}, {16, 9, 7}, {3, 2, 1}, {1, 1, 0},
	} {
		if batch, threshold := funcapp.Parallel(row.blobs); batch != row.batch || threshold != row.threshold {
			t.Errorf("Parallel(%d) = %d, %d, want %d, %d", row.blobs, batch, threshold, row.batch, row.threshold)
		}
	}
}

func TestSettingsBoundWhatIsInWorkAtOnce(t *testing.T) {
	const parallel = `{"version":"2.0","extensions":{"blobs":{"maxDegreeOfParallelism":6}}}`
	for _, row := range []struct {
		why, environ, values          string
		most, batch, threshold, wrong int
	}{
		{"neither is set", "", "", 0, 4, 2, 0},
		{"both, one in the file", "MAX_CONCURRENT_INVOCATIONS=7", `"BLOB_BATCH_SIZE":"2"`, 7, 2, 4, 0},
		{"a number in the file, names in any case", "", `"max_concurrent_invocations":1`, 1, 4, 2, 0},
		{"a batch is no more than are in work", "BLOB_BATCH_SIZE=32", "", 0, 6, 0, 0},
		{"empty unsets", "BLOB_BATCH_SIZE=", `"MAX_CONCURRENT_INVOCATIONS":" "`, 0, 4, 2, 0},
		{"more than a queue gives", "BLOB_BATCH_SIZE=33", "", 0, 4, 2, 1},
		{"none at once is nothing", "MAX_CONCURRENT_INVOCATIONS=0", `"BLOB_BATCH_SIZE":0`, 0, 4, 2, 2},
		{"no numbers", "MAX_CONCURRENT_INVOCATIONS=many", `"BLOB_BATCH_SIZE":"1.5"`, 0, 4, 2, 2},
	} {
		app, mistakes := funcapp.Read(fstest.MapFS{
			"host.json":           {Data: []byte(parallel)},
			"local.settings.json": {Data: []byte(`{"Values":{` + row.values + `}}`)},
		}, funcapp.Machine{Environ: []string{"FUNCTIONS_WORKER_RUNTIME=dotnet-isolated", row.environ}})
		h := app.Host
		if h.MaxConcurrent != row.most || h.Blobs.BatchSize != row.batch || h.Blobs.NewBatchThreshold != row.threshold || h.Blobs.MaxParallel != 6 {
			t.Errorf("%s: at most %d invocations, blobs %+v; want %d, a batch of %d, threshold %d", row.why, h.MaxConcurrent, h.Blobs, row.most, row.batch, row.threshold)
		}
		if len(mistakes) != row.wrong {
			t.Errorf("%s: mistakes %v, want %d", row.why, mistakes, row.wrong)
		}
		for _, m := range mistakes {
			if m.File != "local.settings.json" || m.Hint == "" || strings.Contains(m.Error(), "many") {
				t.Errorf("%s: mistake %v, want one of the settings with a hint and no value", row.why, m)
			}
		}
	}
}

func TestABlobIsStreamedToACustomHandlerIfItsBindingAsks(t *testing.T) {
	const bindings = `{"bindings":[
		{"type":"blobTrigger","name":"big","path":"big/{name}","stanchMode":"Streamed"},
		{"type":"blob","name":"other","path":"other/{name}","stanchMode":"streamed"},
		{"type":"blob","name":"small","path":"small/{name}","stanchMode":"buffered"},
		{"type":"blob","direction":"out","name":"out","path":"outs/{name}","stanchMode":"streamed"}]}`
	for _, row := range []struct {
		host, bindings, environ string
		streamed                string
		heads                   []string
	}{
		{soundHost, bindings, "", "big other", []string{`F/function.json:5:70: warning: the binding "out" has no key "stanchMode": it is passed over`}},
		{`{"version":"2.0"}`, bindings, "FUNCTIONS_WORKER_RUNTIME=dotnet-isolated", "", []string{
			`F/function.json:2:71: warning: "stanchMode" is passed over: language workers take no URLs`,
			`F/function.json:3:68: warning: "stanchMode" is passed over: language workers take no URLs`,
			`F/function.json:5:70: warning: the binding "out" has no key "stanchMode": it is passed over`,
		}},
		{soundHost, `{"bindings":[{"type":"blobTrigger","name":"b","path":"big/{name}","stanchMode":"stream"}]}`, "", "", []string{`F/function.json:1:80: "stanchMode" is "stream"`}},
	} {
		app, mistakes := funcapp.Read(fstest.MapFS{
			"host.json": {Data: []byte(row.host)}, "F/function.json": {Data: []byte(row.bindings)},
		}, funcapp.Machine{Environ: []string{row.environ}})
		var streamed []string
		for _, fn := range app.Functions {
			for _, b := range append(append([]funcapp.Binding{fn.Trigger}, fn.Inputs...), fn.Outputs...) {
				if b.Streamed {
					streamed = append(streamed, b.Name)
				}
			}
		}
		if got := strings.Join(streamed, " "); got != row.streamed {
			t.Errorf("Read(%s): %q are streamed, want %q", row.host, got, row.streamed)
		}
		if diff := cmp.Diff(row.heads, heads(mistakes)); diff != "" {
			t.Errorf("Read(%s): mistakes (-want +got)\n%s", row.host, diff)
		}
	}
}

func TestTheEnvironmentComesBeforeTheFile(t *testing.T) {
	folder := fstest.MapFS{
		"host.json": {Data: []byte(`{"version":"2.0"}`)},
		"local.settings.json": {Data: []byte(`{"Values":{"A":"file","B":"file","Nested:Key":"n","N":5,"T":true,"Gone":null,"AzureWebJobsPics":"prefixed","Pics":"bare"},
			"ConnectionStrings":{"Db":{"ConnectionString":"db","ProviderName":"x"}}}`)},
	}
	app, _ := funcapp.Read(folder, funcapp.Machine{Environ: []string{"A=env", "X__Y=double", "odd"}})
	for _, row := range []struct {
		name, want string
		found      bool
	}{
		{"A", "env", true},
		{"a", "env", true},
		{"B", "file", true},
		{"b", "file", true},
		{"Nested:Key", "n", true},
		{"X:Y", "double", true},
		{"N", "5", true},
		{"T", "true", true},
		{"Gone", "", false},
		{"C", "", false},
	} {
		if got, found := app.Settings.Lookup(row.name); got != row.want || found != row.found {
			t.Errorf("Lookup(%q) = %q, %v, want %q, %v", row.name, got, found, row.want, row.found)
		}
	}
	for _, row := range []struct{ name, want string }{{"Pics", "prefixed"}, {"Db", "db"}, {"B", "file"}, {"", ""}} {
		if got, _ := app.Settings.Connection(row.name); got != row.want {
			t.Errorf("Connection(%q) = %q, want %q", row.name, got, row.want)
		}
	}
	want := []string{"A=env", "AzureWebJobsPics=prefixed", "B=file", "N=5", "Nested:Key=n", "Pics=bare", "T=true", "X__Y=double"}
	if diff := cmp.Diff(want, app.Settings.Environ()); diff != "" {
		t.Errorf("Environ (-want +got)\n%s", diff)
	}
	for _, text := range []string{fmt.Sprint(app.Settings), fmt.Sprintf("%+v", *app), fmt.Sprintf("%#v", app.Settings)} {
		if strings.Contains(text, "prefixed") || strings.Contains(text, "env") {
			t.Errorf("the settings print their values: %s", text)
		}
	}
}

func TestAFunctionIsDisabledByFileSettingOrList(t *testing.T) {
	const bindings = `"bindings":[{"type":"timerTrigger","name":"t","schedule":"0 * * * * *"}]}`
	folder := fstest.MapFS{
		"host.json":        {Data: []byte(`{"version":"2.0","functions":["A","b","C","D","gone"],"customHandler":{"description":{"defaultExecutablePath":"x"}}}`)},
		"A/function.json":  {Data: []byte(`{` + bindings)},
		"B/function.json":  {Data: []byte(`{"disabled":true,` + bindings)},
		"C/function.json":  {Data: []byte(`{"disabled":"%OFF%",` + bindings)},
		"D/function.json":  {Data: []byte(`{` + bindings)},
		"E/function.json":  {Data: []byte(`{` + bindings)},
		"notes/readme.txt": {Data: []byte("no function")},
	}
	app, mistakes := funcapp.Read(folder, funcapp.Machine{Environ: []string{"OFF=1", "AzureWebJobs.D.Disabled=true"}})
	var off []string
	for _, fn := range app.Functions {
		if fn.Disabled {
			off = append(off, fn.Name)
		}
	}
	if diff := cmp.Diff([]string{"B", "C", "D", "E"}, off); diff != "" {
		t.Errorf("disabled (-want +got)\n%s", diff)
	}
	if len(mistakes) != 1 || !mistakes[0].Warning || !strings.Contains(mistakes[0].Text, `"gone"`) {
		t.Errorf("mistakes %v, want one warning of the name that is not there", mistakes)
	}
}
