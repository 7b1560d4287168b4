package function

import "sync"

// library is all functions by their names.
var library = sync.OnceValue(func() map[string]Func {
	all := make(map[string]Func)
	for _, family := range [][]Func{
		numbers(), rounding(), conversions(), texts(), moments(), dynamics(), regexes(), series(), hashes(), encodings(),
	} {
		for _, f := range family {
			all[f.Name] = f
		}
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
