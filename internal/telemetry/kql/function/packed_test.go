package function_test

import "testing"

func TestEncodings(t *testing.T) {
	check(t, []row{
		{"a space is a plus", "url_encode", []any{"a b/é"}, `"a+b%2f%c3%a9"`},
		{"a space is escaped", "url_encode_component", []any{"a b/é"}, `"a%20b%2f%c3%a9"`},
		{"base64", "base64_encode_tostring", []any{"Kusto"}, `"S3VzdG8="`},
		{"bytes that are no text", "base64_decode_tostring", []any{"/w=="}, `""`},
		{"an array of bytes", "base64_encode_fromarray", []any{dynamic("[75,117,255]")}, `"S3X/"`},
		{"256 is no byte", "base64_encode_fromarray", []any{dynamic("[256]")}, "null"},
		{"a guid, in .NET's order", "base64_encode_fromguid", []any{call(t, "toguid", []any{"00112233-4455-6677-8899-aabbccddeeff"})}, `"MyIRAFVEd2aImaq7zN3u/w=="`},
		{"gzip", "gzip_decompress_from_base64_string", []any{"H4sIAAAAAAAA/8soLTlQBABN1N7cBAAAAA=="}, "null"}, // its sum is wrong
		{"no gzip", "gzip_decompress_from_base64_string", []any{"AAAA"}, "null"},
		{"zlib", "zlib_decompress_from_base64_string", []any{"eJwLSS0uUSguKcrMS1cwNDIGACxqBQ4="}, `"Test string 123"`},
	})
}
