package assist

// operators are what may stand behind a pipe.
var operators = []string{
	"as", "consume", "count", "distinct", "extend", "getschema", "invoke", "join", "limit", "lookup", "make-series",
	"mv-apply", "mv-expand", "order", "parse", "parse-where", "partition", "project", "project-away", "project-keep",
	"project-rename", "project-reorder", "reduce", "render", "sample", "sample-distinct", "scan", "search", "serialize",
	"sort", "summarize", "take", "top", "top-nested", "union", "where",
}

// starters may begin a query besides a table.
var starters = []string{"let", "print", "range", "datatable", "union", "search"}

// keywords stand within operators.
var keywords = []string{
	"and", "asc", "between", "by", "contains", "contains_cs", "default", "desc", "endswith", "first", "from", "has", "has_all",
	"has_any", "has_cs", "hasprefix", "hassuffix", "in", "kind", "last", "matches", "not", "nulls", "of", "on", "or", "regex",
	"startswith", "step", "to", "with", "dynamic", "datetime", "timespan", "true", "false",
}

var charts = []string{
	"areachart", "barchart", "card", "columnchart", "linechart", "piechart", "scatterchart", "stackedareachart", "table", "timechart",
}

// more is what may follow an operator besides columns and functions.
var more = map[string][]string{
	"summarize":   {"by"},
	"make-series": {"on", "from", "to", "step", "by", "default"},
	"order":       {"by", "asc", "desc", "nulls first", "nulls last"},
	"sort":        {"by", "asc", "desc", "nulls first", "nulls last"},
	"top":         {"by", "asc", "desc"},
	"join":        {"kind=inner", "kind=leftouter", "kind=rightouter", "kind=fullouter", "kind=leftanti", "kind=leftsemi", "kind=rightanti", "kind=rightsemi", "kind=innerunique", "on"},
	"lookup":      {"kind=leftouter", "kind=inner", "on"},
	"union":       {"withsource=", "kind=inner", "kind=outer"},
	"where":       {"and", "or", "has", "has_any", "contains", "startswith", "endswith", "between", "in", "matches regex"},
	"render":      nil,
	"range":       {"from", "to", "step"},
}
