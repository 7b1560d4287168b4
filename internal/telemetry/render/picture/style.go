package picture

import (
	"fmt"
	"strings"
)

// style is the page's, with two colours for each ink: the reader's system says
// which.
func style() string {
	var light, dark, classes strings.Builder
	for i := inkPaper; i < inkSeries+ink(len(palette)); i++ {
		c := i.colours()
		fmt.Fprintf(&light, "--i%d:%s;", i, c.light)
		fmt.Fprintf(&dark, "--i%d:%s;", i, c.dark)
		fmt.Fprintf(&classes, ".f%[1]d,.t%[1]d{fill:var(--i%[1]d)}.s%[1]d{stroke:var(--i%[1]d)}", i)
	}
	return fmt.Sprintf(`
:root{%s}
@media (prefers-color-scheme:dark){:root{%s}}
@media print{:root{%[1]s}.rows{max-height:none!important}}
*{box-sizing:border-box}
body{margin:0;background:var(--i1);color:var(--i2);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1040px;margin:0 auto;padding:28px 24px 48px}
h1{font-size:22px;line-height:1.3;margin:0 0 6px}
pre{background:color-mix(in srgb,var(--i4) 45%%,var(--i1));border-radius:8px;padding:14px 16px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
.source{color:var(--i3);font-size:13px;margin:4px 0 14px}
.warning{border-left:4px solid var(--i7);background:color-mix(in srgb,var(--i7) 10%%,var(--i1));padding:8px 14px;border-radius:0 8px 8px 0;margin:10px 0}
section{margin-top:20px}
figure{margin:0 0 18px;border:1px solid var(--i4);border-radius:10px;overflow:hidden}
svg{display:block;width:100%%;height:auto;font-family:inherit;fill:none}
svg path{stroke-linejoin:round;stroke-linecap:round}
.b{font-weight:650}%[3]s
.spot rect{fill:transparent}.spot path{opacity:0;pointer-events:none}.spot:hover path{opacity:1}.spot .rule{stroke:var(--i3);stroke-width:1;stroke-dasharray:3 3}
.rows{overflow:auto;max-height:480px;border:1px solid var(--i4);border-radius:10px}
table{border-collapse:collapse;width:100%%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:6px 12px;border-bottom:1px solid var(--i4);vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;max-width:560px;min-width:70px}
tr:last-child td{border-bottom:0}
th{position:sticky;top:0;font-weight:650;background:color-mix(in srgb,var(--i4) 45%%,var(--i1))}
th small{display:block;font-weight:400;color:var(--i3)}
.n{text-align:right;white-space:nowrap}
`, light.String(), dark.String(), classes.String())
}
