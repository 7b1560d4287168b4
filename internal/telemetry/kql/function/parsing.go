package function

import (
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// parsing are the functions that take a text of a known form apart.
func parsing() []Func {
	return []Func{
		{Name: "parse_csv", Args: []string{"text"}, Type: schema.Dynamic, Label: FirstArgument, Eval: parseCSV},
		{Name: "parse_version", Args: []string{"string"}, Type: schema.Decimal, Eval: parseVersion},
		{Name: "parse_path", Args: []string{"string"}, Type: schema.Dynamic, Eval: parsePathParts},
		{Name: "parse_command_line", Args: []string{"scalar, string!"}, Type: schema.Dynamic, Make: makeParseCommandLine},
	}
}

// parseCSV gives the fields of the first record. A field may stand in double
// quotes, and a double quote in it is written twice.
func parseCSV(args []value.Value) value.Value {
	rest := args[0].Text()
	var out []value.Value
	for {
		var field strings.Builder
		if strings.HasPrefix(rest, `"`) {
			for rest = rest[1:]; rest != ""; rest = rest[1:] {
				if rest[0] == '"' {
					if !strings.HasPrefix(rest, `""`) {
						rest = rest[1:]
						break
					}
					rest = rest[1:]
				}
				field.WriteByte(rest[0])
			}
		}
		end := strings.IndexAny(rest, ",\r\n")
		if end < 0 {
			end = len(rest)
		}
		field.WriteString(rest[:end])
		out = append(out, value.String(field.String()))
		if end == len(rest) || rest[end] != ',' {
			return value.Array(out)
		}
		rest = rest[end+1:]
	}
}

// parseVersion gives one to four numbers eight digits each, so that versions
// compare as the decimals do.
func parseVersion(args []value.Value) value.Value {
	const parts, width = 4, 8
	var digits strings.Builder
	n := 0
	for part := range strings.SplitSeq(args[0].Str(), ".") {
		if n++; n > parts || part == "" || len(part) > width || strings.Trim(part, "0123456789") != "" {
			return value.Null
		}
		digits.WriteString(strings.Repeat("0", width-len(part)) + part)
	}
	digits.WriteString(strings.Repeat("0", (parts-n)*width))
	d, ok := value.ParseDecimal(digits.String())
	if !ok {
		return value.Null
	}
	return value.Dec(d)
}

// parsePathParts takes a file's path apart, with slashes of either kind, a scheme
// (file://), a drive (C:) and a stream behind the name (file.txt:stream).
func parsePathParts(args []value.Value) value.Value {
	scheme, path, ok := strings.Cut(args[0].Str(), "://")
	if !ok {
		scheme, path = "", args[0].Str()
	}
	root := ""
	if len(path) >= 2 && path[1] == ':' && isAlphanumeric(rune(path[0])) && (path[0] < '0' || path[0] > '9') {
		root = path[:2]
	}
	directory, name := "", path
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		directory, name = path[:i], path[i+1:]
	} else if root != "" {
		directory, name = root, path[2:]
	}
	parent := directory
	if i := strings.LastIndexAny(directory, `/\`); i >= 0 {
		parent = directory[i+1:]
	}
	name, stream, _ := strings.Cut(name, ":")
	extension := ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		extension = name[i+1:]
	}
	b := value.NewBag(7)
	for _, part := range [][2]string{
		{"Scheme", scheme},
		{"RootPath", root},
		{"DirectoryPath", directory},
		{"DirectoryName", parent},
		{"Filename", name},
		{"Extension", extension},
		{"AlternateDataStreamName", stream},
	} {
		b.Set(part[0], value.String(part[1]))
	}
	return value.FromBag(b)
}

func makeParseCommandLine(args []Arg) (Eval, error) {
	if parser := args[1].Const.Str(); !strings.EqualFold(parser, "windows") {
		return nil, fmt.Errorf("there is no parser %q; windows is the one", parser)
	}
	return func(args []value.Value) value.Value {
		words := commandLine(args[0].Text())
		if words == nil {
			return value.Null
		}
		out := make([]value.Value, len(words))
		for i, w := range words {
			out[i] = value.String(w)
		}
		return value.Array(out)
	}, nil
}

// commandLine splits as CommandLineToArgvW does: in the first word, the program,
// a backslash is nothing special; in the others 2n of them before a quote are n
// and the quote counts, 2n+1 are n and the quote is a character. A quote right
// behind one that closes is a character, too.
func commandLine(s string) (words []string) {
	if s == "" {
		return nil
	}
	if program, found := strings.CutPrefix(s, `"`); found {
		first, rest, _ := strings.Cut(program, `"`)
		words, s = append(words, first), rest
	} else {
		end := strings.IndexAny(s, " \t")
		if end < 0 {
			end = len(s)
		}
		words, s = append(words, s[:end]), s[end:]
	}
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		var word strings.Builder
		quoted := false
	characters:
		for s != "" {
			switch c := s[0]; {
			case c == '\\':
				n := len(s) - len(strings.TrimLeft(s, `\`))
				s = s[n:]
				if !strings.HasPrefix(s, `"`) {
					word.WriteString(strings.Repeat(`\`, n))
					continue
				}
				word.WriteString(strings.Repeat(`\`, n/2))
				if n%2 == 1 {
					word.WriteByte('"')
					s = s[1:]
				}
			case c == '"' && quoted && strings.HasPrefix(s, `""`):
				word.WriteByte('"')
				s, quoted = s[2:], false
			case c == '"':
				s, quoted = s[1:], !quoted
			case (c == ' ' || c == '\t') && !quoted:
				break characters
			default:
				word.WriteByte(c)
				s = s[1:]
			}
		}
		words = append(words, word.String())
	}
	return words
}
