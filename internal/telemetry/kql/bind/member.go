package bind

import (
	"github.com/stanch-dev/stanch/internal/telemetry/kql/plan"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/syntax"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func (b *binder) member(x *syntax.Member, in *context) *plan.Scalar {
	if side, ok := x.X.(*syntax.Name); ok && (side.Text == "$left" || side.Text == "$right") {
		columns := in.left
		if side.Text == "$right" {
			columns = in.right
		}
		return b.name(&x.Name, &context{scope: newScope(nil), columns: columns})
	}
	base := b.scalar(x.X, in)
	if base.Type != schema.Dynamic && base.Type != schema.Unknown {
		hint := ""
		if base.Type == schema.String {
			hint = "parse_json(…)." + x.Name.Text + " reads a text as JSON first"
		}
		b.fail(x.Name.Span, "", hint, "a %s has no properties", base.Type)
	}
	key := x.Name.Text
	return b.apply(schema.Dynamic, "."+key, []*plan.Scalar{base}, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value { return property(args[0](row), key) }
	})
}

func property(v value.Value, key string) value.Value {
	if bag := v.Bag(); bag != nil {
		v, _ := bag.Get(key)
		return v
	}
	return value.Null
}

func element(v value.Value, at int64) value.Value {
	elems := v.Elems()
	if at < 0 {
		at += int64(len(elems))
	}
	if at < 0 || at >= int64(len(elems)) {
		return value.Null
	}
	return elems[at]
}

func (b *binder) index(x *syntax.Index, in *context) *plan.Scalar {
	base, at := b.scalar(x.X, in), b.scalar(x.At, in)
	if base.Type != schema.Dynamic && base.Type != schema.Unknown {
		b.fail(x.X.Range(), "", "", "a %s has no elements", base.Type)
	}
	if !at.Type.IsInteger() && at.Type != schema.String && at.Type != schema.Dynamic {
		b.fail(x.At.Range(), "", "", "an index is a number or a text, and this is a %s", at.Type)
	}
	return b.apply(schema.Dynamic, "[]", []*plan.Scalar{base, at}, func(args []plan.Compute) plan.Compute {
		return func(row []value.Value) value.Value {
			v := args[0](row)
			i := args[1](row)
			switch i.Kind() {
			case value.KindInt, value.KindLong:
				return element(v, i.Long())
			case value.KindString:
				return property(v, i.Str())
			}
			return value.Null
		}
	})
}
