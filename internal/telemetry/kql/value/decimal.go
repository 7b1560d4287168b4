package value

import (
	"math"
	"math/big"
	"strings"
)

// Decimal is a number of decimal digits: coefficient × 10^−scale. The zero
// Decimal is 0. It never changes.
type Decimal struct {
	coefficient *big.Int // nil is 0
	scale       int      // ≥ 0
}

// MaxDigits is how many digits a decimal keeps, as many as Kusto's 128 bits do.
const MaxDigits = 34

// DecimalOf makes a decimal of an integer.
func DecimalOf(i int64) Decimal { return Decimal{coefficient: big.NewInt(i)} }

// DecimalOfFloat makes a decimal of the shortest digits that give f; false if f
// is no finite number.
func DecimalOfFloat(f float64) (Decimal, bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) > 1e28 {
		return Decimal{}, false
	}
	return ParseDecimal(string(AppendReal(nil, f)))
}

// ParseDecimal reads [-]digits[.digits][e[±]digits], with at most MaxDigits digits
// before the point.
func ParseDecimal(text string) (Decimal, bool) {
	s := strings.TrimSpace(text)
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		e, ok := new(big.Int).SetString(strings.TrimPrefix(s[i+1:], "+"), 10)
		if !ok || !e.IsInt64() || e.Int64() > 400 || e.Int64() < -400 {
			return Decimal{}, false
		}
		exponent = int(e.Int64())
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if len(mantissa) > 400 || len(whole)+len(fraction) == 0 || strings.ContainsAny(mantissa[1:], "+-_") || strings.ContainsAny(mantissa, "xXbBoO_") {
		return Decimal{}, false
	}
	c, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return Decimal{}, false
	}
	d := Decimal{coefficient: c, scale: len(fraction) - exponent}
	if d.scale < 0 {
		d.coefficient.Mul(c, pow10(-d.scale))
		d.scale = 0
	}
	if d.coefficient.Sign() != 0 && len(d.coefficient.String())-d.scale > MaxDigits+1 {
		return Decimal{}, false // too large
	}
	return d.limited(), true
}

// Float is the nearest float.
func (d Decimal) Float() float64 {
	f, _ := new(big.Rat).SetFrac(d.int(), pow10(d.scale)).Float64()
	return f
}

// Long is the whole part, cut towards zero; false if it does not fit.
func (d Decimal) Long() (int64, bool) {
	q := new(big.Int).Quo(d.int(), pow10(d.scale))
	return q.Int64(), q.IsInt64()
}

// Sign is −1, 0 or 1.
func (d Decimal) Sign() int { return d.int().Sign() }

// Neg is −d.
func (d Decimal) Neg() Decimal { return Decimal{new(big.Int).Neg(d.int()), d.scale} }

// Add is d + e.
func (d Decimal) Add(e Decimal) Decimal {
	a, b, scale := align(d, e)
	return Decimal{new(big.Int).Add(a, b), scale}.limited()
}

// Sub is d − e.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

// Mul is d × e.
func (d Decimal) Mul(e Decimal) Decimal {
	return Decimal{new(big.Int).Mul(d.int(), e.int()), d.scale + e.scale}.limited()
}

// Div is d / e, to MaxDigits digits; false if e is 0.
func (d Decimal) Div(e Decimal) (Decimal, bool) {
	if e.Sign() == 0 {
		return Decimal{}, false
	}
	a, b, _ := align(d, e)
	// Digits beyond the limit are made and then rounded away.
	q := new(big.Int).Quo(new(big.Int).Mul(a, pow10(MaxDigits+2)), b)
	return Decimal{q, MaxDigits + 2}.limited(), true
}

// Mod is the remainder of d / e with the sign of e, as Kusto's %; false if e is 0.
func (d Decimal) Mod(e Decimal) (Decimal, bool) {
	if e.Sign() == 0 {
		return Decimal{}, false
	}
	a, b, scale := align(d, e)
	m := new(big.Int).Rem(a, b)
	if m.Sign() < 0 {
		m.Add(m, new(big.Int).Abs(b))
	}
	return Decimal{m, scale}.limited(), true
}

// Floor is the greatest multiple of size that is not above d; false if size is not above 0.
func (d Decimal) Floor(size Decimal) (Decimal, bool) {
	if size.Sign() <= 0 {
		return Decimal{}, false
	}
	a, b, scale := align(d, size)
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Sign() < 0 {
		q.Sub(q, big.NewInt(1))
	}
	return Decimal{q.Mul(q, b), scale}.limited(), true
}

// Round is d to so many digits behind the point, halves away from zero. Negative
// digits round before the point.
func (d Decimal) Round(digits int) Decimal {
	if digits >= d.scale {
		return d
	}
	unit := pow10(d.scale - digits)
	half := new(big.Int).Quo(unit, big.NewInt(2))
	c := new(big.Int).Set(d.int())
	if c.Sign() < 0 {
		c.Sub(c, half)
	} else {
		c.Add(c, half)
	}
	c.Quo(c, unit)
	if digits < 0 {
		return Decimal{c.Mul(c, pow10(-digits)), 0}
	}
	return Decimal{c, digits}
}

// Compare is −1, 0 or 1.
func (d Decimal) Compare(e Decimal) int {
	a, b, _ := align(d, e)
	return a.Cmp(b)
}

// String writes the digits without an exponent and without zeros at the end.
func (d Decimal) String() string {
	d = d.trimmed()
	text := new(big.Int).Abs(d.int()).String()
	if d.scale > 0 {
		if len(text) <= d.scale {
			text = strings.Repeat("0", d.scale-len(text)+1) + text
		}
		text = text[:len(text)-d.scale] + "." + text[len(text)-d.scale:]
	}
	if d.Sign() < 0 {
		return "-" + text
	}
	return text
}

func (d Decimal) int() *big.Int {
	if d.coefficient == nil {
		return new(big.Int)
	}
	return d.coefficient
}

func (d Decimal) trimmed() Decimal {
	c, scale := d.int(), d.scale
	ten := big.NewInt(10)
	for scale > 0 {
		q, r := new(big.Int).QuoRem(c, ten, new(big.Int))
		if r.Sign() != 0 {
			break
		}
		c, scale = q, scale-1
	}
	return Decimal{c, scale}
}

// limited rounds digits behind the point away until there are MaxDigits.
func (d Decimal) limited() Decimal {
	if d.coefficient == nil || d.scale == 0 || d.coefficient.BitLen() < 112 { // 2^112 has 34 digits
		return d
	}
	digits := len(new(big.Int).Abs(d.coefficient).String())
	if digits <= MaxDigits {
		return d
	}
	return d.Round(max(0, d.scale-(digits-MaxDigits))).trimmed()
}

func align(d, e Decimal) (a, b *big.Int, scale int) {
	scale = max(d.scale, e.scale)
	a, b = d.int(), e.int()
	if d.scale < scale {
		a = new(big.Int).Mul(a, pow10(scale-d.scale))
	}
	if e.scale < scale {
		b = new(big.Int).Mul(b, pow10(scale-e.scale))
	}
	return a, b, scale
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
