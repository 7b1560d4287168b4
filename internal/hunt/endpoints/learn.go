package endpoints

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

// Row is one operation among recorded requests: its name, as "GET /orders/{id}",
// some of the URLs that were asked for, and how many requests there were.
type Row struct {
	Name  string
	URLs  []string
	Count int64
}

// Learn makes endpoints of what was recorded, the most frequent first. They ask for
// the very paths that were asked for, since those are known to be there. Rows
// without a path, as those of functions, and without a URL that can be asked for
// again are left out.
func Learn(rows []Row) (all []Endpoint) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	for _, row := range rows {
		method, path, ok := strings.Cut(row.Name, " ")
		if !ok || !isMethod(method) || !strings.HasPrefix(path, "/") || !sendable(path) {
			continue
		}
		var paths []string
		for _, text := range row.URLs {
			asked, ok := requestPath(text)
			if !ok || !sendable(asked) || strings.ContainsAny(asked, "{}") {
				continue
			}
			if bare, query, has := strings.Cut(asked, "?"); has && blanked(query) {
				asked = bare
			}
			if !slices.Contains(paths, asked) {
				paths = append(paths, asked)
			}
		}
		if len(paths) == 0 && strings.ContainsAny(path, "{}…") {
			continue
		}
		slices.Sort(paths)
		all = append(all, Endpoint{drive.Request{Method: method, Path: path, Paths: paths}})
	}
	return all
}

// blanked says whether a value in a query was taken out when it was recorded.
func blanked(query string) bool {
	return strings.Contains(strings.ToLower(query), "redacted") || strings.Contains(query, "***")
}
