package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/config"
	"github.com/stanch-dev/stanch/internal/work/view"
)

func invokeCommand(w world) *cobra.Command {
	var data, file, admin string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "invoke NAME",
		Short: "send one event to a function, print the answer and the log lines",
		Long: `invoke calls one function of a stanch that runs on this machine, as its trigger
would, and waits for it. What triggers it is given with --data or --file: a message
of a queue, the name of a blob as container/path, the body of a request; a timer
needs nothing. Its outputs are written as always.

The answer goes to stdout, the function's log lines to stderr.`,
		Example: `  stanch invoke resize --data '{"picture": "cat.jpg"}'
  stanch invoke thumbnails --data images/2026/cat.jpg
  stanch invoke import --file order.json --json
  stanch invoke nightly --admin 127.0.0.1:9091`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(fmt.Errorf("invoke takes the name of one function, not %d", len(args)), "`%s --help` shows how it is used", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := adminAddress(w, admin)
			if err != nil {
				return err
			}
			payload, contentType, err := openPayload(w, cmd, data, file)
			if err != nil {
				return err
			}
			defer payload.Close()
			answer, err := invoke(cmd.Context(), w, address, args[0], payload, contentType)
			if err != nil {
				return err
			}
			return printAnswer(w, args[0], answer, asJSON)
		},
	}
	cmd.Flags().StringVarP(&data, "data", "d", "", "what triggers the function: JSON or any text")
	cmd.Flags().StringVarP(&file, "file", "f", "", "file that has it; - for stdin")
	cmd.Flags().StringVar(&admin, "admin", "", "address of the running stanch (default: the one that run chooses)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the answer as one JSON object, log lines included")
	return cmd
}

// adminAddress is where a stanch of this machine listens: what was given, else
// what run would take from the environment and the file here.
func adminAddress(w world, given string) (string, error) {
	if given == "" {
		cfg := config.Default()
		if err := cfg.File("stanch.yaml"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", &codedError{code: exitUsage, err: err}
		}
		given = cfg.Admin
		for _, pair := range w.environ {
			if value, ok := cutVariable(pair, "STANCH_ADMIN"); ok {
				given = value
			}
		}
	}
	if strings.HasPrefix(given, "unix:") {
		return given, nil
	}
	host, port, err := net.SplitHostPort(given)
	if err != nil {
		return "", usage(fmt.Errorf("address %q of the running stanch: %w", given, err), "HOST:PORT or unix:PATH, as in --admin 127.0.0.1:9090")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// openPayload is what triggers the function, and what kind of content it is.
func openPayload(w world, cmd *cobra.Command, data, file string) (io.ReadCloser, string, error) {
	switch {
	case file != "" && cmd.Flags().Changed("data"):
		return nil, "", usage(errors.New("--data and --file are given both"), "one of them says what triggers the function")
	case file == "-":
		return io.NopCloser(w.stdin), "application/octet-stream", nil
	case file != "":
		f, err := os.Open(file)
		if err != nil {
			return nil, "", usage(fmt.Errorf("open the payload: %w", err), "--file names a file that is there, or - for stdin")
		}
		kind := mime.TypeByExtension(filepath.Ext(file))
		if kind == "" {
			kind = "application/octet-stream"
		}
		return f, kind, nil
	case !cmd.Flags().Changed("data"):
		return http.NoBody, "", nil
	case json.Valid([]byte(data)):
		return io.NopCloser(strings.NewReader(data)), "application/json", nil
	}
	return io.NopCloser(strings.NewReader(data)), "text/plain; charset=utf-8", nil
}

// slow is after how long it is said that the function is waited for.
const slow = 2 * time.Second

// invoke posts the payload and waits for the answer. The error says why the
// function was not invoked.
func invoke(ctx context.Context, w world, address, name string, payload io.Reader, contentType string) (view.Answer, error) {
	// No proxy: stanch is on this machine, and takes nothing that came through one.
	transport, host := &http.Transport{}, address
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		host = "localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	client := &http.Client{Transport: transport}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+host+"/functions/"+url.PathEscape(name), payload)
	if err != nil {
		return view.Answer{}, fmt.Errorf("invoke %s: %w", name, err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	type outcome struct {
		answer view.Answer
		err    error
	}
	ended := make(chan outcome, 1)
	go func() {
		answer, err := post(client, r)
		ended <- outcome{answer, err}
	}()
	late := time.NewTimer(slow)
	defer late.Stop()
	for {
		select {
		case o := <-ended:
			if o.err != nil {
				return o.answer, fmt.Errorf("invoke %s: %w", name, o.err)
			}
			return o.answer, nil
		case <-late.C:
			fmt.Fprintf(w.stderr, "stanch: %s runs\n", name)
		}
	}
}

// mostAnswered bounds an answer: stanch cuts outputs and log lines long before.
const mostAnswered = 64 << 20

func post(client *http.Client, r *http.Request) (a view.Answer, err error) {
	response, err := client.Do(r)
	if err != nil {
		var refused *net.OpError
		if errors.As(err, &refused) && refused.Op == "dial" {
			return a, fmt.Errorf("%w\nhint: is stanch run at work on this machine? --admin HOST:PORT says where it listens", refused)
		}
		return a, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostAnswered))
	if err != nil {
		return a, fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var problem struct{ Error, Hint string }
		if json.Unmarshal(body, &problem) != nil || problem.Error == "" {
			return a, fmt.Errorf("%s answers %s\nhint: --admin HOST:PORT says where stanch listens", r.URL.Host, response.Status)
		}
		if problem.Hint != "" {
			problem.Error += "\nhint: " + problem.Hint
		}
		return a, errors.New(problem.Error)
	}
	if err := json.Unmarshal(body, &a); err != nil || a.Status == "" {
		return a, fmt.Errorf("%s does not answer as stanch does\nhint: --admin HOST:PORT says where stanch listens", r.URL.Host)
	}
	return a, nil
}

// printAnswer prints what came of it. A function that failed is an error.
func printAnswer(w world, name string, a view.Answer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(a); err != nil {
			return err
		}
	} else {
		for _, l := range a.Logs {
			fmt.Fprintf(w.stderr, "%s %-11s %s\n", l.At.UTC().Format("15:04:05.000"), l.Level, l.Text)
		}
		if err := printOutput(w.stdout, a.Output); err != nil {
			return err
		}
	}
	if a.Status != view.Succeeded {
		return fmt.Errorf("function %s failed after %.1f ms: %s", name, a.DurationMs, strings.TrimPrefix(a.Error, "function failed: "))
	}
	return nil
}

// printOutput prints a text as it is, and everything else as JSON.
func printOutput(to io.Writer, output json.RawMessage) error {
	if len(output) == 0 {
		return nil
	}
	var text string
	if json.Unmarshal(output, &text) != nil {
		var b bytes.Buffer
		if err := json.Indent(&b, output, "", "  "); err != nil {
			return fmt.Errorf("read the function's output: %w", err)
		}
		text = b.String()
	}
	_, err := fmt.Fprintln(to, text)
	return err
}
