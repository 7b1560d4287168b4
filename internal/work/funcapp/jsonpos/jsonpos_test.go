package jsonpos_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

func TestValuesKeepTheirPlaces(t *testing.T) {
	text := "\ufeff// a host\n{ \"a\": [1, true,], /* b */ \"\\u0062\": {\"c\": null}, }"
	got, err := jsonpos.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	at := func(part string) int { return strings.Index(text, part) }
	want := jsonpos.Value{Kind: jsonpos.Object, At: at("{"), End: len(text), Members: []jsonpos.Member{
		{Name: "a", At: at(`"a"`), Value: jsonpos.Value{Kind: jsonpos.List, At: at("["), End: at("]") + 1, Items: []jsonpos.Value{
			{Kind: jsonpos.Number, At: at("1"), End: at("1") + 1, Text: "1"},
			{Kind: jsonpos.Bool, At: at("true"), End: at("true") + 4, Text: "true"},
		}}},
		{Name: "b", At: at(`"\u0062"`), Value: jsonpos.Value{Kind: jsonpos.Object, At: at(`{"c`), End: at("}, }") + 1, Members: []jsonpos.Member{
			{Name: "c", At: at(`"c"`), Value: jsonpos.Value{Kind: jsonpos.Null, At: at("null"), End: at("null") + 4, Text: "null"}},
		}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got)\n%s", diff)
	}
}

func TestAMistakeOfSyntaxHasItsPlace(t *testing.T) {
	for _, row := range []struct {
		text         string
		line, column int
		part         string
	}{
		{"", 1, 1, "ends where a value"},
		{"// only\n", 2, 1, "ends where a value"},
		{"{\n  \"a\": 1\n  \"b\": 2\n}", 3, 3, "comma"},
		{"{\"a\" 1}", 1, 6, "colon"},
		{"{\"a\"", 1, 5, "colon"},
		{"{\"a\": }", 1, 7, "value is to be"},
		{"{a: 1}", 1, 2, "double quotes"},
		{"{'a': 1}", 1, 2, "double quotes"},
		{"{\"a\": 'x'}", 1, 7, "single quotes"},
		{"{\"a\": x}", 1, 7, "no value of JSON"},
		{"[1, 2", 1, 1, "without its end"},
		{"{\"a\": 1", 1, 1, "without its end"},
		{"[,]", 1, 2, "value is to be"},
		{"[1 /* x]", 1, 4, "comment"},
		{"\"abc", 1, 1, "without its end"},
		{"\"abc\n\"", 1, 1, "without its end on its line"},
		{"\"ab\\q\"", 1, 4, "no escape"},
		{"\"ab\\u12\"", 1, 4, "no escape"},
		{"\"ab\\", 1, 1, "without its end"},
		{"\"a\tb\"", 1, 3, "within a text"},
		{"1 2", 1, 3, "after the end"},
		{"01", 1, 1, "no value of JSON"},
		{"[\xff]", 1, 2, "UTF-8"},
		{strings.Repeat("[", 100000), 1, 66, "levels deep"},
		{strings.Repeat(" ", jsonpos.MaxSize+1), 1, 1, "bytes"},
	} {
		_, err := jsonpos.Parse([]byte(row.text))
		var mistake *jsonpos.Error
		if !errors.As(err, &mistake) {
			t.Errorf("Parse(%.40q): error %v, want an *Error", row.text, err)
			continue
		}
		line, column := jsonpos.Place([]byte(row.text), mistake.At)
		if line != row.line || column != row.column || !strings.Contains(err.Error(), row.part) {
			t.Errorf("Parse(%.40q): %d:%d: %v, want %d:%d and %q", row.text, line, column, err, row.line, row.column, row.part)
		}
	}
}

// render writes a value as plain JSON.
func render(b *bytes.Buffer, v jsonpos.Value) {
	switch v.Kind {
	case jsonpos.String:
		quoted, _ := json.Marshal(v.Text)
		b.Write(quoted)
	case jsonpos.List:
		b.WriteByte('[')
		for i, item := range v.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			render(b, item)
		}
		b.WriteByte(']')
	case jsonpos.Object:
		b.WriteByte('{')
		for i, m := range v.Members {
			if i > 0 {
				b.WriteByte(',')
			}
			quoted, _ := json.Marshal(m.Name)
			b.Write(quoted)
			b.WriteByte(':')
			render(b, m.Value)
		}
		b.WriteByte('}')
	default:
		b.WriteString(v.Text)
	}
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func FuzzJSONIsReadAsTheStandardLibraryReadsIt(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,true,null,"x\u00e9\n"],"b":{}}`, "// c\n[1,/**/2,]", `"\ud800"`, "[[[]]]", "{"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := jsonpos.Parse(text)
		var mistake *jsonpos.Error
		switch {
		case err != nil && !errors.As(err, &mistake):
			t.Fatalf("Parse(%q): %v is no *Error", text, err)
		case err != nil:
			if mistake.At < 0 || mistake.At > len(text) {
				t.Fatalf("Parse(%q): mistake at %d of %d bytes", text, mistake.At, len(text))
			}
			deep := bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) > jsonpos.MaxDepth
			if json.Valid(text) && !deep && !strings.Contains(err.Error(), "UTF-8") {
				t.Fatalf("Parse(%q): %v, and it is JSON", text, err)
			}
		default:
			if v.At < 0 || v.At > v.End || v.End > len(text) {
				t.Fatalf("Parse(%q): from %d to %d of %d bytes", text, v.At, v.End, len(text))
			}
			var b bytes.Buffer
			render(&b, v)
			got := decode(t, b.Bytes())
			if json.Valid(text) {
				if diff := cmp.Diff(decode(t, text), got); diff != "" {
					t.Fatalf("Parse(%q) (-want +got)\n%s", text, diff)
				}
			}
		}
	})
}
