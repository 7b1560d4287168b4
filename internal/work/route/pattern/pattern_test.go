package pattern_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/route/pattern"
)

func parse(t *testing.T, text string) pattern.Pattern {
	t.Helper()
	p, err := pattern.Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q) = %v", text, err)
	}
	return p
}

func TestPathsAreMatchedAsASPNETMatchesThem(t *testing.T) {
	type params = map[string]string
	for _, row := range []struct {
		route, path string
		want        params // nil: it does not match
	}{
		{"", "", params{}},
		{"", "x", nil},
		{"hello", "hello", params{}},
		{"hello", "HELLO/", params{}}, // literals in any case, and a slash at the end
		{"hello", "hello//x", nil},
		{"hello", "hell", nil},
		{"a/{id}", "a/7", params{"id": "7"}},
		{"a/{id}", "a", nil},
		{"a/{id}", "a//", nil},
		{"a/{id}", "a/x%2Fy", params{"id": "x/y"}}, // an encoded slash is no slash
		{"a/{id}", "a/%zz", nil},
		{"a/{id?}", "a", params{}},
		{"a/{id=5}", "a", params{"id": "5"}},
		{"a/{id:int=5}/{x?}", "a/6", params{"id": "6"}},
		{"a/{id:int?}", "a/x", nil},
		{"a/{id:int}", "a/-12", params{"id": "-12"}},
		{"a/{id:int}", "a/2147483648", nil},
		{"a/{id:long}", "a/2147483648", params{"id": "2147483648"}},
		{"x/{id:int?}/{*rest}", "x", params{}},
		{"x/{id:int?}/{*rest}", "x/1", params{"id": "1"}},
		{"x/{id:int?}/{*rest}", "x/1/b/c%20d", params{"id": "1", "rest": "b/c d"}},
		{"{**all}", "any/thing/at/all", params{"all": "any/thing/at/all"}},
		{"{name}.{ext}", "a.b.c", params{"name": "a.b", "ext": "c"}},
		{"{name}.{ext}", ".c", nil},
		{"v{n:int}-{x}/y", "V12-b/Y", params{"n": "12", "x": "b"}},
		{"v{n:int}", "w1", nil},
		{"{b:bool}", "TRUE", params{"b": "TRUE"}},
		{"{b:bool}", "1", nil},
		{"{g:guid}", "0f8fad5b-d9cb-469f-a165-70867728950e", params{"g": "0f8fad5b-d9cb-469f-a165-70867728950e"}},
		{"{g:guid}", "0f8fad5bd9cb469fa16570867728950e", params{"g": "0f8fad5bd9cb469fa16570867728950e"}},
		{"{g:guid}", "(0f8fad5b-d9cb-469f-a165-70867728950e)", params{"g": "(0f8fad5b-d9cb-469f-a165-70867728950e)"}},
		{"{g:guid}", "0f8fad5b-d9cb-469f-a165+70867728950e", nil},
		{"{a:alpha}", "Abc", params{"a": "Abc"}},
		{"{a:alpha}", "ab1", nil},
		{"{a:length(3)}", "äöü", params{"a": "äöü"}},
		{"{a:length(1,2)}", "abc", nil},
		{"{a:minlength(2):maxlength(3)}", "a", nil},
		{"{a:min(18)}", "17", nil},
		{"{a:max(18)}", "17", params{"a": "17"}},
		{"{a:range(1,9)}", "10", nil},
		{"{a:range(1,9)}", "x", nil},
		{"{d:datetime}", "2026-11-21", params{"d": "2026-11-21"}},
		{"{d:datetime}", "yesterday", nil},
		{"{f:float}", "-1.5e3", params{"f": "-1.5e3"}},
		{"{f:double}", "Inf", nil},
		{"{f:file}", "a.txt", params{"f": "a.txt"}},
		{"{f:nonfile}", "a.txt", nil},
		{`{s:regex(^\d{{3}}-\d{{2}}$)}`, "123-45", params{"s": "123-45"}},
		{`{s:regex(^\d{{3}}-\d{{2}}$)}`, "1234-5", nil},
		{`{s:regex(^(a|b):c$):length(3)}`, "B:C", params{"s": "B:C"}},
		{`a/{s:regex(^x/y$)}`, "a/x%2fy", params{"s": "x/y"}},
	} {
		got, ok := parse(t, row.route).Match(row.path)
		if !ok {
			got = nil
		}
		if ok != (row.want != nil) || !cmp.Equal(got, row.want) {
			t.Errorf("%q matches %q: %v, want %v", row.route, row.path, got, row.want)
		}
	}
}

