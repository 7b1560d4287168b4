package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stanch-dev/stanch/internal/config"
)

// settings are the flags of a verb that works with the configuration.
type settings struct {
	file  string
	flags *pflag.FlagSet
	given map[string]*string
}

// addSettings gives cmd a flag for each setting, and --config.
func addSettings(cmd *cobra.Command) *settings {
	s := &settings{flags: cmd.Flags(), given: map[string]*string{}}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVarP(&s.file, "config", "c", "", "configuration file (default: stanch.yaml, if it is there)")
	defaults := config.Default()
	for _, setting := range config.Settings() {
		value := setting.Value(&defaults)
		s.given[setting.Name] = cmd.Flags().String(setting.Name, value.String(), setting.Usage)
	}
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		fmt.Fprint(cmd.OutOrStderr(), usageText(cmd))
		return nil
	})
	return s
}

// usageText lists the flags by group, since there are too many for one list.
func usageText(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n\nExamples:\n%s\n", cmd.UseLine(), cmd.Example)
	for _, group := range config.Groups() {
		fmt.Fprintf(&b, "\n%s:\n", group)
		defaults := config.Default()
		for _, setting := range config.Settings() {
			if setting.Group != group {
				continue
			}
			value := setting.Value(&defaults)
			usage := setting.Usage
			if d := value.String(); d != "" && !strings.Contains(usage, "(default") {
				usage += " (default " + d + ")"
			}
			fmt.Fprintf(&b, "  --%-22s %s\n", setting.Name, usage)
		}
	}
	fmt.Fprintf(&b, "\nOther:\n  -c, --%-18s %s\n", "config", "configuration file (default: stanch.yaml, if it is there)")
	for _, name := range []string{"json", "help"} {
		if f := cmd.Flags().Lookup(name); f != nil {
			fmt.Fprintf(&b, "  --%-22s %s\n", f.Name, f.Usage)
		}
	}
	b.WriteString("\nEvery flag is a key of stanch.yaml too, and a variable: --memory-limit, memory-limit:, STANCH_MEMORY_LIMIT.\nFlags win over variables, variables over the file.\n")
	return b.String()
}

// lookForApp takes this folder for a function app if it looks like one, and nothing
// else says what to run.
func lookForApp(cfg *config.Run) {
	if cfg.App == "" && len(cfg.Command) == 0 && cfg.Functions.Empty() {
		if _, missing := os.Stat("host.json"); missing == nil {
			cfg.App = "."
		}
	}
}

// read puts the configuration together: file, then environment, then flags,
// then the command behind the dashes.
func (s *settings) read(environ, command []string) (config.Run, error) {
	cfg := config.Default()
	file, explicit := s.file, s.file != ""
	if !explicit {
		for _, pair := range environ {
			if value, ok := strings.CutPrefix(pair, "STANCH_CONFIG="); ok && value != "" {
				file, explicit = value, true
			}
		}
	}
	if file == "" {
		file = "stanch.yaml"
	}
	var errs []error
	if err := cfg.File(file); err != nil && (explicit || !os.IsNotExist(err)) {
		errs = append(errs, err)
	}
	errs = append(errs, cfg.Environment(environ))
	for _, setting := range config.Settings() {
		if s.flags.Changed(setting.Name) {
			if err := setting.Value(&cfg).Set(*s.given[setting.Name]); err != nil {
				errs = append(errs, fmt.Errorf("--%s: %w", setting.Name, err))
			}
		}
	}
	if len(command) > 0 {
		cfg.Command = command
	}
	if err := errors.Join(errs...); err != nil {
		return cfg, &codedError{code: exitUsage, err: err}
	}
	return cfg, nil
}
