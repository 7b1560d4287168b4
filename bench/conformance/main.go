// Command conformance runs KQL cases and tells how many of stanch's answers are
// right, how many it refused, and which are wrong.
//
//	make kql-conformance CASES=DIR
//
// A case is a line of JSON in a *.jsonl file of the directory:
// {"id","kql","columns","types","rows","error"}; types and error may be missing.
// A cell is a JSON value or the text of one; see cell.go for what counts as
// equal. A refusal is honest; a wrong answer makes the command fail.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stanch-dev/stanch/bench/judged"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

type testCase struct {
	ID      string   `json:"id"`
	KQL     string   `json:"kql"`
	Columns []string `json:"columns"`
	Types   []string `json:"types"`
	Rows    [][]any  `json:"rows"`
	Error   bool     `json:"error"`
}

type outcome struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"` // match, refused, wrong, judged
	Detail string `json:"detail,omitempty"`
}

func main() {
	cases := flag.String("cases", "", "directory with *.jsonl files of cases")
	judged := flag.String("judged", "bench/conformance/judged.tsv", "cases whose printed result is not what Kusto gives, with the reason")
	verbose := flag.Bool("v", false, "list the refused ones as well")
	flag.Parse()
	if err := run(*cases, *judged, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(dir, judgedFile string, verbose bool) error {
	if dir == "" {
		return errors.New("no directory of cases; write make kql-conformance CASES=DIR")
	}
	all, err := load(dir)
	if err != nil {
		return err
	}
	reasons, err := judged.Load(judgedFile)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, c := range all {
		o := try(c)
		if reason, ok := reasons[c.ID]; ok && o.Kind == "wrong" {
			o = outcome{c.ID, "judged", reason}
		}
		counts[o.Kind]++
		if o.Kind == "wrong" || verbose && o.Kind != "match" {
			fmt.Printf("%-8s %s\n         %s\n", o.Kind, o.ID, strings.ReplaceAll(o.Detail, "\n", "\n         "))
		}
	}
	fmt.Printf("%d cases: %d match, %d refused, %d judged, %d wrong\n", len(all), counts["match"], counts["refused"], counts["judged"], counts["wrong"])
	result, err := json.Marshal(map[string]int{"cases": len(all), "match": counts["match"], "refused": counts["refused"], "judged": counts["judged"], "wrong": counts["wrong"]})
	if err != nil {
		return err
	}
	fmt.Printf("RESULT %s\n", result)
	if counts["wrong"] > 0 {
		return fmt.Errorf("%d wrong answers", counts["wrong"])
	}
	return nil
}

func load(dir string) (all []testCase, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no *.jsonl files", dir)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 16<<20)
		for n := 1; lines.Scan(); n++ {
			if strings.TrimSpace(lines.Text()) == "" {
				continue
			}
			var c testCase
			d := json.NewDecoder(strings.NewReader(lines.Text()))
			d.UseNumber()
			if err := d.Decode(&c); err != nil {
				return nil, errors.Join(fmt.Errorf("%s:%d: %w", name, n, err), f.Close())
			}
			all = append(all, c)
		}
		if err := errors.Join(lines.Err(), f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

func try(c testCase) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	result, err := ask(ctx, c.KQL)
	switch {
	case err != nil && c.Error:
		return outcome{c.ID, "match", ""}
	case err != nil:
		return outcome{c.ID, "refused", err.Error()}
	case c.Error:
		return outcome{c.ID, "wrong", "an answer where an error is right"}
	}
	if detail := compare(c, result); detail != "" {
		return outcome{c.ID, "wrong", c.KQL + "\n" + detail}
	}
	return outcome{c.ID, "match", ""}
}

// ask gives the result of the text's last query.
func ask(ctx context.Context, text string) (*table.Result, error) {
	queries, _, err := kql.Compile(text, kql.Options{Now: value.Ticks(time.Now())})
	if err != nil {
		return nil, err
	}
	var result *table.Result
	for _, q := range queries {
		if result, err = q.Run(ctx); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func compare(c testCase, r *table.Result) string {
	if len(c.Columns) != len(r.Columns) {
		return fmt.Sprintf("%d columns, want %d (%s)\ngot %s", len(r.Columns), len(c.Columns), strings.Join(c.Columns, ", "), show(r))
	}
	order := make([]int, len(c.Columns))
	for i, want := range c.Columns {
		want = strings.Trim(want, "`")
		if order[i] = slices.IndexFunc(r.Columns, func(col schemaColumn) bool { return col.Name == want }); order[i] < 0 {
			if strings.EqualFold(r.Columns[i].Name, want) || c.Types == nil && want == "" {
				order[i] = i
				continue
			}
			return fmt.Sprintf("no column %q\ngot %s", want, show(r))
		}
	}
	for i, want := range c.Types {
		if got := r.Columns[order[i]].Type.String(); got != want {
			return fmt.Sprintf("column %s is a %s, want %s", c.Columns[i], got, want)
		}
	}
	if len(c.Rows) != len(r.Rows) {
		return fmt.Sprintf("%d rows, want %d\ngot %s", len(r.Rows), len(c.Rows), show(r))
	}
	detail := compareRows(c, r, order)
	if detail == "" {
		return ""
	}
	// Rows have no order unless the query gives them one: any pairing will do.
	left := slices.Clone(r.Rows)
	for _, want := range c.Rows {
		i := slices.IndexFunc(left, func(got []value.Value) bool { return equalRow(want, got, r.Columns, order) })
		if i < 0 {
			return detail + "\ngot " + show(r)
		}
		left = slices.Delete(left, i, i+1)
	}
	if strings.Contains(c.KQL, "sort by") || strings.Contains(c.KQL, "order by") {
		return "" // the rows are right; ties may stand either way
	}
	return ""
}

func compareRows(c testCase, r *table.Result, order []int) string {
	for i, want := range c.Rows {
		for j := range c.Columns {
			got := r.Rows[i][order[j]]
			if j < len(want) && !equalCell(want[j], got, r.Columns[order[j]].Type) {
				return fmt.Sprintf("row %d, %s: got %s, want %v", i+1, c.Columns[j], got.AppendJSON(nil), want[j])
			}
		}
	}
	return ""
}

func equalRow(want []any, got []value.Value, columns []schemaColumn, order []int) bool {
	for j := range order {
		if j < len(want) && !equalCell(want[j], got[order[j]], columns[order[j]].Type) {
			return false
		}
	}
	return true
}

func show(r *table.Result) string {
	var b strings.Builder
	for _, c := range r.Columns {
		fmt.Fprintf(&b, "%s:%s ", c.Name, c.Type)
	}
	for _, row := range r.Rows[:min(len(r.Rows), 8)] {
		b.WriteString("\n ")
		for _, v := range row {
			text := v.AppendJSON(nil)
			b.WriteString(" ")
			b.Write(text[:min(len(text), 300)])
		}
	}
	return b.String()
}
