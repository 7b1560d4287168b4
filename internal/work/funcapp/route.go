package funcapp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/route/pattern"
)

func (b *bound) http(function string) {
	b.AuthLevel = b.o.choice("authLevel", "function", "anonymous", "admin", "user", "system")
	if v, _ := b.o.get("authLevel"); b.AuthLevel == "user" || b.AuthLevel == "system" {
		b.o.mistake(v.At, fmt.Sprintf("%q is a level that Azure alone has", b.AuthLevel), "anonymous, function or admin")
	}
	for _, v := range b.o.texts("methods") {
		method := strings.ToUpper(v.Text)
		if !slices.Contains(pattern.Methods(), method) {
			b.o.mistake(v.At, fmt.Sprintf("%q is no method", clip(v.Text)), meant(method, pattern.Methods()))
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

// checkRoute tells everything that is wrong with a route.
func checkRoute(o *object, route string, at int) {
	_, err := pattern.Parse(strings.Trim(route, "/"))
	if err == nil {
		return
	}
	// A parser that finds several mistakes joins them.
	all := []error{err}
	if joined, several := err.(interface{ Unwrap() []error }); several {
		all = joined.Unwrap()
	}
	for _, err := range all {
		problem, hint, _ := strings.Cut(err.Error(), "\nhint: ")
		o.mistake(at, `"route": `+problem, hint)
	}
}
