package funcapp

import (
	"fmt"
	"slices"
	"strings"
)

func (b *bound) http(function string) {
	b.AuthLevel = b.o.choice("authLevel", "function", "anonymous", "admin", "user", "system")
	if v, _ := b.o.get("authLevel"); b.AuthLevel == "user" || b.AuthLevel == "system" {
		b.o.mistake(v.At, fmt.Sprintf("%q is a level that Azure alone has", b.AuthLevel), "anonymous, function or admin")
	}
	for _, v := range b.o.texts("methods") {
		method := strings.ToUpper(v.Text)
		if !slices.Contains(methods(), method) {
			b.o.mistake(v.At, fmt.Sprintf("%q is no method", clip(v.Text)), meant(method, methods()))
			continue
		}
		if !slices.Contains(b.Methods, method) {
			b.Methods = append(b.Methods, method)
		}
	}
	b.Route = function
	if route, at, found := b.o.resolved("route"); found && route.value != "" {
		checkRoute(b.o, route.value, at)
		b.Route = strings.Trim(route.value, "/")
	}
	b.o.ignore("webHookType")
}

func methods() []string {
	return []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
}

// checkRoute looks for what no router takes: braces that do not close, and
// parameters without a name.
func checkRoute(o *object, route string, at int) {
	depth := 0
	for i, r := range route {
		switch {
		case r == '{':
			if depth++; depth > 1 || strings.HasPrefix(route[i:], "{}") {
				o.mistake(at, `"route" has a parameter without a name, or one within another`, `as in "orders/{id:int?}" or "{*rest}"`)
				return
			}
		case r == '}':
			depth--
		case r < ' ' || r == '?' && depth == 0 || r == '#':
			o.mistake(at, `"route" has a sign that no path has`, `as in "orders/{id:int?}" or "{*rest}"`)
			return
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		o.mistake(at, `"route" has braces that do not close`, `as in "orders/{id:int?}" or "{*rest}"`)
	}
}