func TestMistakesInARouteAreToldTogether(t *testing.T) {
	for route, parts := range map[string][]string{
		"a/{id":                  {"not closed"},
		"a/id}":                  {"closes nothing"},
		"a/{}":                   {"without a sound name"},
		"a/{x{y}}":               {"within another"},
		"a//b":                   {"empty segment"},
		"a/../b":                 {`".."`},
		"a?b":                    {"stands in no path"},
		"a\x00":                  {"stands in no path"},
		"{a}{b}":                 {"nothing stands between"},
		"{a}/{A}":                {"two parameters"},
		"{*a}/b":                 {"more comes after"},
		"{a?}/b":                 {"may not"},
		"x{a?}":                  {"segment of its own"},
		"{a:integer}/{b:lenght}": {`"integer"`, `"lenght"`, "minlength(n)"},
		"{a:min(x)}":             {"no whole number"},
		"{a:range(9,1)}":         {"lets nothing through"},
		"{a:min(1,2)}":           {"not known"},
		"{a:regex(()}":           {"regex"},
		"{a:regex((?=x)y)}":      {"lookaheads"},
		"{a:regex(" + strings.Repeat("(x{{1000}}){{1000}}", 9) + ")}": {"regex"}, // it would take all memory
		"{a:}":                      {"without a constraint"},
		"{a:length(3}":              {"not closed"},
		"{a:length(3)x}":            {"behind a constraint"},
		strings.Repeat("a", 3000):   {"3000 bytes"},
		strings.Repeat("a/", 200):   {"segments"},
		strings.Repeat("{a}/x", 50): {"two parameters"},
	} {
		_, err := pattern.Parse(route)
		if err == nil {
			t.Errorf("Parse(%.60q) = nil", route)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Parse(%.60q) = %v, want it to say %q", route, err, part)
			}
		}
	}
}

func TestTheMoreLiteralRouteComesFirst(t *testing.T) {
	want := []string{"a", "a/b", "a/b{x}", "a/{x:int}", "a/{x}", "a/{x}/{y?}", "a/{*x:int}", "a/{*x}", "{x}", "{*x}"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, func(x, y string) int { return pattern.Compare(parse(t, x), parse(t, y)) })
	// Of equal ones either may come first.
	if i := slices.Index(got, "a/b{x}"); got[i-1] == "a/{x:int}" {
		got[i-1], got[i] = got[i], got[i-1]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got)\n%s", diff)
	}
}

func TestTwoFunctionsCanNotHaveOneRoute(t *testing.T) {
	var c pattern.Claims
	for i, row := range []struct {
		route   string
		methods []string
		want    string
	}{
		{"a/{id}", []string{"GET"}, ""},
		{"A/{name}", []string{"POST"}, ""},
		{"a/{x}", []string{"PUT", "GET"}, "0 GET"},
		{"a/{x:int}", []string{"GET"}, ""},
		{"a/{x}", []string{"PUT"}, ""},
		{"a/{x}", nil, "0 GET"},
		{"b", nil, ""},
		{"B", []string{"DELETE"}, "6 DELETE"},
	} {
		other, method, clash := c.Take(parse(t, row.route), row.methods, string(rune('0'+i)))
		if got := strings.TrimSpace(other + " " + method); got != row.want || clash != (got != "") {
			t.Errorf("Take(%q, %v) = %q, %v; want %q", row.route, row.methods, got, clash, row.want)
		}
	}
}

func FuzzARoute(f *testing.F) {
	for _, seed := range []string{"a/{id:int?}/{*rest}", `{s:regex(^\d{{3}}$)}`, "{a}.{b}", "{a=b}", "x{y}z", "{*x:length(1,2)}"} {
		f.Add(seed, "a/1/b")
	}
	f.Fuzz(func(t *testing.T, route, path string) {
		p, err := pattern.Parse(route)
		if err != nil {
			return
		}
		params, ok := p.Match(path)
		if !ok && len(params) > 0 {
			t.Errorf("%q does not match %q, with parameters %v", route, path, params)
		}
		if ok && !strings.ContainsAny(route, "{}%") && !strings.EqualFold(strings.TrimRight(path, "/"), route) && !strings.Contains(path, "%") {
			t.Errorf("%q matches %q", route, path)
		}
		var c pattern.Claims
		if _, _, clash := c.Take(p, nil, "a"); clash {
			t.Errorf("%q clashes with nothing", route)
		}
		if _, _, clash := c.Take(p, []string{"GET"}, "b"); !clash {
			t.Errorf("%q does not clash with itself", route)
		}
	})
}
