package trend

import (
	"sync"

	"github.com/stanch-dev/stanch/internal/stats"
)

// The degrees of freedom that regressions here can have.
const mostFreedom = 40

// students are Student's t quantiles at 0.975 and at 0.99999 for each number of
// degrees of freedom.
var students = sync.OnceValue(func() (all [mostFreedom + 1]struct{ wide, sure float64 }) {
	for df := 1; df <= mostFreedom; df++ {
		all[df].wide = stats.Student(0.975, float64(df))
		all[df].sure = stats.Student(0.99999, float64(df))
	}
	return all
})

// wide is the factor of a two-sided 95 % interval, sure that of a one-sided
// bound that is wrong once in 100,000.
func wide(df int) float64 { return students()[min(max(df, 1), mostFreedom)].wide }
func sure(df int) float64 { return students()[min(max(df, 1), mostFreedom)].sure }
