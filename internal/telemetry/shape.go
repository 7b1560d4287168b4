package telemetry

import "bytes"

// shape is a secret that is known by how it looks.
type shape struct {
	prefix string
	least  int    // bytes after the prefix
	holds  string // what these have to contain, if anything
}

var shapes = [...]shape{
	{"AKIA", 16, ""},
	{"ASIA", 16, ""},
	{"eyJ", 10, ".eyJ"},
	{"ghp_", 20, ""},
	{"gho_", 20, ""},
	{"ghs_", 20, ""},
	{"github_pat_", 20, ""},
	{"xoxb-", 10, ""},
	{"xoxp-", 10, ""},
	{"xoxa-", 10, ""},
	{"sk_live_", 16, ""},
}

// shaped is the secret of a known shape that begins at i: ids of AWS access
// keys, tokens of GitHub, Slack and Stripe, and JSON web tokens, whose first
// two parts are base64 of what begins with an opening brace.
func shaped(text []byte, done, i int) (from, to int) {
	if i > done && isAlphanumeric(text[i-1]) {
		return 0, 0
	}
	for _, s := range &shapes {
		if text[i] != s.prefix[0] || !bytes.HasPrefix(text[i:], []byte(s.prefix)) {
			continue
		}
		end := i + len(s.prefix)
		for end < len(text) && isName(text[end]) {
			end++
		}
		if rest := text[i+len(s.prefix) : end]; len(rest) >= s.least && bytes.Contains(rest, []byte(s.holds)) {
			return i, end
		}
	}
	return 0, 0
}
