package function_test

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

func TestIPv4Addresses(t *testing.T) {
	check(t, []row{
		{"an address is a number of 32 bits", "parse_ipv4", []any{"10.0.0.1"}, "167772161"},
		{"a prefix cuts what is behind it", "parse_ipv4", []any{"10.1.2.3/8"}, "167772160"},
		{"no prefix leaves nothing", "parse_ipv4", []any{"10.1.2.3/0"}, "0"},
		{"the greatest", "parse_ipv4", []any{"255.255.255.255"}, "4294967295"},
		{"an octet too great", "parse_ipv4", []any{"10.0.0.256"}, "null"},
		{"an octet too few", "parse_ipv4", []any{"10.0.1"}, "null"},
		{"an octet too many", "parse_ipv4", []any{"10.0.0.0.1"}, "null"},
		{"a leading zero, which some take for octal", "parse_ipv4", []any{"10.0.0.010"}, "null"},
		{"a prefix too long", "parse_ipv4", []any{"10.0.0.1/33"}, "null"},
		{"space around it", "parse_ipv4", []any{" 10.0.0.1"}, "null"},
		{"nothing", "parse_ipv4", []any{""}, "null"},
		{"the shorter prefix counts", "parse_ipv4_mask", []any{"10.1.2.3/16", 24}, "167837696"},
		{"a prefix that is none", "parse_ipv4_mask", []any{"10.1.2.3", 33}, "null"},
		{"a number is an address, too", "format_ipv4", []any{167772161}, `"10.0.0.1"`},
		{"masked", "format_ipv4", []any{"10.1.2.3", 16}, `"10.1.0.0"`},
		{"a prefix below nothing", "format_ipv4", []any{"10.1.2.3", -1}, "null"},
		{"a number too great", "format_ipv4", []any{1 << 32}, "null"},
		{"with its prefix", "format_ipv4_mask", []any{"10.1.2.3/8", 24}, `"10.0.0.0/8"`},
		{"the suffix alone", "ipv4_netmask_suffix", []any{"10.1.2.3/8"}, "8"},
		{"no suffix is a whole address", "ipv4_netmask_suffix", []any{"10.1.2.3"}, "32"},
	})
}

func TestIPv4AddressesAreComparedUnderTheShortestPrefix(t *testing.T) {
	check(t, []row{
		{"lower", "ipv4_compare", []any{"10.0.0.1", "10.0.0.2"}, "-1"},
		{"the second's prefix", "ipv4_compare", []any{"10.0.0.1", "10.0.0.2/30"}, "0"},
		{"the third argument's", "ipv4_compare", []any{"10.0.0.1", "10.0.9.2", 16}, "0"},
		{"numbers, not texts", "ipv4_compare", []any{"10.0.0.10", "10.0.0.9"}, "1"},
		{"one that is none", "ipv4_compare", []any{"10.0.0.10", "host"}, "null"},
		{"matching", "ipv4_is_match", []any{"10.0.0.10/24", "10.0.0.9"}, "true"},
		{"in a range", "ipv4_is_in_range", []any{"10.0.0.10", "10.0.0.0/24"}, "true"},
		{"beside a range", "ipv4_is_in_range", []any{"10.0.1.10", "10.0.0.0/24"}, "false"},
		{"in the second of two", "ipv4_is_in_any_range", []any{"10.0.1.10", "10.0.0.0/24", "10.0.1.0/24"}, "true"},
		{"in one of an array", "ipv4_is_in_any_range", []any{"10.0.1.10", dynamic(`["10.0.0.0/24","10.0.1.0/24"]`)}, "true"},
		{"in none", "ipv4_is_in_any_range", []any{"10.0.2.10", dynamic(`["10.0.0.0/24"]`)}, "false"},
		{"in no range at all", "ipv4_is_in_any_range", []any{"10.0.2.10", dynamic(`[]`)}, "false"},
		{"in none, with one unreadable", "ipv4_is_in_any_range", []any{"10.0.2.10", dynamic(`["x"]`)}, "null"},
		{"private, at the block's end", "ipv4_is_private", []any{"172.31.255.255"}, "true"},
		{"behind the block's end", "ipv4_is_private", []any{"172.32.0.0"}, "false"},
		{"loopback is not private", "ipv4_is_private", []any{"127.0.0.1"}, "false"},
	})
}

func TestARangeIsCoveredByTheFewestNetworks(t *testing.T) {
	check(t, []row{
		{"a whole one", "ipv4_range_to_cidr_list", []any{"10.0.0.0", "10.0.0.255"}, `["10.0.0.0/24"]`},
		{"one address", "ipv4_range_to_cidr_list", []any{"10.0.0.1", "10.0.0.1"}, `["10.0.0.1/32"]`},
		{"out of step", "ipv4_range_to_cidr_list", []any{"10.0.0.1", "10.0.0.6"}, `["10.0.0.1/32","10.0.0.2/31","10.0.0.4/31","10.0.0.6/32"]`},
		{"everything", "ipv4_range_to_cidr_list", []any{"0.0.0.0", "255.255.255.255"}, `["0.0.0.0/0"]`},
		{"backwards", "ipv4_range_to_cidr_list", []any{"10.0.0.2", "10.0.0.1"}, "null"},
	})
}

