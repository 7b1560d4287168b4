package telemetry_test

import (
	"bytes"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry"
)

func TestSecretsAreBlankedAndNothingElse(t *testing.T) {
	for _, test := range []struct{ why, text, want string }{
		{
			"a storage connection string keeps what identifies the account",
			"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=abc/def+gh==;EndpointSuffix=core.windows.net",
			"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=***;EndpointSuffix=core.windows.net",
		},
		{
			"a service bus connection string keeps the name of the key",
			"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=aGk=",
			"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=***",
		},
		{"of a SAS only the signature is secret", "GET https://a.blob.core.windows.net/c?sv=2024&sig=a%2Fb%3D&se=2026", "GET https://a.blob.core.windows.net/c?sv=2024&sig=***&se=2026"},
		{"a SAS that is itself a parameter", "url=https%3A%2F%2Fx%3Fsig%3Dabc%26se%3D2026", "url=https%3A%2F%2Fx%3Fsig%3D***%26se%3D2026"},
		{"a function's key", "GET /api/run?code=abc123&x=1", "GET /api/run?code=***&x=1"},
		{"an exit code is none", "worker exited code=137", "worker exited code=137"},
		{"a header", "Authorization: Bearer eyJhbGciOi.abc", "Authorization: ***"},
		{"a header in JSON", `{"authorization":"Basic dXNlcjpw","n":1}`, `{"authorization":"***","n":1}`},
		{"JSON inside of JSON", `{"m":"{\"password\":\"hun\\\"ter2\",\"n\":1}"}`, `{"m":"{\"password\":\"***\",\"n\":1}"}`},
		{"a token without its header", "sent Bearer abc123def to upstream", "sent Bearer *** to upstream"},
		{"prose about schemes", "basic understanding of bearer authentication", "basic understanding of bearer authentication"},
		{"cookies hold sessions, several in a line", "Cookie: a=1; session=xyz", "Cookie: ***"},
		{"a password in a URL", "connect postgres://app:hunter2@db:5432/shop", "connect postgres://app:***@db:5432/shop"},
		{"a password with an @", "redis://:p@ss@cache:6379", "redis://:***@cache:6379"},
		{"a port is none", "listening on http://127.0.0.1:8080/a@b", "listening on http://127.0.0.1:8080/a@b"},
		{"an AWS key and its secret", "AKIAIOSFODNN7EXAMPLE aws_secret_access_key = wJalr/bPx", "*** aws_secret_access_key = ***"},
		{"a web token anywhere", "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_9 back", "got *** back"},
		{"environment", "DB_PASSWORD=hunter2 PATH=/bin", "DB_PASSWORD=*** PATH=/bin"},
		{"YAML", "client-secret: 'a b c' # old", "client-secret: '***' # old"},
		{"a command line's flags", "[app --password hunter2 --token=abc --port 80]", "[app --password *** --token=*** --port 80]"},
		{"a flag without a value", "app --token --port 80", "app --token --port 80"},
		{"counts of tokens are none", "max_tokens=512 prompt_tokens: 12", "max_tokens=512 prompt_tokens: 12"},
		{"an empty value", "password= next", "password= ***"},
		{"a quote that never closes ends with the line", "password=\"abc\nnext", "password=\"***\nnext"},
		{"an ordinary line", `2026-11-21T02:33:44Z INFO GET /work?n=1 200 12ms`, `2026-11-21T02:33:44Z INFO GET /work?n=1 200 12ms`},
	} {
		text := []byte(test.text)
		if got := string(telemetry.Redact(text)); got != test.want {
			t.Errorf("Redact(%q), %s:\n got %q\nwant %q", test.text, test.why, got, test.want)
		}
		if string(text) != test.text {
			t.Errorf("Redact(%q) changed its argument to %q", test.text, text)
		}
	}
}

func TestTextWithoutSecretsIsNotCopied(t *testing.T) {
	line := []byte(`2026-11-21T02:33:44Z INFO handler=work GET /work?n=1 status=200 took=12ms size: 4096`)
	if n := testing.AllocsPerRun(100, func() { telemetry.Redact(line) }); n != 0 {
		t.Errorf("Redact of a line without secrets: %v allocations, want 0", n)
	}
	if got := telemetry.Redact(line); &got[0] != &line[0] {
		t.Errorf("Redact of a line without secrets: a copy, want the argument")
	}
}

func FuzzRedactedTextIsRedactedAlready(f *testing.F) {
	for _, s := range []string{
		`password="a\"b" token: Bearer x`, "a://b:c@d", "Bearer abc123def", "AKIAIOSFODNN7EXAMPLE",
		"sig%3Dabc%26", `\"secret\":\"x\"`, "--token abc", "cookie: a; b\"c", "secret=secret=secret:", "eyJa.eyJb.c",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once := telemetry.Redact(text)
		if twice := telemetry.Redact(once); !bytes.Equal(once, twice) {
			t.Errorf("Redact(Redact(%q)): got %q, want %q", text, twice, once)
		}
	})
}

func BenchmarkRedactOrdinaryLine(b *testing.B) {
	line := []byte(`2026-11-21T02:33:44.123Z INFO worker=w3 GET /api/orders/1234 status=200 took=12ms size: 4096 id=abcdef`)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		telemetry.Redact(line)
	}
}
