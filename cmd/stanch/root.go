package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// rootCommand has one line for each verb.
func rootCommand(w world) *cobra.Command {
	root := &cobra.Command{
		Use:   "stanch",
		Short: "stanch goes in front of a worker and makes its memory leak harmless",
		Long: `stanch goes in front of a worker of any language and makes its memory leak
harmless: it watches the worker's real memory, replaces a leaking worker before
the kernel kills it, loses no request, and says why when something did die.

Change the container's entrypoint from  python app.py
to                          stanch run -- python app.py`,
		Example: `  stanch run -- gunicorn -b 127.0.0.1:{port} app:app
  stanch run --memory-limit 256MiB --worker-port 3000 -- node server.js
  stanch check
  stanch postmortem show`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return cmd.Help()
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(
		runCommand(w),
		checkCommand(w),
		queryCommand(w),
		exportCommand(w),
		invokeCommand(w),
		queueCommand(w),
		blobCommand(w),
		trendCommand(w),
		huntCommand(w),
		labCommand(w),
		postmortemCommand(w),
		versionCommand(),
	)
	return root
}

// wrongFlag is the error of a flag that is not known, or has no such value.
func wrongFlag(cmd *cobra.Command, err error) error {
	return usage(err, "`%s --help` lists the flags", cmd.CommandPath())
}

// noArguments refuses arguments with a hint.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(errors.New("unexpected argument "+strings.Join(args, " ")), "`%s --help` shows how it is used", cmd.CommandPath())
}
