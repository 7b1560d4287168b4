package report

import (
	"fmt"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
)

// What a page shows of the queries' rows: so many of one answer, so many of all.
const (
	mostShown    = 12
	mostOfAll    = 1200
	mostColumns  = 16
	mostAnswers  = 400
	longestQuery = 8000
)

// queryView is a query that was asked, of one or several runs.
type queryView struct {
	ID, Part, KQL string
	Answers       []answerView
}

// answerView is what it gave in a run.
type answerView struct {
	Title, Problem, Left string
	Columns              []string
	Rows                 [][]string
}

// queryViews are the queries of the experiment, and those of the report itself. The
// same query is shown once, with the answers of all its runs.
func (f *Findings) queryViews() (asked, own []queryView, left string) {
	rows, answers := 0, 0
	for i := range f.Answers {
		a := &f.Answers[i]
		if answers++; answers > mostAnswers {
			return asked, own, fmt.Sprintf("%s of %s answers are shown; all are in queries.json.", number(mostAnswers), number(float64(len(f.Answers))))
		}
		to := &asked
		if a.Part == part {
			to = &own
		}
		v := f.answerView(a, min(mostShown, max(mostOfAll-rows, 0)))
		rows += len(v.Rows)
		k := slices.IndexFunc(*to, func(q queryView) bool { return q.ID == a.ID && q.Part == a.Part && q.KQL == a.KQL })
		if k < 0 {
			k = len(*to)
			*to = append(*to, queryView{ID: a.ID, Part: a.Part, KQL: a.KQL})
		}
		(*to)[k].Answers = append((*to)[k].Answers, v)
	}
	for _, all := range [][]queryView{asked, own} {
		for i := range all {
			if len(all[i].KQL) > longestQuery {
				all[i].KQL = "// It is too long to be shown here; queries.json has it."
			}
		}
	}
	return asked, own, ""
}

func (f *Findings) answerView(a *lab.Answer, most int) answerView {
	const form = "2006-01-02 15:04:05.000"
	v := answerView{
		Title:   fmt.Sprintf("run %d, %s: %s to %s UTC", a.Run, joined(a.Window), a.From.UTC().Format(form), a.To.UTC().Format(form)),
		Problem: cut(a.Problem), Columns: a.Columns[:min(len(a.Columns), mostColumns)],
	}
	for _, row := range a.Rows[:min(len(a.Rows), most)] {
		var cells []string
		for _, c := range row[:min(len(row), mostColumns)] {
			cells = append(cells, cut(shown(c)))
		}
		v.Rows = append(v.Rows, cells)
	}
	switch n := len(a.Rows); {
	case n == 0 && a.Problem == "":
		v.Left = "No rows."
	case n > len(v.Rows):
		v.Left = fmt.Sprintf("%s of %s rows; all are in queries.json.", number(float64(len(v.Rows))), number(float64(n)))
	}
	return v
}
