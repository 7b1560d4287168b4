package report

import (
	"fmt"
	"slices"

	"github.com/stanch-dev/stanch/internal/lab"
)

// What a page shows of the queries: so many rows of one answer, so many answers, and
// so many letters of all.
const (
	mostShown   = 12
	mostColumns = 16
	mostAnswers = 400
	mostTexts   = 400_000
)

// queryView is a query that was asked, of one or several runs.
type queryView struct {
	ID, Part, KQL string
	Left          string
	Answers       []answerView
}

// answerView is what it gave in a run.
type answerView struct {
	Title, Problem, Left string
	Columns              []string
	Rows                 [][]cellView
}

// cellView is a cell of a row; a short one stays on its line.
type cellView struct{ Text, Class string }

// short is how many letters stay on a line.
const short = 34

// queryViews are the queries of the experiment, and those of the report itself. The
// same query is shown once, with the answers of all its runs.
func (f *Findings) queryViews() (asked, own []queryView, left string) {
	letters := 0
	for i := range f.Answers {
		a := &f.Answers[i]
		if i == mostAnswers {
			left = fmt.Sprintf("%s of %s answers are shown; all are in queries.json.", number(mostAnswers), number(float64(len(f.Answers))))
			break
		}
		to := &asked
		if a.Part == part {
			to = &own
		}
		k := slices.IndexFunc(*to, func(q queryView) bool { return q.ID == a.ID && q.Part == a.Part && q.KQL == a.KQL })
		if k < 0 {
			k = len(*to)
			*to = append(*to, queryView{ID: a.ID, Part: a.Part, KQL: a.KQL})
			if letters += len(a.KQL); letters > mostTexts {
				(*to)[k].Left = "It is too long for this page; queries.json has it."
			}
		}
		v := answerOf(a, &letters)
		(*to)[k].Answers = append((*to)[k].Answers, v)
	}
	return asked, own, left
}

// answerOf is an answer as the page shows it, and counts its letters.
func answerOf(a *lab.Answer, letters *int) answerView {
	const form = "2006-01-02 15:04:05.000"
	v := answerView{
		Title:   fmt.Sprintf("run %d, %s: %s to %s UTC", a.Run, joined(a.Window), a.From.UTC().Format(form), a.To.UTC().Format(form)),
		Problem: cut(a.Problem), Columns: a.Columns[:min(len(a.Columns), mostColumns)],
	}
	for _, row := range a.Rows[:min(len(a.Rows), mostShown)] {
		if *letters > mostTexts {
			break
		}
		var cells []cellView
		for _, c := range row[:min(len(row), mostColumns)] {
			one := cellView{cut(shown(c)), "text"}
			if _, ok := numeric(c); ok {
				one.Class = "n"
			} else if len(one.Text) <= short {
				one.Class = "nw"
			}
			*letters += len(one.Text) + len(one.Class)
			cells = append(cells, one)
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
