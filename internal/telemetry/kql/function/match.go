package function

import (
	"fmt"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// Match finds the first overload of f that takes args, and gives the kind of
// parameter that each argument stands for. The error says what is wrong with the
// call.
func Match(f Func, args []Arg) (kinds []string, err error) {
	var first error
	for _, text := range f.Args {
		kinds, err := parseParams(text).match(args)
		if err == nil {
			return kinds, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fmt.Errorf("%s(): %w", f.Name, first)
}

// Signature writes what f takes, for help and errors: "round(number, long?)".
func Signature(f Func) string {
	all := make([]string, len(f.Args))
	for i, text := range f.Args {
		all[i] = f.Name + "(" + strings.ReplaceAll(text, "!", "") + ")"
	}
	return strings.Join(all, ", ")
}

type param struct {
	kind               string
	optional, repeated bool
	constant           bool
}

type params []param

func parseParams(text string) (all params) {
	if text == "" {
		return nil
	}
	for field := range strings.SplitSeq(text, ",") {
		p := param{kind: strings.TrimSpace(field)}
		for {
			switch last := p.kind[len(p.kind)-1]; last {
			case '?':
				p.optional = true
			case '+':
				p.repeated = true
			case '!':
				p.constant = true
			default:
				all = append(all, p)
			}
			if last := p.kind[len(p.kind)-1]; last != '?' && last != '+' && last != '!' {
				break
			}
			p.kind = p.kind[:len(p.kind)-1]
		}
	}
	return all
}

// match goes through the arguments; a repeated parameter takes all that those
// after it do not need.
func (ps params) match(args []Arg) (kinds []string, err error) {
	least, most := 0, 0
	for _, p := range ps {
		if !p.optional {
			least++
		}
		most++
		if p.repeated {
			most = 1 << 15
		}
	}
	if len(args) < least || len(args) > most {
		return nil, fmt.Errorf("%s, and it got %d", counts(least, most), len(args))
	}
	at := 0
	for i, arg := range args {
		p := ps[at]
		if !fits(p.kind, arg.Type) {
			return nil, fmt.Errorf("argument %d is to be %s, and is %s", i+1, describe(p.kind), arg.Type)
		}
		if p.constant && arg.Const == nil {
			return nil, fmt.Errorf("argument %d is to be a constant", i+1)
		}
		kinds = append(kinds, p.kind)
		// A repeated parameter goes on while what follows fits it, and enough is left
		// for those that must come after.
		if p.repeated && i+1 < len(args) && len(args)-i-1 > required(ps[at+1:]) && (fits(p.kind, args[i+1].Type) || at == len(ps)-1) {
			continue
		}
		at++
	}
	return kinds, nil
}

func required(ps params) (n int) {
	for _, p := range ps {
		if !p.optional {
			n++
		}
	}
	return n
}

func counts(least, most int) string {
	switch {
	case least == most && least == 1:
		return "it takes one argument"
	case least == most:
		return fmt.Sprintf("it takes %d arguments", least)
	case most >= 1<<15:
		return fmt.Sprintf("it takes %d or more arguments", least)
	}
	return fmt.Sprintf("it takes %d to %d arguments", least, most)
}

func describe(kind string) string {
	switch kind {
	case "text":
		return "a string"
	case "array", "bag":
		return "a dynamic " + kind
	case "typeof":
		return "typeof(a type)"
	case "orderable":
		return "something with an order"
	case "summable":
		return "a number, timespan or datetime"
	case "notdynamic":
		return "anything but a dynamic"
	case "integer":
		return "an integer"
	case "float":
		return "a number"
	}
	return "a " + kind
}

func fits(kind string, t schema.Type) bool {
	if t == schema.Unknown { // the null literal, and what has failed before
		return true
	}
	switch kind {
	case "scalar":
		return true
	case "notdynamic":
		return t != schema.Dynamic
	case "number":
		return t.IsNumber()
	case "integer":
		return t.IsInteger()
	case "float":
		return t == schema.Real || t.IsInteger()
	case "summable":
		return t.IsNumber() || t == schema.Datetime || t == schema.Timespan
	case "orderable":
		return t.IsNumber() || t == schema.Datetime || t == schema.Timespan || t == schema.String || t == schema.Bool
	case "text", "string": // what is in a dynamic is taken as a text
		return t == schema.String || t == schema.Dynamic
	case "array", "bag":
		return t == schema.Dynamic
	case "typeof":
		return t == schema.String
	}
	want := schema.ParseType(kind)
	return t == want || want == schema.Long && t == schema.Int || want == schema.Real && t.IsNumber() || want == schema.Decimal && t.IsNumber()
}
