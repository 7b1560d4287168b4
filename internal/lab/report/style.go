package report

// pageStyle is the page's. Inks are told apart by more than their hue: curves by their
// dashes, decisions by their signs and words.
const pageStyle = `
:root{--paper:#fff;--text:#1b2026;--muted:#56616d;--line:#dde2e7;--panel:#f5f7f9;--tint:#eaf0f6;--blue:#1d5fc0;--orange:#b85500;--violet:#6a3fb5;--teal:#0b7285;--yes:#08684c;--no:#b3241c;--open:#855800;--calm:#56616d;--yesbg:#e4f3ec;--nobg:#fbe9e7;--openbg:#fbf2dc;--calmbg:#eef1f4}
@media (prefers-color-scheme:dark){:root{--paper:#13161a;--text:#e7eaed;--muted:#9da8b4;--line:#2d343c;--panel:#1a1e24;--tint:#1f262e;--blue:#7fb2ff;--orange:#ffab5e;--violet:#bfa3ff;--teal:#5fd0e4;--yes:#54d3a6;--no:#ff8f85;--open:#f0c258;--calm:#9da8b4;--yesbg:#12312a;--nobg:#3a1d1b;--openbg:#35290f;--calmbg:#20262d}}
@media print{.scroll{overflow:visible!important}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
main{max-width:1180px;margin:0 auto;padding:clamp(18px,4vw,48px) clamp(14px,4vw,40px) 64px}
h1{font-size:clamp(21px,3.4vw,32px);line-height:1.25;font-weight:650;margin:.1em 0 .5em;max-width:34em;overflow-wrap:anywhere}
h2{font-size:22px;line-height:1.3;margin:56px 0 8px;padding-top:14px;border-top:1px solid var(--line)}
h3{font-size:17px;margin:26px 0 4px}
h4{font-size:16px;margin:0 0 4px;overflow-wrap:anywhere}
p{margin:.35em 0;max-width:75em}ul{margin:.35em 0;padding-left:1.3em}li{margin:.25em 0;overflow-wrap:anywhere}
.kicker{color:var(--muted);font-size:14px;letter-spacing:.02em;margin:0}.because{color:var(--muted);max-width:60em}
.meta{color:var(--muted);font-size:14px;overflow-wrap:anywhere}
.yes{color:var(--yes)}.no{color:var(--no)}.open{color:var(--open)}.calm,.none{color:var(--calm)}
.verdict{color:var(--text);border-left:6px solid var(--calm);background:var(--calmbg);padding:14px 20px;border-radius:0 10px 10px 0;margin:18px 0;overflow-wrap:anywhere}
.verdict .word{font-size:clamp(24px,4vw,34px);font-weight:700;line-height:1.2;margin:0 0 6px;color:var(--calm)}
.verdict.yes{border-color:var(--yes);background:var(--yesbg)}.verdict.yes .word{color:var(--yes)}
.verdict.no{border-color:var(--no);background:var(--nobg)}.verdict.no .word{color:var(--no)}
.verdict.open{border-color:var(--open);background:var(--openbg)}.verdict.open .word{color:var(--open)}
.repeats{font-size:14px;color:var(--muted)}
.notes{border:1px solid var(--open);border-radius:10px;padding:8px 16px;margin:14px 0;font-size:15px}
.facts{display:flex;flex-wrap:wrap;gap:8px 30px;margin:18px 0 0;font-size:14px}.facts div{max-width:100%}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr));gap:14px;margin:12px 0}
.card{color:var(--text);border:1px solid var(--line);border-left:4px solid var(--calm);border-radius:4px 10px 10px 4px;padding:12px 16px;min-width:0}
.card.yes{border-left-color:var(--yes)}.card.no{border-left-color:var(--no)}.card.open{border-left-color:var(--open)}
.card .mark{display:inline-block;min-width:1.1em;font-weight:700}.card.yes .mark,.card.yes .state{color:var(--yes)}.card.no .mark,.card.no .state{color:var(--no)}.card.open .mark,.card.open .state{color:var(--open)}
.state{font-weight:400;color:var(--calm)}
.res{border-top:1px solid var(--line);margin-top:8px;padding-top:8px;font-size:15px}.res p{margin:.15em 0;overflow-wrap:anywhere}
.iv{position:relative;height:16px;background:var(--panel);border-radius:4px;overflow:hidden}.iv i{position:absolute;top:0;bottom:0}
.iv .ok{background:repeating-linear-gradient(135deg,var(--yesbg) 0 5px,var(--tint) 5px 7px)}
.iv .th{width:2px;margin-left:-1px;background:var(--text)}
.iv .bar{top:6px;bottom:6px;min-width:2px;background:var(--calm);border-radius:2px}.iv .dot{top:3px;bottom:3px;width:10px;margin-left:-5px;border-radius:50%;background:var(--calm)}
.iv .yes{background:var(--yes)}.iv .no{background:var(--no)}.iv .open{background:var(--open)}
.ivs{position:relative;height:18px;font-size:12px;color:var(--muted);margin-bottom:2px}.ivs span{position:absolute;white-space:nowrap}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:8px;margin:10px 0;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:6px 12px;border-bottom:1px solid var(--line)}tr:last-child td{border-bottom:0}
th{font-weight:600;color:var(--muted);background:var(--panel);white-space:nowrap}
.n{text-align:right;white-space:nowrap}.nw{white-space:nowrap}.text{min-width:14em;overflow-wrap:anywhere;white-space:pre-wrap}
.phases{min-width:620px}.gates{min-width:560px}.events{min-width:520px}.events .n{width:5.5em}.events .nw{width:13em}.cost{min-width:880px}.cost th{white-space:normal;vertical-align:bottom}.cost th,.cost td{padding:6px 9px}
.cost .b{min-width:92px;white-space:nowrap}.cost .b i{display:block;height:5px;background:var(--blue);border-radius:2px;margin-top:2px}
details{margin:8px 0}summary{cursor:pointer;padding:4px 0;overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);border-radius:8px;padding:12px 14px;margin:6px 0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
button{float:right;margin:6px;font:12px system-ui,sans-serif;color:var(--text);background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:3px 10px;cursor:pointer}
.runs.several{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,500px),1fr));gap:10px 34px}.run{min-width:0}
.lanes{margin:8px 0 14px}
.lane{display:grid;grid-template-columns:64px minmax(0,1fr);column-gap:6px;margin-bottom:8px}
.lt{grid-column:2;margin:4px 0 2px;font-size:13px;line-height:1.5}.lt:empty{display:none}.lt b{font-weight:650}
.key{color:var(--muted);white-space:nowrap;margin-left:10px}.key svg{vertical-align:middle;margin-right:4px}
.y{position:relative;grid-column:1}.y span{position:absolute;right:2px;transform:translateY(50%);font-size:11.5px;line-height:1;color:var(--muted);white-space:nowrap}
.plot{position:relative;grid-column:2;min-width:0}.plot>svg{position:absolute;inset:0;width:100%;height:100%;background:var(--panel);border-radius:3px}
.under{grid-column:2;font-size:13px;color:var(--muted);margin:2px 0}
.bands{height:24px}.band{position:absolute;top:0;bottom:0;overflow:hidden;white-space:nowrap;font-size:12.5px;line-height:24px;padding-left:4px;background:var(--panel);border-left:1px solid var(--line)}
.band.alt{background:var(--tint)}.band.idle{color:var(--muted);font-style:italic}
.axis{height:20px}.axis span{position:absolute;transform:translateX(-50%);font-size:11.5px;color:var(--muted);white-space:nowrap}.axis span:first-child{transform:none}
.worker{height:26px}.gen{position:absolute;top:5px;height:16px;background:color-mix(in srgb,var(--blue) 32%,var(--paper));overflow:hidden;white-space:nowrap;font-size:11px;line-height:16px;text-indent:4px}.gen.alt{background:color-mix(in srgb,var(--blue) 55%,var(--paper))}
.ex{position:absolute;top:2px;font-size:15px;line-height:20px;font-weight:700;transform:translateX(-50%);text-shadow:0 0 2px var(--paper),0 0 2px var(--paper)}.ex.low{top:8px;font-size:10px}
.sig{position:relative;height:19px;margin-bottom:2px;background:var(--panel);border-radius:3px;overflow:hidden}.sig i{position:absolute;top:0;bottom:0;min-width:3px;background:var(--orange);opacity:.6}.sig span{position:relative;display:block;font-size:12.5px;line-height:18px;padding-left:5px;text-shadow:0 0 2px var(--paper),0 0 3px var(--paper)}
.hl{position:absolute;font-size:11.5px;line-height:13px;white-space:nowrap;color:var(--muted);padding:0 3px;text-shadow:0 0 2px var(--paper),0 0 2px var(--paper),0 0 3px var(--paper)}.hl.lim{color:var(--no)}
svg path{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:round}
svg .alt{fill:var(--tint)}svg .grid{stroke:var(--line)}
.s0{stroke:var(--blue);stroke-width:1.9}.s1{stroke:var(--orange);stroke-width:1.7;stroke-dasharray:5 4}.s2{stroke:var(--violet);stroke-width:1.7;stroke-dasharray:1 4}.s3{stroke:var(--teal);stroke-width:1.7;stroke-dasharray:8 3 1 3}
.limit{stroke:var(--no);stroke-width:2;stroke-dasharray:10 5}.alloc{stroke:var(--open);stroke-width:1.5;stroke-dasharray:2 3}.bound{stroke:var(--text);stroke-width:1.2;opacity:.75}
.exit{stroke:var(--no);stroke-width:1;opacity:.55}
svg .bad{fill:var(--no);opacity:.8}svg .fill{fill:var(--blue);opacity:.45}
@media (max-width:640px){.lane{grid-template-columns:52px minmax(0,1fr);column-gap:4px}.axis .odd{display:none}.y span{font-size:10.5px}h2{margin-top:40px}.key{margin-left:6px}}
`
