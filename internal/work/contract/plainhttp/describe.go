package plainhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/contract"
)

// longest is the longest value of a header. A fact about the trigger that is
// longer stands in the payload anyway, and is left out.
const longest = 1 << 10

// describe writes the headers of a delivery.
func describe(h http.Header, inv *contract.Invocation, trigger contract.Input, urls map[string]string) {
	h.Set("Content-Type", contentType(trigger.Value))
	h.Set("Stanch-Invocation-Id", inv.ID)
	h.Set("Stanch-Function", header(inv.Function))
	if !inv.Deadline.IsZero() {
		h.Set("Stanch-Deadline-Ms", strconv.FormatInt(inv.Deadline.UnixMilli(), 10))
	}
	if inv.Retry != (contract.Retry{}) {
		h.Set("Stanch-Retry-Count", strconv.Itoa(inv.Retry.Count))
		h.Set("Stanch-Retry-Max", strconv.Itoa(inv.Retry.Max))
	}
	if inv.Trace != "" {
		h.Set("Traceparent", inv.Trace)
	}
	h.Set("Ce-Specversion", "1.0")
	h.Set("Ce-Id", inv.ID)
	h.Set("Ce-Source", "/"+url.PathEscape(inv.Function))
	kind := trigger.Binding
	if kind == "" {
		kind = "event"
	}
	h.Set("Ce-Type", "dev.stanch."+kind)
	for _, d := range inv.Metadata {
		text := d.Value.Text
		if d.Value.Kind == contract.JSON {
			text = strings.Trim(text, `"`)
		}
		if (d.Value.Kind == contract.Text || d.Value.Kind == contract.JSON) && isToken(d.Name) && len(text) <= longest {
			h.Set("Stanch-Meta-"+d.Name, header(text))
		}
	}
	for name, at := range urls {
		if isToken(name) {
			h.Set("Stanch-Url-"+name, at)
		}
	}
}

func contentType(v contract.Value) string {
	switch v.Kind {
	case contract.JSON:
		return "application/json"
	case contract.Text:
		if s := strings.TrimSpace(v.Text); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
			return "application/json"
		}
		return "text/plain; charset=utf-8"
	case contract.Large:
		if v.Stream.ContentType != "" {
			return v.Stream.ContentType
		}
	}
	return "application/octet-stream"
}

// header is a text as a header can have it: what is not printable ASCII, and the
// percent sign, is percent-encoded, as CloudEvents has it too.
func header(s string) string {
	if !slices.ContainsFunc([]byte(s), odd) {
		return s
	}
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; odd(c) {
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func odd(c byte) bool { return c < ' ' || c > '~' || c == '%' }

// isToken says whether a name can be a part of a header's (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' && c < 'A' || c > 'Z' && c < 'a' && c != '_' || c > 'z' {
			if c != '-' && c != '.' {
				return false
			}
		}
	}
	return s != ""
}
