package function_test

import (
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func TestSeriesElementByElement(t *testing.T) {
	check(t, []row{
		{"whole numbers stay whole", "series_add", []any{dynamic("[1,2]"), dynamic("[10,0.5]")}, "[11,2.5]"},
		{"a number for a series", "series_subtract", []any{10, dynamic("[1,2]")}, "[9,8]"},
		{"a quotient is real", "series_divide", []any{dynamic("[4,1]"), dynamic("[2,0]")}, `[2.0,"Infinity"]`},
		{"a power is real", "series_pow", []any{dynamic("[2,4]"), dynamic("[3,0.5]")}, "[8.0,2.0]"},
		{"the shorter ends in nulls", "series_multiply", []any{dynamic("[1,2,3]"), dynamic("[2,2]")}, "[2,4,null]"},
		{"what is no number is null", "series_add", []any{dynamic(`[1,"x",true]`), 1}, "[2,null,null]"},
		{"compared", "series_less", []any{dynamic("[1,2,null]"), 2}, "[true,false,null]"},
		{"equal across kinds", "series_equals", []any{dynamic("[1,2.0]"), dynamic("[1.0,2]")}, "[true,true]"},
		{"an absolute keeps its kind", "series_abs", []any{dynamic("[-1,-1.5]")}, "[1,1.5]"},
		{"a sign keeps its kind", "series_sign", []any{dynamic("[-3,0,2.5]")}, "[-1,0,1.0]"},
		{"a floor is real", "series_floor", []any{dynamic("[-1.5,1]")}, "[-2.0,1.0]"},
		{"no series", "series_exp", []any{dynamic("1")}, "null"},
	})
}

func TestSeriesIntoOneNumber(t *testing.T) {
	check(t, []row{
		{"as far as the shorter", "series_dot_product", []any{dynamic("[1,2,3]"), dynamic("[2,2]")}, "6.0"},
		{"with a number", "series_dot_product", []any{dynamic("[1,2,3]"), 2}, "12.0"},
		{"what is no number is left out", "series_dot_product", []any{dynamic(`[1,"x",3]`), dynamic("[1,1,1]")}, "4.0"},
		{"of nothing", "series_dot_product", []any{dynamic("[]"), dynamic("[1]")}, "null"},
		{"a length", "series_magnitude", []any{dynamic("[3,4]")}, "5.0"},
		{"a product", "series_product", []any{dynamic("[2,3,4]")}, "24.0"},
		{"opposite", "series_cosine_similarity", []any{dynamic("[3,4]"), dynamic("[-3,-4]")}, "-1.0"},
		{"with magnitudes that are given", "series_cosine_similarity", []any{dynamic("[3,4]"), dynamic("[3,4]"), 10.0, 5.0}, "0.5"},
		{"falling together", "series_pearson_correlation", []any{dynamic("[1,2,3]"), dynamic("[6,4,2]")}, "-1.0"},
		{"of different lengths", "series_pearson_correlation", []any{dynamic("[1,2,3]"), dynamic("[6,4]")}, "null"},
		{"half in common", "jaccard_index", []any{dynamic("[1,2,2,3]"), dynamic("[2,3,4]")}, "0.5"},
	})
}

func TestSeriesStatistics(t *testing.T) {
	check(t, []row{
		{"minimum, maximum, where, mean, deviation", "series_stats", []any{dynamic("[4,2,6]")}, "[2.0,1,6.0,2,4.0,2.0,4.0]"},
		{"one that is missing makes all null", "series_stats", []any{dynamic("[4,null,6]")}, "[null,null,null,null,null,null,null]"},
		{"unless told to pass over it", "series_stats", []any{dynamic("[4,null,6]"), true}, "[4.0,0,6.0,2,5.0,1.4142135623730951,2.0]"},
		{
			"as a bag, with the sum and the length", "series_stats_dynamic",
			[]any{dynamic("[1,3]")},
			`{"min":1.0,"min_idx":0,"max":3.0,"max_idx":1,"avg":2.0,"stdev":1.4142135623730951,"variance":2.0,"sum":4.0,"len":2}`,
		},
	})
}

// The line is over 1, 2, 3 and so on: its value at 0 lies one step before the
// first element. So it follows from the reference's example.
func TestLinesAndPolynomials(t *testing.T) {
	check(t, []row{
		{"a line: r², slope, variance, what it leaves, value at 0", "series_fit_line", []any{dynamic("[1,3,5]")}, "[1.0,2.0,4.0,0.0,-1.0,[1.0,3.0,5.0]]"},
		{"one that is missing", "series_fit_line", []any{dynamic("[1,null,5]")}, "[null,null,null,null,null,null]"},
		{"a polynomial of as many points as it takes is refused an answer", "series_fit_poly", []any{dynamic("[1,3]"), dynamic("[1,2]"), 2}, "[null,null,null,null,null]"},
		{"points at one place determine nothing", "series_fit_poly", []any{dynamic("[1,3,5]"), dynamic("[2,2,2]")}, "[null,null,null,null,null]"},
	})
	got := call(t, "series_fit_line", []any{dynamic("[2,5,6,8,11,15,17,18,25,26,30,30]")}).Elems()
	near(t, "slope", got[1], 2.7307692307692308)
	near(t, "residual variance", got[3], 1.6864801864801864)
	near(t, "interception", got[4], -1.6666666666666667)
	near(t, "first of the line", got[5].Elems()[0], 1.0641025641025641)

	// y = 2x³ - x + 5, exactly.
	fit := call(t, "series_fit_poly", []any{dynamic("[5,6,19,56,129]"), dynamic("[0,1,2,3,4]"), 3}).Elems()
	near(t, "r²", fit[0], 1)
	for i, want := range []float64{2, 0, -1, 5} {
		near(t, "coefficient", fit[1].Elems()[i], want)
	}
	near(t, "fitted", fit[4].Elems()[4], 129)
	line := call(t, "series_fit_poly", []any{dynamic("[2,5,6,8,11,15]")}).Elems()
	same := call(t, "series_fit_line", []any{dynamic("[2,5,6,8,11,15]")}).Elems()
	wantSlope, _ := same[1].Float()
	wantAtZero, _ := same[4].Float()
	near(t, "a polynomial of degree 1 is the line", line[1].Elems()[0], wantSlope)
	near(t, "and so is its value at 0", line[1].Elems()[1], wantAtZero)
}

func TestFilters(t *testing.T) {
	missing := null(schema.Real)
	check(t, []row{
		{"beyond the beginning are zeros", "series_fir", []any{dynamic("[3,3,3,3]"), dynamic("[1,1,1]")}, "[1.0,2.0,3.0,3.0]"},
		{"and beyond both ends, centred", "series_fir", []any{dynamic("[3,3,3,3]"), dynamic("[1,1,1]"), true, true}, "[2.0,3.0,3.0,2.0]"},
		{"weights below zero are not brought to a sum of 1", "series_fir", []any{dynamic("[1,3,6]"), dynamic("[1,-1]")}, "[1.0,2.0,3.0]"},
		{"and can't be", "series_fir", []any{dynamic("[1,3,6]"), dynamic("[1,-1]"), true}, "null"},
		{"a running sum", "series_iir", []any{dynamic("[1,2,3]"), dynamic("[1]"), dynamic("[1,-1]")}, "[1.0,3.0,6.0]"},
		{"divided by what comes first", "series_iir", []any{dynamic("[2,2]"), dynamic("[1]"), dynamic("[2]")}, "[1.0,1.0]"},
		{"nothing to divide by", "series_iir", []any{dynamic("[1]"), dynamic("[1]"), dynamic("[0,1]")}, "null"},
		{"a line over what is missing, and level at the ends", "series_fill_linear", []any{dynamic("[null,1.0,null,2.0,null]")}, "[1.0,1.0,1.5,2.0,2.0]"},
		{"whole numbers are cut to whole ones", "series_fill_linear", []any{dynamic("[1,null,4,null,1]")}, "[1,2,4,2,1]"},
		{"the ends left", "series_fill_linear", []any{dynamic("[null,1.0,null,2.0]"), missing, false}, "[null,1.0,1.5,2.0]"},
		{"a number that stands for missing", "series_fill_linear", []any{dynamic("[-1,2.0,-1,4.0]"), -1}, "[2.0,2.0,3.0,4.0]"},
		{"nothing but missing", "series_fill_linear", []any{dynamic("[null,null]")}, "[0.0,0.0]"},
		{"a constant for that", "series_fill_linear", []any{dynamic("[null,null]"), missing, true, 7}, "[7,7]"},
		{"forward, from the first on", "series_fill_forward", []any{dynamic("[null,1,null]")}, "[null,1,1]"},
		{"forward, with a number that stands for missing", "series_fill_forward", []any{dynamic("[0,1,0,null]"), 0}, "[0,1,1,null]"},
		{"backward", "series_fill_backward", []any{dynamic("[null,1,null]")}, "[1,1,null]"},
		{"the median of a phase", "series_seasonal", []any{dynamic("[1,10,3,10,5,40]"), 2}, "[3.0,10.0,3.0,10.0,3.0,10.0]"},
		{"of an even number, between the two", "series_seasonal", []any{dynamic("[1,2]"), 1}, "[1.5,1.5]"},
		{"a period that is none", "series_seasonal", []any{dynamic("[1,2]"), 0}, "[0.0,0.0]"},
	})
	checkRefused(t, []row{
		{"the middle of two", "series_fir", []any{dynamic("[1]"), dynamic("[1,1]"), true, true}, "a filter that is centred is to be a constant with an odd number of coefficients"},
		{"a period that is to be found", "series_seasonal", []any{dynamic("[1]"), -1}, "the period is to be given, as a constant: stanch does not find it by itself"},
	})
}
