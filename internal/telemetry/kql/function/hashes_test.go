package function_test

import "testing"

func TestHashes(t *testing.T) {
	check(t, []row{
		{"of a text", "hash", []any{"World"}, "1846988464401551951"}, // Microsoft's reference
		{"below a modulus", "hash", []any{"World", 100}, "51"},
		{"of a datetime's ticks", "hash", []any{at("2015-01-01")}, "1380966698541616202"},
		{"of nothing: xxHash64's published sum", "hash_xxhash64", []any{""}, "-1205034819632174695"},
		{"of a text, 32 bytes and more", "hash", []any{"Nobody inspects the spammish repetition"}, "-302119147016844303"}, // fbcea83c8a378bf1, as the C library prints
		{"MD5 of nothing", "hash_md5", []any{""}, `"d41d8cd98f00b204e9800998ecf8427e"`},
		{"of what a datetime is written as", "hash_md5", []any{at("2020-01-01")}, `"786c530672d1f8db31fee25ea8a9390b"`},
	})
	checkRefused(t, []row{
		{"of a number, of which no sum is documented", "hash", []any{1}, "hash(): argument 1 is to be a string, and is long"},
		{"of a dynamic", "hash_md5", []any{dynamic(`"x"`)}, "it takes no dynamic; convert it, such as with tostring(…)"},
	})
}
