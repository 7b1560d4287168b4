package logline_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/logline"
)

var start = time.Date(2026, 4, 5, 1, 30, 0, 0, time.UTC)

// joined is what a test looks at of a record.
type joined struct {
	Level     logline.Level
	Lines     int
	First     string // of the message
	Exception string // type, message, and the innermost type where it is another
	Method    string
}

func join(stderr bool, text string) (got []joined) {
	j := logline.NewJoiner(stderr)
	take := func(r *logline.Record) {
		first, _, _ := strings.Cut(string(r.Message), "\n")
		g := joined{Level: r.Level, Lines: r.Lines, First: first}
		if e := r.Exception; e != nil {
			g.Exception, g.Method = e.Type+": "+e.Message, e.Method
			if e.Inner != e.Type {
				g.Exception += " < " + e.Inner
			}
		}
		got = append(got, g)
	}
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		j.Line(start, []byte(line), take)
	}
	j.End(take)
	return got
}

func TestLinesThatBelongTogetherAreOneRecord(t *testing.T) {
	for _, test := range []struct {
		what, text string
		want       []joined
	}{
		{"a traceback", `
before
Traceback (most recent call last):
  File "/app/app.py", line 10, in work
    held.append(bytearray(1 << 30))
    ~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^
MemoryError
after`, []joined{
			{logline.Warning, 1, "before", "", ""},
			{logline.Error, 5, "Traceback (most recent call last):", "MemoryError: ", "work"},
			{logline.Warning, 1, "after", "", ""},
		}},
		{"a traceback that a logger announces", `
2026-04-05 01:30:00,123 - shop - ERROR - it went wrong
Traceback (most recent call last):
  File "/app/app.py", line 10, in work
    1 / 0
ZeroDivisionError: division by zero
2026-04-05 01:30:01,123 - shop - INFO - next`, []joined{
			{logline.Error, 5, "it went wrong", "ZeroDivisionError: division by zero", "work"},
			{logline.Information, 1, "next", "", ""},
		}},
		{"an uncaught error after what was logged before it", `
INFO:shop:serving
Traceback (most recent call last):
  File "/app/app.py", line 1, in <module>
shop.errors.Broken: no stock`, []joined{
			{logline.Information, 1, "serving", "", ""},
			{logline.Error, 3, "Traceback (most recent call last):", "shop.errors.Broken: no stock", "<module>"},
		}},
		{"an uncaught error after a warning about something else", `
WARNING:shop:low on stock
Traceback (most recent call last):
  File "/app/app.py", line 1, in <module>
KeyError: 'cart'`, []joined{
			{logline.Warning, 1, "low on stock", "", ""},
			{logline.Error, 3, "Traceback (most recent call last):", "KeyError: 'cart'", "<module>"},
		}},
		{"chained tracebacks", `
Traceback (most recent call last):
  File "/app/a.py", line 1, in get
KeyError: 'id'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/a.py", line 3, in handle
ValueError: no id

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/b.py", line 9, in serve
RuntimeError: gave up

next`, []joined{
			{logline.Error, 15, "Traceback (most recent call last):", "RuntimeError: gave up < KeyError", "serve"},
			{logline.Warning, 1, "next", "", ""},
		}},
		{"two tracebacks that are not chained", `
Traceback (most recent call last):
  File "a.py", line 1, in f
KeyError: 1
Traceback (most recent call last):
  File "a.py", line 1, in g
KeyError: 2`, []joined{
			{logline.Error, 3, "Traceback (most recent call last):", "KeyError: 1", "f"},
			{logline.Error, 3, "Traceback (most recent call last):", "KeyError: 2", "g"},
		}},
		{"an exception group", `
ERROR:    Exception in ASGI application
  + Exception Group Traceback (most recent call last):
  |   File "/app/a.py", line 1, in serve
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/app/a.py", line 5, in work
    | ValueError: no
    +------------------------------------
INFO:     next`, []joined{
			{logline.Error, 9, "Exception in ASGI application", "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)", ""},
			{logline.Information, 1, "next", "", ""},
		}},
		{"a thread's exception", `
Exception in thread Thread-1 (work):
Traceback (most recent call last):
  File "a.py", line 1, in work
OSError: [Errno 12] Cannot allocate memory`, []joined{
			{logline.Error, 4, "Exception in thread Thread-1 (work):", "OSError: [Errno 12] Cannot allocate memory", "work"},
		}},
		{"what a server says before it", `
----------------------------------------
Exception occurred during processing of request from ('127.0.0.1', 40776)
Traceback (most recent call last):
  File "a.py", line 1, in handle
ValueError: no
----------------------------------------`, []joined{
			{logline.Warning, 1, "----------------------------------------", "", ""},
			{logline.Error, 4, "Exception occurred during processing of request from ('127.0.0.1', 40776)", "ValueError: no", "handle"},
			{logline.Warning, 1, "----------------------------------------", "", ""},
		}},
		{"faulthandler", `
Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "a.py", line 1 in work

Thread 0x00007e (most recent call first):
  File "a.py", line 2 in main
next`, []joined{
			{logline.Error, 7, "Fatal Python error: Segmentation fault", "Fatal Python error: Segmentation fault", ""},
			{logline.Warning, 1, "next", "", ""},
		}},
		{"Java, uncaught", `
Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
	at java.base/java.util.Arrays.copyOf(Arrays.java:3512)
	at com.example.Shop.fill(Shop.java:42)
	at com.example.Shop.main(Shop.java:7)`, []joined{
			{logline.Error, 4, `Exception in thread "main" java.lang.OutOfMemoryError: Java heap space`, "java.lang.OutOfMemoryError: Java heap space", "com.example.Shop.fill"},
		}},
		{"Java, logged, with a cause", `
01:30:00.123 [main] ERROR c.e.Shop - it went wrong
java.lang.IllegalStateException: no stock
	at com.example.Shop.sell(Shop.java:42)
	... 3 more
Caused by: java.sql.SQLException: gone
	at com.example.Db.get(Db.java:1)
	... 5 common frames omitted
01:30:01.123 [main] INFO c.e.Shop - next`, []joined{
			{logline.Error, 7, "it went wrong", "java.lang.IllegalStateException: no stock < java.sql.SQLException", "com.example.Shop.sell"},
			{logline.Information, 1, "next", "", ""},
		}},
		{"java.util.logging", `
Apr 05, 2026 1:30:00 AM com.example.Shop sell
SEVERE: it went wrong
Apr 05, 2026 1:30:01 AM com.example.Shop sell
INFO: next`, []joined{
			{logline.Error, 2, "it went wrong", "", ""},
			{logline.Information, 2, "next", "", ""},
		}},
		{".NET's console, two lines", `
info: Microsoft.Hosting.Lifetime[14]
      Now listening on: http://[::]:8080
fail: Shop.Orders[7]
      it went wrong
      System.InvalidOperationException: no stock
         at Shop.Orders.Sell(Int32 id) in /src/Orders.cs:line 42`, []joined{
			{logline.Information, 2, "Now listening on: http://[::]:8080", "", ""},
			{logline.Error, 4, "it went wrong", "System.InvalidOperationException: no stock", "Shop.Orders.Sell"},
		}},
		{".NET, uncaught", `
Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.
 ---> System.IO.IOException: full
   at System.IO.Stream.Write()
   --- End of inner exception stack trace ---
   at Shop.Program.Main(String[] args) in /src/Program.cs:line 1`, []joined{
			{logline.Error, 5, "Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.", "System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown. < System.IO.IOException", "Shop.Program.Main"},
		}},
		{"Node, uncaught", `
/app/server.js:10
    throw new TypeError("boom");
    ^

TypeError: boom
    at sell (/app/server.js:10:11)
    at node:internal/main/run_main_module:28:49 {
  code: 'E_STOCK'
}

Node.js v22.1.0
next`, []joined{
			{logline.Error, 11, "/app/server.js:10", "TypeError: boom", "sell"},
			{logline.Warning, 1, "next", "", ""},
		}},
		{"Node, printed", `
Error: boom
    at Object.sell (/app/server.js:10:11)
    [cause]: RangeError: too much`, []joined{
			{logline.Error, 3, "Error: boom", "Error: boom < RangeError", "Object.sell"},
		}},
		{"Node, out of memory", `
<--- Last few GCs --->

[12:0x5581]    41 ms: Mark-Compact 4.0 (4.2) -> 3.9 (5.2) MB
<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb76dc5 node::OOMErrorHandler(char const*)
next`, []joined{
			{logline.Error, 9, "<--- Last few GCs --->", "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", ""},
			{logline.Warning, 1, "next", "", ""},
		}},
		{"Go, a panic", `
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.sell(...)
	/src/main.go:10
main.main()
	/src/main.go:5 +0x1d
exit status 2
next`, []joined{
			{logline.Error, 8, "panic: runtime error: index out of range [5] with length 3", "panic: runtime error: index out of range [5] with length 3", "main.sell"},
			{logline.Warning, 1, "next", "", ""},
		}},
		{"Go, out of memory", `
fatal error: runtime: out of memory

runtime stack:
runtime.throw({0x4, 0x16})
	/go/src/runtime/panic.go:1023 +0x5c
goroutine 6 [running]:
shop.(*Cart).fill(0x1)
	/src/cart.go:3 +0x1d
created by main.main in goroutine 1
	/src/main.go:5 +0x1d`, []joined{
			{logline.Error, 10, "fatal error: runtime: out of memory", "fatal error: runtime: out of memory", "shop.(*Cart).fill"},
		}},
		{"Go, a handler's panic", `
2026/04/05 01:30:00 http: panic serving 127.0.0.1:4711: no stock
goroutine 5 [running]:
net/http.(*conn).serve.func1()
	/go/src/net/http/server.go:1903 +0xb8
2026/04/05 01:30:01 next`, []joined{
			{logline.Error, 4, "http: panic serving 127.0.0.1:4711: no stock", "panic: no stock", "net/http.(*conn).serve.func1"},
			{logline.Information, 1, "next", "", ""},
		}},
		{"Rust", `
thread 'main' panicked at src/main.rs:2:5:
no stock
note: run with RUST_BACKTRACE=1 environment variable to display a backtrace
next`, []joined{
			{logline.Error, 3, "thread 'main' panicked at src/main.rs:2:5:", "panic: no stock", ""},
			{logline.Warning, 1, "next", "", ""},
		}},
		{"JSON with a stack", `
{"level":50,"msg":"failed","err":{"type":"TypeError","message":"boom","stack":"TypeError: boom\n    at sell (/app/a.js:1:2)"}}
{"level":"error","message":"failed","exc_info":"Traceback (most recent call last):\n  File \"a.py\", line 1, in work\nValueError: no"}`, []joined{
			{logline.Error, 1, "failed", "TypeError: boom", "sell"},
			{logline.Error, 1, "failed", "ValueError: no", "work"},
		}},
		{"lines without anything in common", `
one
two

three`, []joined{{logline.Warning, 1, "one", "", ""}, {logline.Warning, 1, "two", "", ""}, {logline.Warning, 1, "three", "", ""}}},
		{"indented lines", `
config:
  a: 1
  b: 2`, []joined{{logline.Warning, 3, "config:", "", ""}}},
		{"a shell's complaint", "sh: 1: nope: not found", []joined{{logline.Warning, 1, "sh: 1: nope: not found", "", ""}}},
		{"an access log", `127.0.0.1 - - [05/Apr/2026 01:30:00] "GET / HTTP/1.1" 200 -`, []joined{{logline.Information, 1, `127.0.0.1 - - [05/Apr/2026 01:30:00] "GET / HTTP/1.1" 200 -`, "", ""}}},
	} {
		if diff := cmp.Diff(test.want, join(true, test.text)); diff != "" {
			t.Errorf("the lines of %s (-want +got)\n%s", test.what, diff)
		}
	}
}

