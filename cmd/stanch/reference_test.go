package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/config"
)

var update = flag.Bool("update", false, "write docs/reference/settings.md anew")

// The reference of the settings is made from the one list that there is.
func TestTheReferenceHasEverySetting(t *testing.T) {
	const file = "../../docs/reference/settings.md"
	var b strings.Builder
	b.WriteString("# Settings\n\nEach is a flag of `stanch run` and `stanch check`, a key of stanch.yaml and a variable:\n`--memory-limit 1GiB`, `memory-limit: 1GiB`, `STANCH_MEMORY_LIMIT=1GiB`. Flags win over\nvariables, variables over the file (`--config`, `STANCH_CONFIG`, else stanch.yaml where\nit is there). Sizes have units (KiB, MiB, GiB, kB, MB, GB), durations too (ms, s, m, h).\nAn unknown key and a value that can't be read are errors. *Live* ones are taken over\nby SIGHUP, the others need a restart. The file also has `command`, a list, and\n`functions` ([functions of a plain HTTP worker](functions-yaml.md)).\n")
	for _, group := range config.Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| setting | type | default | live | meaning |\n|---|---|---|---|---|\n", group)
		defaults := config.Default()
		for _, s := range config.Settings() {
			if s.Group != group {
				continue
			}
			v, live := s.Value(&defaults), ""
			if s.Live {
				live = "yes"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", s.Name, strings.ReplaceAll(v.Type(), "|", " or "), v, live, s.Usage)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s is not what the settings say: go test ./cmd/stanch -run Reference -update", file)
	}
}
