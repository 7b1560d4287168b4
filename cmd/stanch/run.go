package main

import (
	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/app"
	"github.com/stanch-dev/stanch/internal/config"
)

func runCommand(w world) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] -- command [arguments]",
		Short: "guard a worker, and feed it if it is a function app",
		Long: `run starts the worker, serves its clients in front of it, watches its memory,
and replaces it before the kernel would kill it.

{port} in the command, and PORT in its environment, is the port that an instance
of the worker has to listen on, on 127.0.0.1; {socket}, and SOCKET, a Unix socket
instead. A worker that can't be told takes --worker-port.

In the folder of a function app (host.json), without a command, run starts the
app's worker and feeds it: from queues, blobs, timers and HTTP, only as far as the
worker's memory holds. With functions in stanch.yaml, it feeds any web server: work is
posted to paths of its own, and its clients reach it as always.`,
		Example: `  stanch run -- gunicorn -b 127.0.0.1:{port} app:app
  stanch run --listen :8080 --memory-limit 256MiB -- python app.py --port {port}
  stanch run --worker-port 3000 --ready http:/health -- node server.js
  cd my-function-app && stanch run`,
	}
	s := addSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		read := func() (config.Run, error) {
			cfg, err := s.read(w.environ, args)
			if err == nil {
				lookForApp(&cfg)
				err = cfg.Check()
			}
			if err != nil {
				return cfg, &codedError{code: exitUsage, err: err}
			}
			return cfg, nil
		}
		cfg, err := read()
		if err != nil {
			return err
		}
		return app.Run(cmd.Context(), app.Options{
			Config: cfg, Reload: read, Environ: w.environ, Stdout: w.stdout, Stderr: w.stderr, Version: version(),
		})
	}
	return cmd
}
