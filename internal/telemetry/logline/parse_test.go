package logline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/logline"
)

// said is what a test looks at of a line.
type said struct {
	Level             logline.Level
	Category, Message string
}

func TestWhatLoggersWriteIsRead(t *testing.T) {
	const (
		trace, debug, info    = logline.Trace, logline.Debug, logline.Information
		warning, err, fatal   = logline.Warning, logline.Error, logline.Critical
		unknown               = logline.Unknown
		message, none, logger = "it went wrong", "", "shop.orders"
	)
	for _, test := range []struct {
		who, line string
		want      said
	}{
		{"python, no format", "WARNING:root:it went wrong", said{warning, "root", message}},
		{"python, no format, a module", "ERROR:shop.orders:it went wrong", said{err, logger, message}},
		{"python, the manual's format", "2026-04-05 01:30:00,123 - shop.orders - ERROR - it went wrong", said{err, logger, message}},
		{"python, level first", "2026-04-05 01:30:00,123 ERROR shop.orders: it went wrong", said{err, logger, message}},
		{"python, level in brackets", "2026-04-05 01:30:00,123 [ERROR] shop.orders: it went wrong", said{err, logger, message}},
		{"python, name before level", "2026-04-05 01:30:00,123 shop.orders ERROR it went wrong", said{err, logger, message}},
		{"python, no time", "shop.orders - CRITICAL - it went wrong", said{fatal, logger, message}},
		{"flask", "[2026-04-05 01:30:00,123] ERROR in app: it went wrong", said{err, none, "in app: it went wrong"}},
		{"loguru", "2026-04-05 01:30:00.123 | WARNING  | shop.orders:place:42 - it went wrong", said{warning, "shop.orders:place:42", message}},
		{"uvicorn", `INFO:     127.0.0.1:4711 - "GET / HTTP/1.1" 200 OK`, said{info, none, `127.0.0.1:4711 - "GET / HTTP/1.1" 200 OK`}},
		{"uvicorn, an error", "ERROR:    Exception in ASGI application", said{err, none, "Exception in ASGI application"}},
		{"gunicorn", "[2026-04-05 01:30:00 +0000] [4711] [INFO] it went wrong", said{info, none, message}},
		{"celery", "[2026-04-05 01:30:00,123: ERROR/MainProcess] it went wrong", said{err, "MainProcess", message}},
		{"airflow", "[2026-04-05T01:30:00.123+0000] {taskinstance.py:42} WARNING - it went wrong", said{warning, "taskinstance.py:42", message}},
		{"pino", `{"level":50,"time":1775352600000,"pid":4711,"hostname":"a","name":"shop.orders","msg":"it went wrong"}`, said{err, logger, message}},
		{"bunyan", `{"name":"shop.orders","hostname":"a","pid":1,"level":40,"msg":"it went wrong","time":"2026-04-05T01:30:00Z","v":0}`, said{warning, logger, message}},
		{"winston", `{"level":"info","message":"it went wrong","order":42}`, said{info, none, message + " order=42"}},
		{"winston, simple", "error: it went wrong", said{err, none, message}},
		{"zap", `{"level":"warn","ts":1775352600.1,"logger":"shop.orders","caller":"a.go:1","msg":"it went wrong"}`, said{warning, logger, `it went wrong caller="a.go:1"`}},
		{"zap's console", "2026-04-05T01:30:00.123Z\tERROR\tshop/orders.go:42\tit went wrong", said{err, none, "shop/orders.go:42\tit went wrong"}},
		{"zerolog", `{"level":"fatal","time":1775352600,"message":"it went wrong"}`, said{fatal, none, message}},
		{"slog, JSON", `{"time":"2026-04-05T01:30:00Z","level":"WARN+1","msg":"it went wrong","n":[1]}`, said{warning, none, message + " n=[1]"}},
		{"slog, text", `time=2026-04-05T01:30:00.000Z level=WARN msg="it went \"wrong\"" n=1`, said{warning, none, `it went "wrong" n=1`}},
		{"logrus", `time="2026-04-05T01:30:00Z" level=error msg="it went wrong" order=42 ok`, said{err, none, message + " order=42 ok"}},
		{"logrus on a terminal", "INFO[0012] it went wrong", said{info, none, message}},
		{"structlog", `{"event":"it went wrong","level":"debug","timestamp":"2026-04-05T01:30:00Z","logger":"shop.orders"}`, said{debug, logger, message}},
		{"Serilog, compact", `{"@t":"2026-04-05T01:30:00Z","@mt":"it went {how}","@m":"it went wrong","@l":"Error"}`, said{err, none, `it went wrong @mt="it went {how}"`}},
		{"Serilog, console", "[01:30:00 INF] it went wrong", said{info, none, message}},
		{".NET, JSON", `{"EventId":14,"LogLevel":"Warning","Category":"Shop.Orders","Message":"it went wrong"}`, said{warning, "Shop.Orders", message}},
		{".NET, one line", "fail: Shop.Orders[7] it went wrong", said{err, "Shop.Orders", message}},
		{".NET with a time", "01:30:00 warn: Shop.Orders[7] it went wrong", said{warning, "Shop.Orders", message}},
		{"Google Cloud", `{"severity":"NOTICE","message":"it went wrong"}`, said{info, none, message}},
		{"JSON that is no log line", `{"total":12}`, said{unknown, none, `{"total":12}`}},
		{"JSON that is none", `{"level":"info","msg":`, said{unknown, none, `{"level":"info","msg":`}},
		{"klog", "E0405 01:30:00.123456    4711 server.go:12] it went wrong", said{err, "server.go:12", message}},
		{"Go's log", "2026/04/05 01:30:00 it went wrong", said{unknown, none, message}},
		{"log4j", "01:30:00.123 [main] ERROR c.e.Shop - it went wrong", said{err, "c.e.Shop", message}},
		{"logback, with date", "2026-04-05 01:30:00.123 [http-nio-8080-exec-1] WARN  com.example.Shop - it went wrong", said{warning, "com.example.Shop", message}},
		{"Spring", "2026-04-05T01:30:00.123Z  WARN 1 --- [shop] [nio-8080-exec-1] c.e.shop.Orders : it went wrong", said{warning, "c.e.shop.Orders", message}},
		{"java.util.logging, second line", "SEVERE: it went wrong", said{err, none, message}},
		{"env_logger", "[2026-04-05T01:30:00Z WARN  shop::orders] it went wrong", said{warning, "shop::orders", message}},
		{"tracing", "2026-04-05T01:30:00.123456Z  INFO shop::orders: it went wrong", said{info, "shop::orders", message}},
		{"Ruby", "W, [2026-04-05T01:30:00.123456 #4711]  WARN -- shop: it went wrong", said{warning, "shop", message}},
		{"nginx", "2026/04/05 01:30:00 [error] 12#12: *3 it went wrong", said{err, none, "*3 it went wrong"}},
		{"postgres", "2026-04-05 01:30:00.123 UTC [12] ERROR:  it went wrong", said{err, none, message}},
		{"colours", "\x1b[32mINFO\x1b[0m:     it went wrong", said{info, none, message}},
		{"Azure Functions", "[2026-04-05T01:30:00.123Z] Executed 'Functions.shop' (Failed, Id=3f25, Duration=12ms)", said{err, none, "Executed 'Functions.shop' (Failed, Id=3f25, Duration=12ms)"}},
		{"plain", "it went wrong", said{unknown, none, message}},
		{"prose", "An ERROR: it went wrong", said{unknown, none, "An ERROR: it went wrong"}},
		{"prose that begins with a level's word", "Warning signs were ignored", said{unknown, none, "Warning signs were ignored"}},
		{"prose with an info", "info desk is closed", said{unknown, none, "info desk is closed"}},
		{"an error by its name", "Error: it went wrong", said{err, none, "Error: it went wrong"}},
		{"a URL", "http://127.0.0.1:8080 is up", said{unknown, none, "http://127.0.0.1:8080 is up"}},
		{"an address first", "127.0.0.1 - - [05/Apr/2026 01:30:00] \"GET / HTTP/1.1\" 200 -", said{unknown, none, "127.0.0.1 - - [05/Apr/2026 01:30:00] \"GET / HTTP/1.1\" 200 -"}},
		{"a date that is what the line is about", "2026-04-05 was a Sunday", said{unknown, none, "2026-04-05 was a Sunday"}},
		{"indented", "   ERROR: it went wrong", said{unknown, none, "   ERROR: it went wrong"}},
		{"empty", "", said{unknown, none, ""}},
		{"a trace level", "2026-04-05 01:30:00 TRACE shop.orders: it went wrong", said{trace, logger, message}},
	} {
		l, _ := logline.Parse([]byte(test.line), nil)
		got := said{l.Level, string(l.Category), string(l.Message)}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("Parse(%q), %s (-want +got)\n%s", test.line, test.who, diff)
		}
	}
}

