// Command oracle holds stanch's strict mode against Microsoft's own analyser,
// the npm package @kusto/language-service-next: what the one accepts the other
// does, with the same columns of the same types.
//
//	make kql-oracle
//
// It installs the package by itself, beside the checkout's other peers. Where
// the two differ for a reason, bench/oracle/judged.tsv holds it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stanch-dev/stanch/bench/judged"
	"github.com/stanch-dev/stanch/internal/telemetry/kql"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/casefile"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

const release = "@kusto/language-service-next@12.4.1"

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type opinion struct {
	ID      string   `json:"id"`
	Columns []column `json:"columns"`
	Errors  []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

func main() {
	cache := flag.String("cache", ".cache/oracle", "directory that the analyser is installed in")
	cases := flag.String("cases", "internal/telemetry/kql/testdata", "directory of case files")
	flag.Parse()
	if err := run(*cache, *cases); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(cache, dir string) error {
	if err := install(cache); err != nil {
		return err
	}
	all, err := casefile.Load(dir)
	if err != nil {
		return err
	}
	reasons, err := judged.Load("bench/oracle/judged.tsv")
	if err != nil {
		return err
	}
	opinions, err := ask(cache, all)
	if err != nil {
		return err
	}
	agree, both, refused, judgedCount, differ := 0, 0, 0, 0, 0
	for _, c := range all {
		theirs := opinions[c.ID]
		ours, err := compile(c.KQL)
		problem := ""
		switch {
		case err != nil && len(theirs.Errors) > 0:
			both++
		case err != nil && isUnsupported(err):
			refused++
		case err != nil:
			problem = "the analyser accepts it, and stanch says: " + firstLine(err)
		case len(theirs.Errors) > 0:
			problem = "stanch accepts it, and the analyser says: " + theirs.Errors[0].Code + " " + theirs.Errors[0].Message
		default:
			if problem = differences(ours, theirs.Columns); problem == "" {
				agree++
			}
		}
		if problem == "" {
			continue
		}
		if reason, ok := reasons[c.ID]; ok {
			judgedCount++
			fmt.Printf("judged   %s: %s\n", c.ID, reason)
			continue
		}
		differ++
		fmt.Printf("differs  %s\n         %s\n         %s\n", c.ID, strings.ReplaceAll(c.KQL, "\n", "\n         "), problem)
	}
	fmt.Printf("%d queries: %d accepted by both with the same columns, %d refused by both, %d not supported, %d judged, %d differ\n", len(all), agree, both, refused, judgedCount, differ)
	fmt.Printf("RESULT {\"queries\":%d,\"agree\":%d,\"both_refuse\":%d,\"unsupported\":%d,\"judged\":%d,\"differ\":%d}\n", len(all), agree, both, refused, judgedCount, differ)
	if differ > 0 {
		return fmt.Errorf("%d queries are judged differently", differ)
	}
	return nil
}

// isUnsupported tells a refusal of what stanch does not have by name.
func isUnsupported(err error) bool {
	return strings.Contains(err.Error(), "stanch has no") || strings.Contains(err.Error(), "stanch does not have")
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func differences(ours []schema.Column, theirs []column) string {
	var a, b []string
	for _, c := range ours {
		a = append(a, c.Name+":"+c.Type.String())
	}
	for _, c := range theirs {
		b = append(b, c.Name+":"+c.Type)
	}
	if got, want := strings.Join(a, " "), strings.Join(b, " "); got != want {
		return "columns " + got + "\nwant    " + want
	}
	return ""
}

func compile(text string) ([]schema.Column, error) {
	queries, _, err := kql.Compile(text, kql.Options{Source: casefile.Schema(), Now: value.Epoch, Strict: true})
	if err != nil {
		return nil, err
	}
	return queries[len(queries)-1].Columns(), nil
}

func install(cache string) error {
	if _, err := os.Stat(filepath.Join(cache, "node_modules/@kusto/language-service-next/bridge.min.js")); err == nil {
		return nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	cmd := exec.Command("npm", "install", "--prefix", cache, "--no-audit", "--no-fund", release)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

func ask(cache string, all []casefile.Case) (map[string]opinion, error) {
	var in bytes.Buffer
	w := json.NewEncoder(&in)
	w.SetEscapeHTML(false)
	var tables []map[string]string
	for _, t := range casefile.Schema().Tables() {
		var columns []string
		for _, c := range t.Columns {
			columns = append(columns, "['"+c.Name+"']:"+c.Type.String())
		}
		tables = append(tables, map[string]string{"name": t.Name, "columns": strings.Join(columns, ", ")})
	}
	if err := w.Encode(map[string]any{"tables": tables}); err != nil {
		return nil, err
	}
	for _, c := range all {
		if err := w.Encode(map[string]string{"id": c.ID, "kql": c.KQL}); err != nil {
			return nil, err
		}
	}
	abs, err := filepath.Abs(cache)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), "node", "bench/oracle/oracle.js", abs)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("node: %w", err)
	}
	opinions := map[string]opinion{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var o opinion
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return nil, fmt.Errorf("the analyser's answer: %w", err)
		}
		opinions[o.ID] = o
	}
	if len(opinions) != len(all) {
		return nil, errors.Join(lines.Err(), fmt.Errorf("the analyser answered %d of %d queries", len(opinions), len(all)))
	}
	return opinions, nil
}
