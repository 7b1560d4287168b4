package function_test

import (
	"math"
	"testing"
)

func TestStatistics(t *testing.T) {
	// Worked out with 50 digits (mpmath: betainc regularized, erf, beta).
	near(t, "erf(1)", call(t, "erf", []any{1}), 0.84270079294971486934)
	near(t, "beta_cdf(0.25, 2, 3)", call(t, "beta_cdf", []any{0.25, 2, 3}), 0.26171875)
	near(t, "beta_cdf(0.75, 3, 2)", call(t, "beta_cdf", []any{0.75, 3, 2}), 0.73828125)
	near(t, "beta_pdf(0.5, 2, 2)", call(t, "beta_pdf", []any{0.5, 2, 2}), 1.5)
	near(t, "beta_inv(0.26171875, 2, 3)", call(t, "beta_inv", []any{0.26171875, 2, 3}), 0.25)
	near(t, "beta_inv(1, 2, 3)", call(t, "beta_inv", []any{1, 2, 3}), 1)
	// Two degrees of freedom, where Student's distribution has a closed form:
	// t² = 2, p = 1 - t/√(2+t²).
	near(t, "welch_test of two times two", call(t, "welch_test", []any{1, 0.5, 2, 2, 0.5, 2}), 1-math.Sqrt2/2)
	check(t, []row{
		{"outside of 0..1", "beta_cdf", []any{1.5, 2, 3}, `"NaN"`},
		{"a parameter that is none", "beta_pdf", []any{0.5, 0, 3}, `"NaN"`},
		{"a probability that is none", "beta_inv", []any{1.5, 2, 3}, "null"},
	})
}