func TestStdoutIsInformationUnlessItSaysMore(t *testing.T) {
	want := []joined{{logline.Information, 1, "hello", "", ""}, {logline.Error, 1, "MemoryError", "MemoryError: ", ""}}
	if diff := cmp.Diff(want, join(false, "hello\nMemoryError")); diff != "" {
		t.Errorf("the lines of stdout (-want +got)\n%s", diff)
	}
}

func TestARecordWaitsOnlySoLong(t *testing.T) {
	j, n := logline.NewJoiner(true), 0
	take := func(*logline.Record) { n++ }
	j.Line(start, []byte("a:"), take)
	if waits := j.Flush(start.Add(logline.Patience-1), take); !waits || n != 0 {
		t.Errorf("Flush before its time: waits %v, %d records; want true and 0", waits, n)
	}
	if waits := j.Flush(start.Add(logline.Patience), take); waits || n != 1 {
		t.Errorf("Flush in time: waits %v, %d records; want false and 1", waits, n)
	}
	// One that goes on for ever is cut, too.
	at := start
	for range 100 {
		at = at.Add(logline.Patience / 2)
		j.Line(at, []byte("  b"), take)
	}
	if n < 3 {
		t.Errorf("12.5 s of indented lines: %d records, want one every 5 s", n-1)
	}
}

