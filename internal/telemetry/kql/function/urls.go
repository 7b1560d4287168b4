package function

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

// encodeComponent escapes all but letters, digits and -_.~, with small digits.
func encodeComponent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}

func parseURL(args []value.Value) value.Value {
	u, err := url.Parse(args[0].Str())
	if err != nil {
		return value.Null
	}
	b := value.NewBag(8)
	b.Set("Scheme", value.String(u.Scheme))
	b.Set("Host", value.String(u.Hostname()))
	b.Set("Port", value.String(u.Port()))
	b.Set("Path", value.String(u.Path))
	password, _ := u.User.Password()
	b.Set("Username", value.String(u.User.Username()))
	b.Set("Password", value.String(password))
	b.Set("Query Parameters", value.FromBag(queryBag(u.RawQuery)))
	b.Set("Fragment", value.String(u.Fragment))
	return value.FromBag(b)
}

func parseURLQuery(args []value.Value) value.Value {
	b := value.NewBag(1)
	b.Set("Query Parameters", value.FromBag(queryBag(strings.TrimPrefix(args[0].Str(), "?"))))
	return value.FromBag(b)
}

func queryBag(query string) *value.Bag {
	b := value.NewBag(4)
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		if d, err := url.QueryUnescape(v); err == nil {
			v = d
		}
		b.Set(k, value.String(v))
	}
	return b
}
