package picture_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/table"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/render/figure"
	"github.com/stanch-dev/stanch/internal/telemetry/render/picture"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// look keeps what the tests draw: go test ./internal/telemetry/render/picture -look DIR
var look = flag.String("look", "", "directory to leave the pictures in, to be looked at")

func keep(t *testing.T, name string, data []byte) {
	t.Helper()
	if *look != "" {
		if err := os.WriteFile(filepath.Join(*look, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryKindOfChartIsDrawn(t *testing.T) {
	var all []*table.Result
	for name, result := range samples() {
		all = append(all, result)
		f, err := figure.Of(result)
		if err != nil {
			t.Errorf("figure.Of(%s): %v", name, err)
			continue
		}
		var out bytes.Buffer
		if err := picture.PNG(&out, f); err != nil {
			t.Errorf("PNG(%s): %v", name, err)
		}
		keep(t, name+".png", out.Bytes())
		img, err := png.Decode(&out)
		if err != nil {
			t.Errorf("PNG(%s) is read back with %v", name, err)
			continue
		}
		// The first series' colour is somewhere on it.
		found := bytes.Count(pixels(t, img), []byte{0x23, 0x64, 0xd2, 0xff})
		if found < 50 && name != "scatter" { // its points let each other through
			t.Errorf("PNG(%s): %d pixels are of the first series' colour, want at least 50", name, found)
		}
	}
	var out bytes.Buffer
	err := picture.Page(&out, picture.Document{
		Title: "Every kind of chart", Query: "requests\n| where success == false\n| summarize count() by bin(timestamp, 5m) // <b>",
		Results: all, Source: "from /var/lib/stanch",
		Warnings: []table.Warning{{Code: "KS142", Message: "total is an alias of the same summarize", Instead: "| summarize total = count() | extend rate = 100.0 * failures / total"}},
	})
	if err != nil {
		t.Fatalf("Page: %v", err)
	}
	keep(t, "page.html", out.Bytes())
}

func pixels(t *testing.T, img image.Image) []byte {
	t.Helper()
	switch img := img.(type) {
	case *image.RGBA:
		return img.Pix
	case *image.NRGBA:
		return img.Pix
	}
	t.Fatalf("the picture is read as %T, want one of 8 bits a colour", img)
	return nil
}

func TestAPageNeedsNothingElseAndRunsNoScript(t *testing.T) {
	hostile := `"><script>alert(1)</script>&<img src=x onerror=1>`
	r := &table.Result{
		Columns: []schema.Column{{Name: "x" + hostile, Type: schema.String}, {Name: "n" + hostile, Type: schema.Long}},
		Rows:    [][]value.Value{{value.String(hostile), value.Long(1)}, {value.String("\x00\xff"), value.Long(2)}},
		Chart:   chart("columnchart", "title", hostile),
	}
	pie := &table.Result{Columns: r.Columns, Rows: r.Rows, Chart: chart("piechart", "title", hostile)}
	bars := &table.Result{Columns: r.Columns, Rows: r.Rows, Chart: chart("barchart", "title", hostile)}
	var out strings.Builder
	if err := picture.Page(&out, picture.Document{Query: hostile, Source: hostile, Results: []*table.Result{r, pie, bars}, Warnings: []table.Warning{{Code: hostile, Message: hostile, Instead: hostile}}}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, bad := range []string{"<script", "<img", "<link", "@import", "url(", "src=x o"} {
		if strings.Contains(strings.ReplaceAll(page, "&lt;img src=x onerror", ""), bad) {
			t.Errorf("Page with %q contains %q", hostile, bad)
		}
	}
	for _, outside := range strings.Split(page, "http")[1:] {
		if !strings.HasPrefix(outside, "://www.w3.org/2000/svg") {
			t.Errorf("Page refers to http%.40s", outside)
		}
	}
	// The drawings are well-formed on their own.
	for i, part := range strings.Split(page, "<svg ")[1:] {
		drawing, _, _ := strings.Cut(part, "</svg>")
		d := xml.NewDecoder(strings.NewReader("<svg " + drawing + "</svg>"))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("drawing %d is no XML: %v", i, err)
				break
			}
		}
	}
}