func TestOfALongRecordBothEndsAreKept(t *testing.T) {
	j := logline.NewJoiner(true)
	var got logline.Record
	take := func(r *logline.Record) { got = *r; got.Message = bytes.Clone(r.Message) }
	j.Line(start, []byte("Traceback (most recent call last):"), take)
	const frames = 20_000
	for i := range frames {
		j.Line(start, fmt.Appendf(nil, `  File "a.py", line %d, in recurse`, i), take)
	}
	j.Line(start, []byte("RecursionError: maximum recursion depth exceeded"), take)
	j.End(take)
	text := string(got.Message)
	if len(text) > 64<<10 || !strings.HasPrefix(text, "Traceback") || !strings.HasSuffix(text, "exceeded") {
		t.Errorf("a record of %d bytes from %.20q to %q, want at most 64 KiB with both ends", len(text), text, text[len(text)-20:])
	}
	shown := strings.Count(text, "\n") // one for each line but the last, and one for the notice
	if got.Lines != frames+2 || shown+got.LeftOut != got.Lines {
		t.Errorf("%d lines, %d left out, %d shown; want %d, and the last two to add up to it", got.Lines, got.LeftOut, shown, frames+2)
	}
	if got.Exception == nil || got.Exception.Type != "RecursionError" {
		t.Errorf("its exception is %v, want a RecursionError", got.Exception)
	}
}

