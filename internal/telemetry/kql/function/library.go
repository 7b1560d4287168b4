package function

import (
	"slices"
	"sync"
)

// families are all functions, a family after the other.
func families() []Func {
	return slices.Concat(
		numbers(), rounding(), statistics(), sizes(), conditions(),
		conversions(), encodings(), packed(), hashes(),
		texts(), codepoints(), regexes(), parsing(), paths(), addresses(),
		moments(), zones(),
		dynamics(),
		series(), elements(), vectors(), filters(), regressions(),
	)
}

// library is all functions by their names.
var library = sync.OnceValue(func() map[string]Func {
	all := make(map[string]Func)
	for _, f := range families() {
		all[f.Name] = f
	}
	return all
})

// Names are the names of all functions, in no order.
func Names() []string {
	names := make([]string, 0, len(library()))
	for name := range library() {
		names = append(names, name)
	}
	return names
}
