package members_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/telemetry/members"
)

func walk(text string) ([]string, error) {
	var all []string
	err := members.Each([]byte(text), func(name, value []byte) bool {
		all = append(all, fmt.Sprintf("%s=%s", name, members.AppendText(nil, value)))
		return true
	})
	return all, err
}

func TestMembersAreToldInOrderAsTheyStand(t *testing.T) {
	got, err := walk(` {"a": "x\ny", "b":-1.5e3,"c":{"d":[1,{}]} , "e":null,"f\"":"\ud83d\ude00\ud800"} `)
	want := []string{"a=x\ny", "b=-1.5e3", `c={"d":[1,{}]}`, "e=null", `f\"=😀` + "\uFFFD"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Each: %v, (-want +got)\n%s", err, diff)
	}
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	for _, test := range []struct{ why, text string }{
		{"nothing", ""},
		{"an array", "[1]"},
		{"cut off", `{"a":1`},
		{"no comma", `{"a":1 "b":2}`},
		{"a comma too many", `{"a":1,}`},
		{"a leading zero", `{"a":01}`},
		{"no digits", `{"a":-}`},
		{"a control character", "{\"a\":\"\x00\"}"},
		{"an escape that is none", `{"a":"\x"}`},
		{"half an escape", `{"a":"\u12"}`},
		{"something behind it", `{} {}`},
		{"nested without end", `{"a":` + strings.Repeat("[", 10_000)},
	} {
		if got, err := walk(test.text); err == nil {
			t.Errorf("Each(%.20q), %s: %v, want an error", test.text, test.why, got)
		}
	}
}

func TestAWalkMayEndEarly(t *testing.T) {
	n := 0
	err := members.Each([]byte(`{"a":1,"b":2,`), func(_, _ []byte) bool { n++; return false })
	if n != 1 || err != nil {
		t.Errorf("Each ended early: %d members, %v; want 1 and no error", n, err)
	}
}

// What this takes, the standard library takes, with the same members.
func FuzzEachAgreesWithTheStandardLibrary(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, `{"a":[1,{"b":null}],"c":-0.1e+9}`, `{"\u0041":"\ud83d\ude00"}`, `{}x`, `{"a":"\ud800\u0041"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := map[string]string{}
		err := members.Each([]byte(text), func(name, value []byte) bool {
			got[string(members.AppendUnescaped(nil, name))] = string(members.AppendText(nil, value))
			return true
		})
		var want map[string]json.RawMessage
		wantErr := json.Unmarshal([]byte(text), &want)
		if err == nil && wantErr != nil {
			t.Fatalf("Each(%q): no error, want %v", text, wantErr)
		}
		if err != nil || !utf8.ValidString(text) {
			return
		}
		for name, raw := range want {
			value := string(raw)
			if raw[0] == '"' {
				if err := json.Unmarshal(raw, &value); err != nil {
					t.Fatal(err)
				}
			}
			if got[name] != value {
				t.Errorf("Each(%q): %q is %q, want %q", text, name, got[name], value)
			}
		}
	})
}
