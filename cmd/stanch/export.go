package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/telemetry/export"
	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
)

func exportCommand(w world) *cobra.Command {
	var from, tables []string
	var format, out, since, until string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "export [flags]",
		Short: "write the telemetry as files for other programs",
		Long: `export writes each table that has rows to a file of its name: requests.json as
az monitor app-insights query prints it, requests.csv, or requests.parquet for
DuckDB, pandas and Spark. stanch query --from reads the first two again.`,
		Example: "  stanch export --out evidence\n  stanch export --format parquet --out evidence --since 6h --table requests --table traces\n  stanch export --from /var/lib/stanch --format csv --out evidence --since 2026-04-05T01:00:00Z --until 2026-04-05T03:00:00Z",
		Args:    noArguments,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&format, "format", string(export.AppInsights), "appinsights, csv or parquet")
	flags.StringArrayVar(&from, "from", nil, "data directory, or files or a directory of files (default: what run recorded)")
	flags.StringVarP(&out, "out", "o", "", "directory to write to")
	flags.StringArrayVar(&tables, "table", nil, "a table to write; may be repeated (default: all)")
	flags.StringVar(&since, "since", "", "leave out what is older: a moment, or an age such as 6h or 2d")
	flags.StringVar(&until, "until", "", "leave out what is younger: a moment, or an age")
	flags.BoolVar(&asJSON, "json", false, "print what was written as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o := export.Options{Format: export.Format(format), Tables: tables, To: value.MaxDatetime}
		var errs []error
		if !slices.Contains(export.Formats(), o.Format) {
			errs = append(errs, fmt.Errorf("--format: no format is called %q; there are appinsights, csv, parquet", format))
		}
		if out == "" {
			errs = append(errs, errors.New("--out is not given\nhint: name the directory to write to"))
		}
		now := value.Ticks(time.Now())
		if since != "" {
			errs = append(errs, moment("--since", since, now, &o.From))
		}
		if until != "" {
			errs = append(errs, moment("--until", until, now, &o.To))
		}
		if err := errors.Join(errs...); err != nil {
			return &codedError{code: exitUsage, err: err}
		}
		source, err := openQuerySource(w, from)
		if err != nil {
			return err
		}
		defer func() { _ = source.close() }()
		if source.empty() {
			return usage(errors.New("there is nothing to export"), "%s", source.why)
		}
		names := []string{}
		for _, t := range source.Tables() {
			names = append(names, t.Name)
		}
		for _, name := range tables {
			if !slices.Contains(names, name) {
				return usage(fmt.Errorf("there is no table %s", name), "there are %s", strings.Join(names, ", "))
			}
		}
		aside(64 << 20)
		written, err := export.Tables(cmd.Context(), source, out, o)
		(&asker{w: w}).warn(source.warnings())
		if err != nil {
			return err
		}
		if asJSON {
			if written == nil {
				written = []export.Written{}
			}
			return json.NewEncoder(w.stdout).Encode(written)
		}
		if len(written) == 0 {
			fmt.Fprintln(w.stderr, "stanch: no table has rows of that time")
		}
		t := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		for _, f := range written {
			fmt.Fprintf(t, "%s\t%s\n", f.File, plural(int(f.Rows), "row"))
		}
		return t.Flush()
	}
	return cmd
}

// moment reads a moment, or an age before now.
func moment(flag, text string, now int64, to *int64) error {
	if ticks, ok := value.ParseDatetime(text); ok {
		*to = ticks
		return nil
	}
	if age, ok := value.ParseTimespan(text); ok && strings.ContainsAny(text, "dhms:") {
		*to = now - age
		return nil
	}
	return fmt.Errorf("%s: %q is neither a moment, such as 2026-04-05T01:30:00Z, nor an age, such as 6h", flag, text)
}
