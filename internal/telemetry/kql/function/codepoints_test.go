package function_test

import "testing"

func TestCodepointsAndPunycode(t *testing.T) {
	check(t, []row{
		{"characters are numbers", "unicode_codepoints_from_string", []any{"aé☃"}, "[97,233,9731]"},
		{"and back, arrays among them", "unicode_codepoints_to_string", []any{97, dynamic("[233,9731]")}, `"aé☃"`},
		{"half a surrogate", "unicode_codepoints_to_string", []any{0xd800}, "null"},
		{"beyond the last", "make_string", []any{0x110000}, "null"},
		{"bytes that are no text", "isutf8", []any{"\xff"}, "false"},
		{"the RFC's example of Czech", "punycode_from_string", []any{"Pročprostěnemluvíčesky"}, `"Proprostnemluvesky-uyb24dma41a"`},
		{"its example of Japanese with digits", "punycode_from_string", []any{"3年B組金八先生"}, `"3B-ww4c5e180e575a65lsy2b"`},
		{"and back", "punycode_to_string", []any{"3B-ww4c5e180e575a65lsy2b"}, `"3年B組金八先生"`},
		{"what is none", "punycode_to_string", []any{"a-ü"}, "null"},
		{"cut short", "punycode_to_string", []any{"3B-ww4c5e180e575a65lsy2"}, "null"},
		{"labels of a domain, with another dot", "punycode_domain_to_string", []any{"bücher。example"}, `"xn--bcher-kva.example"`},
		{"and back", "punycode_domain_from_string", []any{"xn--bcher-kva.example"}, `"bücher.example"`},
	})
	checkRefused(t, []row{
		{"a text is no number", "make_string", []any{"a"}, "it takes integers, and arrays of them"},
	})
}

func FuzzPunycode(f *testing.F) {
	for _, s := range []string{"bücher", "3年B組金八先生", "", "-", "a-b", "\U0010ffff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		call(t, "punycode_to_string", []any{s})
		written := call(t, "punycode_from_string", []any{s})
		if written.IsNull() {
			return
		}
		if back := call(t, "punycode_to_string", []any{written.Str()}); back.Str() != s {
			t.Errorf("%q is written %q, and that reads %q", s, written.Str(), back.Str())
		}
	})
}
