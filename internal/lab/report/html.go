package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/stanch-dev/stanch/internal/telemetry/render/tabular"
)

// HTML is the report as one page: it needs no network, no other file and no script (a
// few lines of script copy queries where scripts run). It follows the reader's choice
// of light or dark, and fits a phone. The error is the template's.
func HTML(f *Findings) ([]byte, error) {
	t, err := template.New("report").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, f.page()); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	// Markup was escaped where it was written. What else could harm are characters that
	// turn the direction of writing, or are not seen.
	var out bytes.Buffer
	for line := range strings.Lines(strings.ReplaceAll(b.String(), "\t", "    ")) {
		out.WriteString(tabular.Visible(strings.TrimRight(line, "\r\n")))
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

func (f *Findings) page() *page {
	e := f.Experiment
	tracks := f.tracks()
	var trials, controls []*track
	for _, t := range tracks {
		if trial(t.Record) {
			trials = append(trials, t)
		} else {
			controls = append(controls, t)
		}
	}
	sum := sha256.Sum256([]byte(pageScript))
	p := &page{
		Name: e.Name, Claim: e.Hypothesis.Claim, Because: e.Hypothesis.Because,
		Headline: f.headline(), Facts: f.facts(), Notes: f.Notes, Phases: f.phaseRows(),
		Trials: f.runViews(trials), Controls: f.runViews(controls), Costs: f.costRows(trials),
		Compared: f.compared(), Events: f.eventViews(append(trials, controls...)),
		Style: pageStyle, Script: pageScript, ScriptSum: base64.StdEncoding.EncodeToString(sum[:]),
	}
	if s := e.Version.Speed; s > 0 && s != 1 {
		p.Speed = number(s)
	}
	if c := e.Compare; c != nil {
		p.A, p.B = c.A, c.B
	}
	if v := f.judged(); v != nil {
		p.Next, p.Causes = v.Next, v.Causes
		if len(v.Repeats) > 1 && !f.onlyCompared() {
			for _, r := range v.Repeats {
				p.Repeats = append(p.Repeats, repeatView{r.Repeat, r.Outcome, f.tally(r.Repeat)})
			}
		}
		for _, g := range []cardGroup{
			{"Proof", "All of these have to hold.", f.cards(Proof)},
			{"Disproof", "One of these that holds is enough against the claim. One that is not established says nothing for it.", f.cards(Disproof)},
		} {
			if len(g.Cards) > 0 {
				p.Groups = append(p.Groups, g)
			}
		}
		p.Checks, p.Gates = f.cards(Control), f.gateRows()
	}
	p.Queries, p.Own, p.Left = f.queryViews()
	return p
}

// pageScript adds a button to each query that copies it; the page does without.
const pageScript = `for (const pre of document.querySelectorAll("pre.kql")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "copy";
  button.onclick = () => {
    const range = document.createRange();
    range.selectNodeContents(pre);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (navigator.clipboard) navigator.clipboard.writeText(pre.textContent).then(() => { button.textContent = "copied"; });
  };
  pre.before(button);
}
`

const pageTemplate = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{{.ScriptSum}}'; base-uri 'none'; form-action 'none'">
<title>{{.Headline.Words}}: {{.Name}}, stanch lab</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<header>
<p class="kicker">stanch lab · {{.Name}}</p>
<h1>{{.Claim}}</h1>
{{with .Because}}<p class="because">Because: {{.}}</p>
{{end}}<div class="verdict {{.Headline.Class}}">
<p class="word"><span class="mark" aria-hidden="true">{{.Headline.Mark}}</span> {{.Headline.Words}}</p>
<p>{{.Headline.Lead}}</p>
{{with .Headline.Why}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>
{{end}}{{with .Headline.Own}}<details><summary>in the verdict's own words</summary><ul>{{range .}}<li>{{.}}</li>{{end}}</ul></details>
{{end}}{{with .Causes}}<p><b>Other causes that the signals point to:</b></p><ul>{{range .}}<li>{{.}}</li>{{end}}</ul>
{{end}}{{with .Next}}<p><b>What would decide it:</b> {{.}}.</p>
{{end}}{{with .Repeats}}<ul class="repeats">{{range .}}<li>Repeat {{.Repeat}} by itself: <b>{{.Outcome}}</b>; {{.Text}}</li>{{end}}</ul>
{{end}}</div>
{{with .Notes}}<div class="notes"><p><b>What could not be read</b></p><ul>{{range .}}<li>{{.}}</li>{{end}}</ul></div>
{{end}}<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}</dd></div>{{end}}</dl>
</header>
{{with .Groups}}<section id="criteria">
<h2>The criteria, and their evidence</h2>
<p class="meta">A dot is what was found, the bar its interval, the upright line what it is held against. The criterion holds where the ground is tinted. A number without a bar was read, not estimated.</p>
{{range .}}{{template "group" .}}{{end}}</section>
{{end}}{{if and .Compared (not .Groups)}}{{template "compared" .}}{{end}}<section id="timeline">
<h2>The timeline</h2>
{{with .Speed}}<p class="meta">It ran {{.}} times as fast as it is written. Times are those of the clock on the wall.</p>
{{end}}<div class="scroll"><table class="phases"><thead><tr><th>phase</th><th>time</th>{{if not .A}}<th>variant</th>{{end}}<th>load</th><th>at its start</th></tr></thead><tbody>
{{range .Phases}}<tr><td><b>{{.Index}}</b> {{.Name}}{{if not .Judged}} <span class="meta">(not judged)</span>{{end}}</td><td class="nw">{{.Time}}</td>{{if not $.A}}<td>{{.Variant}}</td>{{end}}<td>{{.Load}}</td><td>{{.Do}}</td></tr>
{{end}}</tbody></table></div>
{{if .Trials}}<div class="runs{{if gt (len .Trials) 1}} several{{end}}">{{range .Trials}}{{template "run" .}}{{end}}</div>
{{else}}<p>No run of the experiment itself is there.</p>
{{end}}{{with .Controls}}<details><summary>Controls</summary><div class="runs several">{{range .}}{{template "run" .}}{{end}}</div></details>
{{end}}</section>
{{with .Costs}}<section id="cost">
<h2>What a request costs</h2>
<p class="meta">By phase and variant, of all runs of the experiment. Kept a request is by how much the floor of the memory in use rose within a process, over the requests in that time: read, not estimated, and no more than a first look where criteria judge growth.</p>
<div class="scroll"><table class="cost"><thead><tr><th>phase</th><th>variant</th><th class="n">requests</th><th class="n">a second</th><th class="n">failed</th><th class="n">mean time</th><th class="n">p50</th><th>p95</th><th class="n">in use, median</th><th>in use, highest</th><th class="n">kept a request</th></tr></thead><tbody>
{{range .}}<tr><td>{{.Phase}}</td><td>{{.Variant}}</td><td class="n">{{.Requests}}</td><td class="n">{{.Rate}}</td><td class="n">{{.Failed}}</td><td class="n">{{.Mean}}</td><td class="n">{{.P50}}</td><td class="b">{{.P95}}<i style="width:{{.MsBar}}"></i></td><td class="n">{{.Used}}</td><td class="b">{{.Highest}}<i style="width:{{.UsedBar}}"></i></td><td class="n">{{.Kept}}</td></tr>
{{end}}</tbody></table></div>
</section>
{{end}}{{if and .Compared .Groups}}{{template "compared" .}}{{end}}{{if or .Checks .Gates}}<section id="instrument">
<h2>Controls and gates</h2>
{{with .Checks}}<h3>Controls</h3>
<p class="meta">They show that the instrument sees what is there, and nothing else.</p>
<div class="cards">{{range .}}{{template "card" .}}{{end}}</div>
{{end}}{{with .Gates}}<h3>Gates</h3>
<p class="meta">What has to be so for the evidence to mean anything.</p>
<div class="scroll"><table class="gates"><thead><tr><th>gate</th><th>window</th><th>run</th><th class="n">found</th><th>asked for</th><th></th></tr></thead><tbody>
{{range .}}<tr><td>{{.ID}}</td><td>{{.Window}}</td><td>{{.Who}}</td><td class="n">{{.Found}}</td><td class="nw">{{.Asked}}</td><td class="nw {{.Class}}">{{.Mark}} {{.Words}}</td></tr>
{{end}}</tbody></table></div>
{{end}}</section>
{{end}}{{with .Events}}<section id="events">
<h2>Events</h2>
{{range .}}<details><summary>{{.Title}}</summary>
<div class="scroll"><table class="events"><thead><tr><th class="n">at</th><th>what</th><th></th></tr></thead><tbody>
{{range .Rows}}<tr><td class="n">{{.At}}</td><td class="nw {{.Class}}">{{.Kind}}</td><td class="text">{{.Text}}</td></tr>
{{end}}</tbody></table></div>{{with .Left}}<p class="meta">{{.}}</p>{{end}}</details>
{{end}}</section>
{{end}}{{if or .Queries .Own}}<section id="queries">
<h2>Queries</h2>
<p class="meta">Each saw the rows of its window alone: those from the first moment to before the second one. To ask again, <code>stanch query --from BUNDLE/runs/01/telemetry 'KQL'</code>, with <code>| where timestamp &gt;= … and timestamp &lt; …</code> behind each table.</p>
{{range .Queries}}{{template "query" .}}{{end}}{{with .Own}}<details><summary>Asked for this report</summary>{{range .}}{{template "query" .}}{{end}}</details>
{{end}}{{with .Left}}<p class="meta">{{.}}</p>{{end}}</section>
{{end}}<section id="again">
<h2>Compute it again</h2>
<pre>stanch lab verify BUNDLE</pre>
<p>It takes the raw evidence of the bundle, makes every number, the verdict and this page anew, and compares them byte for byte. A file that was changed is named.</p>
</section>
</main>
<script>{{.Script}}</script>
</body>
</html>
{{define "compared"}}<section id="comparison">
<h2>{{$.B}} against {{$.A}}</h2>
<p class="meta">By how much {{$.B}} lies above (+) or below (−) {{$.A}}, as a share of {{$.A}}, over pairs of runs under the same load. Within the tinted ground the difference does not matter.</p>
<div class="cards">{{range .Compared}}<article class="card {{.Class}}"><h4><span class="mark" aria-hidden="true">{{.Mark}}</span> {{.Name}} <span class="state">{{.Change}}</span></h4>
<p>{{.Says}}</p>
<div class="res"><div class="pic">{{.Picture}}</div><div><p>{{with .Estimate}}<b>{{.}}</b>{{end}}{{.Why}}</p><p class="meta">{{with .Asked}}{{.}} · {{end}}{{with .Expect}}expected: {{.}} · {{end}}{{with .Window}}in {{.}} · {{end}}{{.N}} pairs</p>{{with .Told}}<p class="meta">{{.}}.</p>{{end}}</div></div></article>
{{end}}</div>
</section>
{{end}}{{define "group"}}<h3>{{.Title}}</h3>
<p class="meta">{{.Text}}</p>
<div class="cards">{{range .Cards}}{{template "card" .}}{{end}}</div>
{{end}}{{define "card"}}<article class="card {{.Class}}"><h4><span class="mark" aria-hidden="true">{{.Mark}}</span> {{.ID}} <span class="state">{{.Words}}</span></h4>
{{with .Says}}<p>{{.}}</p>
{{end}}<p class="meta">{{.Measured}}, in {{.Window}}{{with .Bound}}: {{.}}{{end}}</p>
{{range $r := .Rows}}<div class="res"><div class="pic">{{.Picture}}</div><div><p>{{with .Who}}{{.}}: {{end}}{{with .Estimate}}<b>{{.}}</b> {{end}}{{with .Words}}<span class="nw {{$r.Class}}">{{$r.Mark}} {{.}}</span> {{end}}{{.Why}}</p><p class="meta">{{with .Asked}}asked for: {{.}} · {{end}}{{with .N}}n {{.}} · {{end}}{{.Inputs}}</p>{{with .Told}}<p class="meta">{{.}}.</p>{{end}}</div></div>
{{end}}</article>
{{end}}{{define "run"}}<article class="run" id="{{.ID}}"><h3>{{.Title}}</h3>
{{with .Why}}<p class="no">{{.}}</p>
{{end}}{{.Lanes}}</article>
{{end}}{{define "query"}}<details class="query"><summary><b>{{.ID}}</b> <span class="meta">{{.Part}}</span></summary>
{{if .Left}}<p class="meta">{{.Left}}</p>{{else}}<pre class="kql">{{.KQL}}</pre>{{end}}
{{range .Answers}}<p class="meta">{{.Title}}</p>
{{with .Problem}}<p class="no">{{.}}</p>
{{end}}{{if .Rows}}<div class="scroll"><table><thead><tr>{{range .Columns}}<th>{{.}}</th>{{end}}</tr></thead><tbody>
{{range .Rows}}<tr>{{range .}}<td class="{{.Class}}">{{.Text}}</td>{{end}}</tr>
{{end}}</tbody></table></div>
{{end}}{{with .Left}}<p class="meta">{{.}}</p>
{{end}}{{end}}</details>
{{end}}`
