package main

import (
	"bytes"
	"fmt"
	"html/template"
	"os"

	"github.com/stanch-dev/stanch/internal/hunt"
)

// huntPage is one page that needs nothing else: no script, no font, no address.
const huntPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>stanch hunt: {{.Summary}}</title>
<style>
body{margin:2em auto;padding:0 1.5em;max-width:66em;font:15px/1.5 system-ui,sans-serif;color:#222;background:#fff}
h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.1em;margin:2em 0 .4em}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25em .9em .25em 0;border-bottom:1px solid #ddd;vertical-align:top}
th{font-weight:600;color:#555}td.n,th.n{text-align:right}svg{width:100%;height:auto;display:block}
.leaks{color:#b00020;font-weight:600}.filling,.undecided,.unidentifiable{color:#8a5a00}.clean{color:#1b6e3c}.worse{color:#b00020;font-weight:600}.improved{color:#1b6e3c;font-weight:600}
.why,.meta{color:#555}
</style>
<h1>{{.Summary}}</h1>
<p class="meta">{{.Blocks}} blocks in {{.Took}}, {{.Rounds}} rounds after the warm-up, seed {{.Seed}}. A leak below {{.Smallest}} a request counts as none{{with .Detectable}}; one of {{.}} would show{{end}}.</p>
<h2>What each endpoint leaves behind</h2>
{{.Forest}}
<table>
<tr>{{if .Pair}}<th>side</th>{{end}}<th>endpoint</th><th>verdict</th><th>bytes a request (95 %)</th><th>kind</th><th class="n">requests</th><th class="n">failed</th><th class="n">requests/s</th><th class="n">p50</th><th class="n">p99</th></tr>
{{range .Rows}}<tr>{{if $.Pair}}<td>{{.Side}}</td>{{end}}<td>{{.Endpoint}}</td><td class="{{.Verdict}}">{{.Verdict}}</td><td>{{.Kept}}</td><td>{{.Kind}}</td><td class="n">{{.Requests}}</td><td class="n">{{.Failed}}</td><td class="n">{{.Rate}}</td><td class="n">{{.P50}}</td><td class="n">{{.P99}}</td></tr>
{{with .Why}}<tr><td></td>{{if $.Pair}}<td></td>{{end}}<td colspan="8" class="why">{{.}}</td></tr>
{{end}}{{end}}</table>
{{if .Comparisons}}<h2>b against a</h2>
<table>
<tr><th>endpoint</th><th>leak</th><th>bytes a request, b less a</th><th>speed</th><th>requests/s of a</th><th>of b</th><th>b over a</th></tr>
{{range .Comparisons}}<tr><td>{{.Endpoint}}</td><td class="{{.Change}}">{{.Change}}</td><td>{{.Leak}}</td><td class="{{.Pace}}">{{.Pace}}</td><td>{{.A}}</td><td>{{.B}}</td><td>{{.Speed}}</td></tr>
<tr><td></td><td colspan="6" class="why">{{.Why}}</td></tr>
{{end}}</table>
{{end}}{{range .Charts}}<h2>{{.Title}}</h2>
{{with .Text}}<p class="why">{{.}}</p>
{{end}}{{.Picture}}
{{end}}{{with .Notes}}<h2>Notes</h2>
<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>
{{end}}</html>
`

type pageRow struct {
	Side, Endpoint, Verdict, Kept, Kind, Failed, Rate, P50, P99, Why string
	Requests                                                         int
}

type pageComparison struct{ Endpoint, Change, Leak, Pace, A, B, Speed, Why string }

type pageChart struct {
	Title, Text string
	Picture     template.HTML
}

// writeHuntPage writes the report as one page.
func writeHuntPage(name string, r *huntResult) error {
	page, err := template.New("hunt").Parse(huntPage)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	detectable := ""
	if r.Detectable > 0 {
		detectable = amount(r.Detectable)
	}
	var rows []pageRow
	for _, f := range r.Findings {
		row := pageRow{
			Side: string(f.Side), Endpoint: f.Endpoint, Verdict: string(f.Verdict), Kept: kept(f.PerRequest), Kind: kind(f),
			Requests: f.Requests, Failed: failed(f), Rate: fmt.Sprintf("%.0f", f.PerSecond), P50: millis(f.P50), P99: millis(f.P99),
		}
		if f.Verdict != hunt.Clean {
			row.Why = f.Why
			if f.Decides != "" {
				row.Why += "; to decide it: " + f.Decides
			}
		}
		rows = append(rows, row)
	}
	var comparisons []pageComparison
	for _, c := range r.Comparisons {
		comparisons = append(comparisons, pageComparison{
			c.Endpoint, string(c.Change), kept(c.Leak), string(c.Pace),
			figure(c.A, "%.0f"), figure(c.B, "%.0f"), figure(c.Speed, "%.3f"), c.Why,
		})
	}
	var b bytes.Buffer
	err = page.Execute(&b, map[string]any{
		"Summary": r.Summary, "Blocks": r.Blocks, "Took": roundly(r.Took), "Rounds": r.Rounds, "Seed": r.Seed,
		"Smallest": amount(r.Smallest), "Detectable": detectable, "Pair": r.pair(),
		"Rows": rows, "Comparisons": comparisons, "Forest": forest(r), "Charts": huntCharts(r), "Notes": r.Notes,
	})
	if err == nil {
		err = os.WriteFile(name, b.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