// Whatever is printed: no line is lost, no record is too long, the memory is
// bounded.
func FuzzEveryLineIsInOneRecord(f *testing.F) {
	f.Add("Traceback (most recent call last):\n  File \"a\"\nE: x\n\nDuring handling of the above exception\n\nTraceback (most recent call last):\n")
	f.Add("panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/a.go:1\n")
	f.Add("/a.js:1\n^\n\nError: x\n  at a (b)\n}\nNode.js v1\n<--- Last few GCs --->\n[1]\nfail: A[1]\n      b\n")
	f.Add("Apr 05, 2026 1:30:00 AM a.B c\nSEVERE: x\nthread 'a' panicked at\nx\n{\"level\":1}\n \x1b[1m\n")
	f.Fuzz(func(t *testing.T, text string) {
		j := logline.NewJoiner(true)
		lines, printed := 0, 0
		take := func(r *logline.Record) {
			lines += r.Lines
			if len(r.Message) > 4*len(text)+64 || len(r.Message) > 256<<10 || r.Level == logline.Unknown {
				t.Errorf("of %q: a record of %d bytes, level %v", text, len(r.Message), r.Level)
			}
		}
		blank := 0
		for line := range strings.SplitSeq(text, "\n") {
			if len(strings.Trim(line, " \t\r")) == 0 {
				blank++
			} else {
				printed++
			}
			j.Line(start, []byte(line), take)
		}
		j.End(take)
		if lines > printed+blank || lines < printed-strings.Count(text, "\x1b") {
			t.Errorf("of %q: records of %d lines, want %d, and at most %d blank ones", text, lines, printed, blank)
		}
	})
}
