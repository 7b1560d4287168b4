package function

import (
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// maxRepeat is how often strrep repeats at most.
const maxRepeat = 1024

// texts are the functions on texts, those with regular expressions aside.
func texts() []Func {
	return []Func{
		{Name: "strcat", Args: []string{"scalar+"}, Type: schema.String, TakesNull: true, Eval: strcat},
		{Name: "strcat_delim", Args: []string{"scalar, scalar, scalar+"}, Type: schema.String, TakesNull: true, Eval: func(args []value.Value) value.Value { return join(args[0].Text(), args[1:]) }},
		{Name: "strcat_array", Args: []string{"array, scalar"}, Type: schema.String, Eval: func(args []value.Value) value.Value { return join(args[1].Text(), args[0].Elems()) }},
		{Name: "array_strcat", Args: []string{"array, scalar"}, Type: schema.String, Eval: func(args []value.Value) value.Value { return join(args[1].Text(), args[0].Elems()) }},
		{Name: "strcmp", Args: []string{"scalar, scalar"}, Type: schema.Long, TakesNull: true, Eval: func(args []value.Value) value.Value {
			return value.Long(int64(strings.Compare(args[0].Text(), args[1].Text())))
		}},
		{Name: "strrep", Args: []string{"scalar, long, scalar?"}, Type: schema.String, Eval: strrep},
		{Name: "strlen", Args: []string{"text"}, Type: schema.Long, Label: NameAndFirst, Eval: func(args []value.Value) value.Value {
			return value.Long(int64(utf8.RuneCountInString(args[0].Text())))
		}},
		{Name: "string_size", Args: []string{"text"}, Type: schema.Long, Label: NameAndFirst, Eval: func(args []value.Value) value.Value { return value.Long(int64(len(args[0].Text()))) }},
		{Name: "tolower", Args: []string{"scalar"}, Type: schema.String, Eval: text1(strings.ToLower)},
		{Name: "toupper", Args: []string{"scalar"}, Type: schema.String, Eval: text1(strings.ToUpper)},
		{Name: "reverse", Args: []string{"scalar"}, Type: schema.String, Eval: text1(reverse)},
		{Name: "substring", Args: []string{"scalar, integer, integer?"}, Type: schema.String, Eval: substring},
		{Name: "indexof", Args: []string{"scalar, scalar, integer?, integer?, integer!?"}, Type: schema.Long, Eval: indexOf},
		{Name: "split", Args: []string{"scalar, string, integer?"}, Type: schema.Dynamic, Label: FirstArgument, Eval: split},
		{Name: "replace_string", Args: []string{"string, string, string"}, Type: schema.String, Eval: func(args []value.Value) value.Value {
			if args[1].Str() == "" {
				return args[0]
			}
			return value.String(strings.ReplaceAll(args[0].Str(), args[1].Str(), args[2].Str()))
		}},
		{Name: "translate", Args: []string{"string, string, string"}, Type: schema.String, Eval: translate},
		{Name: "has_any_index", Args: []string{"text, array"}, Type: schema.Long, Eval: hasAnyIndex},
		{Name: "isascii", Args: []string{"scalar"}, Type: schema.Bool, Eval: func(args []value.Value) value.Value {
			return value.Bool(strings.IndexFunc(args[0].Text(), func(r rune) bool { return r >= utf8.RuneSelf }) < 0)
		}},
	}
}

func text1(of func(string) string) Eval {
	return func(args []value.Value) value.Value { return value.String(of(args[0].Text())) }
}

func strcat(args []value.Value) value.Value {
	var b []byte
	for _, a := range args {
		b = a.AppendText(b)
	}
	return value.String(string(b))
}

func join(delimiter string, parts []value.Value) value.Value {
	var b []byte
	for i, p := range parts {
		if i > 0 {
			b = append(b, delimiter...)
		}
		b = p.AppendText(b)
	}
	return value.String(string(b))
}

func strrep(args []value.Value) value.Value {
	n := min(args[1].Long(), maxRepeat)
	if n <= 0 {
		return value.String("")
	}
	parts := make([]string, n)
	for i := range parts {
		parts[i] = args[0].Text()
	}
	delimiter := ""
	if len(args) > 2 {
		delimiter = args[2].Text()
	}
	return value.String(strings.Join(parts, delimiter))
}

func reverse(s string) string {
	runes := []rune(s)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}

// offset is where in s a number of characters end; len(s) if there are fewer.
func offset(s string, characters int64) int {
	for at := range s {
		if characters <= 0 {
			return at
		}
		characters--
	}
	return len(s)
}

func substring(args []value.Value) value.Value {
	s := args[0].Text()
	from := args[1].Long()
	if from < 0 {
		from = max(0, from+int64(utf8.RuneCountInString(s)))
	}
	s = s[offset(s, from):]
	if len(args) > 2 {
		if args[2].Long() < 0 {
			return value.String("")
		}
		s = s[:offset(s, args[2].Long())]
	}
	return value.String(s)
}

// indexOf counts in characters. A start before the text counts from its end.
func indexOf(args []value.Value) value.Value {
	s, part := args[0].Text(), args[1].Text()
	start, length, occurrence := int64(0), int64(-1), int64(1)
	if len(args) > 2 {
		start = args[2].Long()
	}
	if len(args) > 3 {
		length = args[3].Long()
	}
	if len(args) > 4 {
		occurrence = args[4].Long()
	}
	if length < -1 || occurrence < 0 {
		return value.Null
	}
	if start < 0 {
		start = max(0, start+int64(utf8.RuneCountInString(s)))
	}
	// Each search after the first begins behind the match before and looks as far
	// again.
	for from := offset(s, start); ; {
		window := s[from:]
		if length >= 0 {
			window = window[:offset(window, length)]
		}
		i := strings.Index(window, part)
		if i < 0 || part == "" && occurrence > 1 {
			return value.Long(-1)
		}
		if occurrence--; occurrence <= 0 {
			return value.Long(int64(utf8.RuneCountInString(s[:from+i])))
		}
		from += i + offset(s[from+i:], 1)
	}
}

func split(args []value.Value) value.Value {
	var parts []string
	if args[1].Str() == "" {
		parts = []string{args[0].Text()}
	} else {
		parts = strings.Split(args[0].Text(), args[1].Str())
	}
	if len(args) > 2 {
		i := args[2].Long()
		if i < 0 || i >= int64(len(parts)) {
			return value.Array(nil)
		}
		parts = parts[i : i+1]
	}
	elems := make([]value.Value, len(parts))
	for i, p := range parts {
		elems[i] = value.String(p)
	}
	return value.Array(elems)
}

// translate changes the characters of the first set to those of the second, whose
// last stands for all that are missing; without a second set they go.
func translate(args []value.Value) value.Value {
	from, to := []rune(args[0].Str()), []rune(args[1].Str())
	return value.String(strings.Map(func(r rune) rune {
		for i, f := range from {
			if f == r && len(to) == 0 {
				return -1
			}
			if f == r {
				return to[min(i, len(to)-1)]
			}
		}
		return r
	}, args[2].Str()))
}

func hasAnyIndex(args []value.Value) value.Value {
	text := strings.ToLower(args[0].Text())
	for i, e := range args[1].Elems() {
		if hasTerm(text, strings.ToLower(e.Text())) {
			return value.Long(int64(i))
		}
	}
	return value.Long(-1)
}

// hasTerm looks for a term in a text, both in lower case.
func hasTerm(text, term string) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], term)
		if i < 0 {
			return false
		}
		at += i
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(term):])
		if (at == 0 || !isAlphanumeric(before)) && (at+len(term) == len(text) || !isAlphanumeric(after)) {
			return true
		}
		if at++; at >= len(text) {
			return false
		}
	}
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
