package function

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

var errPairs = errors.New("it takes pairs of a name and a value")

// regexes are the functions that take regular expressions, which are RE2 in
// Kusto as they are in Go.
func regexes() []Func {
	return []Func{
		{Name: "extract", Args: []string{"string!, long, string", "string!, long, string, typeof"}, TypeOf: literalType(3), Make: makeExtract},
		{Name: "extract_all", Args: []string{"string!, string", "string!, array, string"}, Type: schema.Dynamic, Make: makeExtractAll},
		{Name: "extractall", Args: []string{"string!, string", "string!, array, string"}, Type: schema.Dynamic, Make: makeExtractAll},
		{Name: "replace_regex", Args: []string{"string, string!, string!"}, Type: schema.String, Make: makeReplace(0, 1, 2)},
		{Name: "replace", Args: []string{"string!, string!, string"}, Type: schema.String, Make: makeReplace(2, 0, 1)},
		{Name: "trim", Args: []string{"string!, string"}, Type: schema.String, Make: makeTrim(true, true)},
		{Name: "trim_start", Args: []string{"string!, string"}, Type: schema.String, Make: makeTrim(true, false)},
		{Name: "trim_end", Args: []string{"string!, string"}, Type: schema.String, Make: makeTrim(false, true)},
		{Name: "countof", Args: []string{"string, string, string!?"}, Type: schema.Long, Make: makeCountOf},
		{Name: "indexof_regex", Args: []string{"scalar, string!, integer?, integer?, integer!?"}, Type: schema.Long, Make: makeIndexOfRegex},
		{Name: "regex_quote", Args: []string{"scalar"}, Type: schema.String, Eval: text1(regexp.QuoteMeta)},
	}
}

// literalType is the type that a typeof argument names, string without one.
func literalType(at int) func([]Arg) schema.Type {
	return func(args []Arg) schema.Type {
		if len(args) <= at || args[at].Const == nil {
			return schema.String
		}
		return schema.ParseType(args[at].Const.Str())
	}
}

func compile(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the regular expression %q: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

func makeExtract(args []Arg) (Eval, error) {
	re, err := compile(args[0].Const.Str())
	if err != nil {
		return nil, err
	}
	to := literalType(3)(args)
	return func(args []value.Value) value.Value {
		group := args[1].Long()
		m := re.FindStringSubmatchIndex(args[2].Str())
		if m == nil || group < 0 || 2*group+1 >= int64(len(m)) || m[2*group] < 0 {
			return value.Null
		}
		return value.Convert(value.String(args[2].Str()[m[2*group]:m[2*group+1]]), to)
	}, nil
}

func makeExtractAll(args []Arg) (Eval, error) {
	re, err := compile(args[0].Const.Str())
	if err != nil {
		return nil, err
	}
	if re.NumSubexp() == 0 {
		return nil, fmt.Errorf("the regular expression %q has no group to extract", args[0].Const.Str())
	}
	return func(args []value.Value) value.Value {
		source := args[len(args)-1].Str()
		var groups []int
		if len(args) == 3 {
			for _, e := range args[1].Elems() {
				g := int(e.Long())
				if e.Kind() == value.KindString {
					g = re.SubexpIndex(e.Str())
				}
				if g >= 0 && g <= re.NumSubexp() {
					groups = append(groups, g)
				}
			}
		} else {
			for g := 1; g <= re.NumSubexp(); g++ {
				groups = append(groups, g)
			}
		}
		var out []value.Value
		for _, m := range re.FindAllStringSubmatch(source, -1) {
			var parts []value.Value
			for _, g := range groups {
				parts = append(parts, value.String(m[g]))
			}
			if len(parts) == 1 {
				out = append(out, parts[0])
			} else {
				out = append(out, value.Array(parts))
			}
		}
		if out == nil {
			return value.Null
		}
		return value.Array(out)
	}, nil
}

// makeReplace turns \1 of the rewrite into Go's ${1}.
func makeReplace(source, pattern, rewrite int) func([]Arg) (Eval, error) {
	return func(args []Arg) (Eval, error) {
		re, err := compile(args[pattern].Const.Str())
		if err != nil {
			return nil, err
		}
		var template strings.Builder
		text := args[rewrite].Const.Str()
		for i := 0; i < len(text); i++ {
			switch {
			case text[i] == '\\' && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9':
				template.WriteString("${" + text[i+1:i+2] + "}")
				i++
			case text[i] == '\\' && i+1 < len(text) && text[i+1] == '\\':
				template.WriteByte('\\')
				i++
			case text[i] == '$':
				template.WriteString("$$")
			default:
				template.WriteByte(text[i])
			}
		}
		to := template.String()
		return func(args []value.Value) value.Value {
			return value.String(re.ReplaceAllString(args[source].Str(), to))
		}, nil
	}
}

func makeTrim(front, back bool) func([]Arg) (Eval, error) {
	return func(args []Arg) (Eval, error) {
		pattern := args[0].Const.Str()
		atFront, err := compile("^(?:" + pattern + ")")
		if err != nil {
			return nil, err
		}
		atBack, err := compile("(?:" + pattern + ")$")
		if err != nil {
			return nil, err
		}
		return func(args []value.Value) value.Value {
			s := args[1].Str()
			if front {
				s = s[len(atFront.FindString(s)):]
			}
			if back {
				s = s[:len(s)-len(atBack.FindString(s))]
			}
			return value.String(s)
		}, nil
	}
}

// makeIndexOfRegex counts in characters. Matches do not overlap, and are looked
// for in the window alone.
func makeIndexOfRegex(described []Arg) (Eval, error) {
	re, err := compile(described[1].Const.Str())
	if err != nil {
		return nil, err
	}
	return func(args []value.Value) value.Value {
		s := args[0].Text()
		options := [3]int64{0, -1, 1} // start, length, occurrence
		for i, a := range args[2:] {
			options[i] = a.Long()
		}
		start, length, occurrence := options[0], options[1], options[2]
		if start < 0 || length < -1 || occurrence < 0 {
			return value.Null
		}
		from := offset(s, start)
		window := s[from:]
		if length >= 0 {
			window = window[:offset(window, length)]
		}
		occurrence = max(occurrence, 1)
		matches := re.FindAllStringIndex(window, int(min(occurrence, int64(len(s))+1)))
		if int64(len(matches)) < occurrence {
			return value.Long(-1)
		}
		return value.Long(int64(utf8.RuneCountInString(s[:from+matches[occurrence-1][0]])))
	}, nil
}

// makeCountOf counts texts, which may overlap, or matches, which may not.
func makeCountOf(args []Arg) (Eval, error) {
	kind := "normal"
	if len(args) > 2 {
		kind = args[2].Const.Str()
	}
	switch kind {
	case "normal":
		return func(args []value.Value) value.Value {
			s, part := args[0].Str(), args[1].Str()
			n := int64(0)
			for part != "" {
				i := strings.Index(s, part)
				if i < 0 {
					break
				}
				n++
				s = s[i+1:]
			}
			return value.Long(n)
		}, nil
	case "regex":
		if args[1].Const == nil {
			return nil, errors.New("the regular expression is to be a constant")
		}
		re, err := compile(args[1].Const.Str())
		if err != nil {
			return nil, err
		}
		return func(args []value.Value) value.Value {
			return value.Long(int64(len(re.FindAllStringIndex(args[0].Str(), -1))))
		}, nil
	}
	return nil, fmt.Errorf("there is no kind %q; normal and regex are", kind)
}