func TestAddressesAreFoundInText(t *testing.T) {
	const line = "GET / from 10.1.2.3, then 10.1.2.30:80."
	check(t, []row{
		{"between a space and a comma", "has_ipv4", []any{line, "10.1.2.3"}, "true"},
		{"before a port", "has_ipv4", []any{line, "10.1.2.30"}, "true"},
		{"a part of another", "has_ipv4", []any{"from 10.1.2.30", "10.1.2.3"}, "false"},
		{"behind a letter", "has_ipv4", []any{"from10.1.2.3", "10.1.2.3"}, "false"},
		{"before a letter", "has_ipv4", []any{"10.1.2.3x", "10.1.2.3"}, "false"},
		{"at the end of a sentence", "has_ipv4", []any{"It was 10.1.2.3.", "10.1.2.3"}, "true"},
		{"what is looked for is none", "has_ipv4", []any{"10.1.2.256", "10.1.2.256"}, "false"},
		{"one of several", "has_any_ipv4", []any{line, "9.9.9.9", "10.1.2.3"}, "true"},
		{"one of an array", "has_any_ipv4", []any{line, dynamic(`["9.9.9.9","10.1.2.3"]`)}, "true"},
		{"a prefix that ends in a dot", "has_ipv4_prefix", []any{line, "10.1."}, "true"},
		{"a prefix without its dot is none", "has_ipv4_prefix", []any{line, "10.1"}, "false"},
		{"a whole address as a prefix", "has_ipv4_prefix", []any{line, "10.1.2.3"}, "true"},
		{"four octets and a dot", "has_ipv4_prefix", []any{line, "10.1.2.3."}, "false"},
		{"of something that is no address", "has_ipv4_prefix", []any{"10.1.2.999", "10.1."}, "false"},
		{"one of several prefixes", "has_any_ipv4_prefix", []any{line, "9.", "10."}, "true"},
	})
}

func TestIPv6Addresses(t *testing.T) {
	check(t, []row{
		{"all groups with all digits", "parse_ipv6", []any{"fe80::1"}, `"fe80:0000:0000:0000:0000:0000:0000:0001"`},
		{"nothing but a gap", "parse_ipv6", []any{"::"}, `"0000:0000:0000:0000:0000:0000:0000:0000"`},
		{"IPv4 is mapped", "parse_ipv6", []any{"10.1.2.3"}, `"0000:0000:0000:0000:0000:ffff:0a01:0203"`},
		{"and its prefix with it", "parse_ipv6", []any{"10.1.2.3/16"}, `"0000:0000:0000:0000:0000:ffff:0a01:0000"`},
		{"IPv4 at the end", "parse_ipv6", []any{"64:ff9b::10.1.2.3"}, `"0064:ff9b:0000:0000:0000:0000:0a01:0203"`},
		{"a prefix within a group", "parse_ipv6", []any{"ffff::/12"}, `"fff0:0000:0000:0000:0000:0000:0000:0000"`},
		{"two gaps", "parse_ipv6", []any{"1::2::3"}, "null"},
		{"a group too few", "parse_ipv6", []any{"1:2:3:4:5:6:7"}, "null"},
		{"a group too many", "parse_ipv6", []any{"1:2:3:4:5:6:7:8:9"}, "null"},
		{"a gap for nothing", "parse_ipv6", []any{"1:2:3:4::5:6:7:8"}, "null"},
		{"five digits", "parse_ipv6", []any{"12345::"}, "null"},
		{"one colon at the front", "parse_ipv6", []any{":1:2:3:4:5:6:7"}, "null"},
		{"a shorter prefix", "parse_ipv6_mask", []any{"fe80::1:ffff/128", 112}, `"fe80:0000:0000:0000:0000:0000:0001:0000"`},
		{"a prefix too long", "parse_ipv6_mask", []any{"fe80::1", 129}, "null"},
		{"across the kinds", "ipv6_compare", []any{"10.1.2.3", "::ffff:0a01:0203"}, "0"},
		{"higher", "ipv6_compare", []any{"fe80::2", "fe80::1"}, "1"},
		{"under a prefix", "ipv6_is_match", []any{"fe80::2/64", "fe80::1"}, "true"},
		{"in a range", "ipv6_is_in_range", []any{"fe80::2", "fe80::/10"}, "true"},
		{"in none of an array", "ipv6_is_in_any_range", []any{"fe80::2", dynamic(`["2001:db8::/32"]`)}, "false"},
	})
	checkRefused(t, []row{
		{"whose prefix a third argument counts is not documented", "ipv6_compare", []any{"::1", "::1", 24}, "ipv6_compare(): it takes 2 arguments, and it got 3"},
	})
}

// What is written of an address reads back as the same.
func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"10.1.2.3/8", "fe80::1/10", "::ffff:10.1.2.3", "1:2:3:4:5:6:7:8", "::", "1.2.3.4.5", "[::1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if written := call(t, "format_ipv4_mask", []any{s, 32}); !written.IsNull() {
			again := call(t, "format_ipv4_mask", []any{written.Str(), 32})
			if !value.Equal(again, written) {
				t.Errorf("%q is written %s, and that %s", s, written.Str(), again.Str())
			}
		}
		if written := call(t, "parse_ipv6", []any{s}); !written.IsNull() {
			if again := call(t, "parse_ipv6", []any{written.Str()}); !value.Equal(again, written) {
				t.Errorf("%q is written %s, and that %s", s, written.Str(), again.Str())
			}
		}
		call(t, "has_any_ipv4_prefix", []any{s, s, "1."})
	})
}
