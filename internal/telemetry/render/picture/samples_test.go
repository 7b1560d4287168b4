package picture_test

import (
	"math"
	"math/rand/v2"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

func at(text string) int64 { ticks, _ := value.ParseDatetime(text); return ticks }

func chart(kind string, properties ...string) *table.Chart {
	c := &table.Chart{Kind: kind, Properties: map[string]string{}}
	for i := 0; i < len(properties); i += 2 {
		c.Properties[properties[i]] = properties[i+1]
	}
	return c
}

type col = schema.Column

// samples are results as an incident's queries give them, with each kind of chart.
func samples() map[string]*table.Result {
	random := rand.New(rand.NewPCG(1, 2))
	start := at("2026-04-05T01:30:00")
	memory := &table.Result{
		Columns: []col{{Name: "timestamp", Type: schema.Datetime}, {Name: "cloud_RoleInstance", Type: schema.String}, {Name: "private_bytes", Type: schema.Real}},
		Chart:   chart("timechart", "title", "Private bytes of the workers, 5 April"),
	}
	for i := range 240 {
		for w, name := range []string{"w1", "w2"} {
			v := float64(180<<20) + float64((i*(3+w)+60*w)%170)*float64(4<<20) + random.Float64()*2e7
			memory.Rows = append(memory.Rows, []value.Value{value.Datetime(start + int64(i)*value.Minute), value.String(name), value.Real(v)})
		}
	}
	latency := &table.Result{
		Columns: []col{{Name: "timestamp", Type: schema.Datetime}, {Name: "p50_duration", Type: schema.Real}, {Name: "p95_duration", Type: schema.Real}},
		Chart:   chart("timechart"),
	}
	for i := range 30 {
		y := 40 + 10*math.Sin(float64(i)/4)
		p95 := value.Real(y*3 + 900*math.Exp(-math.Pow(float64(i-20)/2, 2)))
		if i == 9 || i == 10 {
			p95 = value.Null
		}
		latency.Rows = append(latency.Rows, []value.Value{value.Datetime(start + int64(i)*5*value.Minute), value.Real(y), p95})
	}
	stacked := &table.Result{
		Columns: []col{{Name: "timestamp", Type: schema.Datetime}, {Name: "resultCode", Type: schema.String}, {Name: "count_", Type: schema.Long}},
		Chart:   chart("columnchart", "kind", "stacked", "title", "Requests by result code"),
	}
	for i := range 24 {
		for c, code := range []string{"200", "404", "500", "503"} {
			n := []int64{1200, 80, 20, 0}[c] + random.Int64N(60)
			if i > 14 && i < 19 {
				n = []int64{400, 60, 150, 820}[c]
			}
			stacked.Rows = append(stacked.Rows, []value.Value{value.Datetime(start + int64(i)*value.Hour), value.String(code), value.Long(n)})
		}
	}
	area := &table.Result{Columns: stacked.Columns, Rows: stacked.Rows, Chart: chart("stackedareachart", "title", "Requests by result code")}
	share := &table.Result{Columns: stacked.Columns, Rows: stacked.Rows, Chart: chart("areachart", "kind", "stacked100", "title", "Share of result codes")}
	routes := &table.Result{
		Columns: []col{{Name: "name", Type: schema.String}, {Name: "p95", Type: schema.Real}},
		Chart:   chart("barchart", "title", "p95 by operation", "ytitle", "p95 duration (ms)"),
	}
	for i, name := range []string{"GET /", "GET /orders/{id}", "POST /orders", "GET /reports/monthly/by-region/{region}/export.csv", "GET /health", "PUT /customers/{id}/addresses"} {
		routes.Rows = append(routes.Rows, []value.Value{value.String(name), value.Real(12.5 + float64(i*i)*131)})
	}
	columns := &table.Result{Columns: routes.Columns, Rows: routes.Rows, Chart: chart("columnchart")}
	grouped := &table.Result{
		Columns: []col{{Name: "region", Type: schema.String}, {Name: "failures", Type: schema.Long}, {Name: "successes", Type: schema.Long}},
		Chart:   chart("barchart"),
	}
	for i, name := range []string{"westeurope", "northeurope", "eastus", "日本東部"} {
		grouped.Rows = append(grouped.Rows, []value.Value{value.String(name), value.Long(int64(3 * i * i)), value.Long(int64(40 - 8*i))})
	}
	pie := &table.Result{Columns: []col{{Name: "cause", Type: schema.String}, {Name: "count_", Type: schema.Long}}, Chart: chart("piechart", "title", "Why workers ended")}
	for i, name := range []string{"frozen-at-limit", "kernel-oom", "exited-0", "crashed", "foreign-signal", "never-ready", "stanch-died", "unknown-sigkill", "other", "exited"} {
		pie.Rows = append(pie.Rows, []value.Value{value.String(name), value.Long(int64(600 / (i + 1) / (i + 1)))})
	}
	scatter := &table.Result{Columns: []col{{Name: "request_bytes", Type: schema.Long}, {Name: "growth_mb", Type: schema.Real}, {Name: "route", Type: schema.String}}, Chart: chart("scatterchart")}
	for i := range 150 {
		x := random.Float64() * 8e6
		scatter.Rows = append(scatter.Rows, []value.Value{value.Long(int64(x)), value.Real(x/3e5*(1+random.Float64()) + 2), value.String([]string{"/upload", "/resize"}[i%2])})
	}
	card := &table.Result{
		Columns: []col{{Name: "requests", Type: schema.Long}, {Name: "failed_pct", Type: schema.Real}, {Name: "p95_duration", Type: schema.Real}, {Name: "peak_bytes", Type: schema.Real}, {Name: "restarts", Type: schema.Long}},
		Rows:    [][]value.Value{{value.Long(1_284_001), value.Real(0.42), value.Real(318), value.Real(912 << 20), value.Long(3)}},
		Chart:   chart("card", "title", "The incident in figures"),
	}
	series := &table.Result{
		Columns: []col{{Name: "name", Type: schema.String}, {Name: "timestamp", Type: schema.Dynamic}, {Name: "avg_value", Type: schema.Dynamic}},
		Chart:   chart("timechart", "ymin", "0", "title", "make-series"),
	}
	for k, name := range []string{"heap", "rss"} {
		var xs, ys []value.Value
		for i := range 14 {
			xs = append(xs, value.Datetime(start+int64(i)*value.Day))
			ys = append(ys, value.Real(float64(100+20*k+i*i*(k+1))))
		}
		series.Rows = append(series.Rows, []value.Value{value.String(name), value.Array(xs), value.Array(ys)})
	}
	return map[string]*table.Result{
		"memory": memory, "latency": latency, "stacked": stacked, "area": area, "share": share, "routes": routes,
		"columns": columns, "grouped": grouped, "pie": pie, "scatter": scatter, "card": card, "series": series,
	}
}