func TestAFunctionIsKnownByItsExecution(t *testing.T) {
	for _, test := range []struct{ line, function, invocation string }{
		{"[2026-04-05T01:30:00.123Z] Executing 'Functions.shop' (Reason='This function was programmatically called', Id=3f2504e0-4f89)", "shop", "3f2504e0-4f89"},
		{"info: Function.shop.User[0] hello", "shop", ""},
		{"info: Host.Results[0] hello", "", ""},
	} {
		l, _ := logline.Parse([]byte(test.line), nil)
		if string(l.Function) != test.function || string(l.Invocation) != test.invocation {
			t.Errorf("Parse(%q): function %q, invocation %q; want %q, %q", test.line, l.Function, l.Invocation, test.function, test.invocation)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"2026-04-05 01:30:00,123 [ERROR] a.b: c", `{"level":30,"msg":"a","err":{"type":"E","stack":"E: x\n at y"}}`,
		`level=info msg="a\"`, "I0405 01:30:00.123456    4711 server.go:12] m", "fail: A.B[7]", "W, [2026 #1]  WARN -- s: m", "[a] [b] INFO - ", "\x1b[3",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		l, _ := logline.Parse(line, make([]byte, 0, 64))
		// JSON may grow by what stands in for broken surrogates, and by names.
		if len(l.Message) > 3*len(line) || len(l.Category) > len(line) {
			t.Errorf("Parse(%q): a message of %d bytes and a category of %d", line, len(l.Message), len(l.Category))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, line := range map[string]string{
		"python": "2026-04-05 01:30:00,123 - shop.orders - ERROR - it went wrong for order 4711",
		"json":   `{"level":50,"time":1775352600000,"pid":4711,"hostname":"a","name":"shop.orders","msg":"it went wrong","order":4711}`,
		"plain":  `127.0.0.1 - - [05/Apr/2026 01:30:00] "GET / HTTP/1.1" 200 -`,
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(line)
			var scratch []byte
			b.ReportAllocs()
			for b.Loop() {
				_, scratch = logline.Parse(text, scratch)
			}
		})
	}
}
