package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/stanch-dev/stanch/internal/bytesize"
	"github.com/stanch-dev/stanch/internal/hunt"
	"github.com/stanch-dev/stanch/internal/hunt/drive"
)

// huntRequest is what the flags of hunt say.
type huntRequest struct {
	at, container, metrics, stanch string
	pid                            int
	file, openapi                  string
	recorded                       bool
	from                           []string
	unsafe, list                   bool
	collect                        []string
	smallest                       string
	most                           time.Duration
	seed                           uint64
	keys                           []string
	drive                          drive.Config
	vs                             string
	port                           int
	ready                          string
	start                          time.Duration
	asJSON                         bool
	page                           string

	command []string // of the worker that is to be started
	least   bytesize.Size
}

func huntCommand(w world) *cobra.Command {
	var q huntRequest
	cmd := &cobra.Command{
		Use:   "hunt [flags] ENDPOINT... [-- command args...]",
		Short: "which endpoint leaks, and how much a request",
		Long: `hunt finds the endpoint that leaks. It drives a worker's endpoints apart, one at a
time, in an order drawn by lot, lets the worker collect and come to rest in between,
and says for each: bytes a request with a 95 % interval, managed or native, requests a
second, p50 and p99. It stops as soon as it knows.

The worker is started for the hunt (a command after --, which gets its port as run gives
it), or runs already: then --pid, --container, --metrics or --stanch says how its memory
is read. An endpoint is a path or a URL, with a method in front and a body behind it if
need be; {name} in it is another value in each request. Endpoints may come out of a
file, an OpenAPI document or recorded requests too.

--vs starts a second command and puts both under the same load, block by block: what
does the change do to the leak, and to the speed?

Exit codes: 0 none leaks, 3 a leak, 4 undecided. Ctrl-C ends it with what is known.`,
		Example: `  stanch hunt /orders/{id} /export -- python app.py --port {port}
  stanch hunt --pid 4711 http://127.0.0.1:8000/orders 'POST http://127.0.0.1:8000/cart {"item": {id}}'
  stanch hunt --openapi api.yaml --report hunt.html -- ./server
  stanch hunt /export --vs './server-fixed' -- ./server`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, q.command = args[:dash], args[dash:]
			}
			return runHunt(cmd.Context(), w, q, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&q.at, "at", "", "where a worker that runs takes requests, as http://127.0.0.1:8000, for endpoints that are paths")
	flags.IntVar(&q.pid, "pid", 0, "read the memory of this process and all below it")
	flags.StringVar(&q.container, "container", "", "read the memory of the container with this id")
	flags.StringVar(&q.metrics, "metrics", "", "where the worker tells its heap to Prometheus, a path or a URL; without another way its memory is read there too (default /metrics, if it is there)")
	flags.StringVar(&q.stanch, "stanch", "", "read the memory from the stanch in front of the worker, by its admin address, as 127.0.0.1:9090")
	flags.StringVar(&q.file, "file", "", "endpoints out of a YAML file")
	flags.StringVar(&q.openapi, "openapi", "", "endpoints out of an OpenAPI 3 document")
	flags.BoolVar(&q.recorded, "recorded", false, "the most frequent endpoints of the requests that run recorded")
	flags.StringArrayVar(&q.from, "from", nil, "the data directory or files with the recorded requests")
	flags.BoolVar(&q.unsafe, "unsafe", false, "of a document or of recorded requests, drive POST, PUT, PATCH and DELETE too")
	flags.BoolVar(&q.list, "list", false, "print the endpoints that would be driven, and end")
	flags.StringArrayVar(&q.keys, "key", nil, "values of a parameter: id=200 (numbers from 1), id=unique, id=a,b,c (default 1000)")
	flags.StringArrayVar(&q.drive.Header, "header", nil, "sent with each request, as 'Name: value'")
	flags.StringArrayVar(&q.collect, "collect", nil, "how the worker is asked to collect garbage: signal:USR1, a path, a URL, POST before either")
	flags.StringVar(&q.smallest, "smallest", "256B", "a smaller leak a request is none")
	flags.DurationVar(&q.most, "for", 10*time.Minute, "end after this long with what is known")
	flags.IntVar(&q.drive.Clients, "clients", 4, "requests under way at the same time")
	flags.Float64Var(&q.drive.Rate, "rate", 0, "requests a second; 0 is as fast as the worker answers")
	flags.DurationVar(&q.drive.Timeout, "timeout", 30*time.Second, "the longest for one request")
	flags.Uint64Var(&q.seed, "seed", 1, "of the order and of the parameters' values")
	flags.StringVar(&q.vs, "vs", "", "compare with the worker that this command starts, a line for sh")
	flags.IntVar(&q.port, "worker-port", 0, "the port of a started worker that can't be told one")
	flags.StringVar(&q.ready, "ready", "tcp", "when a started worker is ready: tcp, http:/path or log:text")
	flags.DurationVar(&q.start, "start-timeout", time.Minute, "the longest until a started worker is ready")
	flags.BoolVar(&q.asJSON, "json", false, "print JSON, with every block")
	flags.StringVar(&q.page, "report", "", "write a page with the curves, .html")
	return cmd
}

func runHunt(ctx context.Context, w world, q huntRequest, args []string) error {
	if err := q.check(); err != nil {
		return err
	}
	chosen, err := q.endpoints(ctx, w, args)
	if err != nil {
		return err
	}
	if q.list {
		for _, e := range chosen.all {
			fmt.Fprintln(w.stdout, e.Name())
		}
		return nil
	}
	// The first Ctrl-C ends the hunt with what is known, the second one all.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	workers, err := q.roster(ctx, w, chosen)
	if err != nil {
		return err
	}
	defer workers.close()
	c := &chase{w: w, q: q, teams: workers.teams, chosen: chosen, began: time.Now(), most: mostHeld()}
	if err := c.run(ctx); err != nil {
		return err
	}
	result := c.result()
	if q.page != "" {
		if err := writeHuntPage(q.page, &result); err != nil {
			return err
		}
	}
	if err := printHunt(w.stdout, &result, q.asJSON); err != nil {
		return err
	}
	switch result.Verdict {
	case hunt.Leaks:
		return exit(exitFinding)
	case hunt.Clean, hunt.Filling:
		return nil
	}
	return exit(exitUndecided)
}

// check reads what flags alone can have wrong.
func (q *huntRequest) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	size, err := bytesize.Parse(q.smallest)
	switch q.least = size; {
	case err != nil:
		bad("--smallest: %w", err)
	case size <= 0:
		bad("--smallest %s: a leak is more than nothing", q.smallest)
	}
	if q.most <= 0 {
		bad("--for %v: a hunt takes some time", q.most)
	}
	if q.drive.Clients < 1 || q.drive.Rate < 0 || q.drive.Timeout <= 0 {
		bad("--clients %d, --rate %v, --timeout %v: there has to be a client, and time for its requests", q.drive.Clients, q.drive.Rate, q.drive.Timeout)
	}
	q.drive.Seed = q.seed
	q.drive.Keys = map[string]drive.Values{}
	for _, text := range q.keys {
		name, values, _ := strings.Cut(text, "=")
		v, err := drive.ParseValues(values)
		if err != nil || name == "" {
			bad("--key %s: it is no name with values\nhint: id=200, id=unique or color=red,blue", text)
		}
		q.drive.Keys[strings.Trim(name, "{}")] = v
	}
	if q.page != "" && filepath.Ext(q.page) != ".html" {
		bad("--report %s: the report is a page\nhint: --report hunt.html", q.page)
	}
	ways := 0
	for _, given := range []bool{q.pid != 0, q.container != "", q.stanch != ""} {
		if given {
			ways++
		}
	}
	switch started := len(q.command) > 0; {
	case q.pid < 0:
		bad("--pid %d is no process", q.pid)
	case ways > 1:
		bad("--pid, --container and --stanch are given together\nhint: a hunt reads memory in one way")
	case started && (ways > 0 || q.at != ""):
		bad("a command is given, and a worker that runs already\nhint: leave out --pid, --container, --stanch and --at, or the command")
	case q.vs != "" && !started:
		bad("--vs compares with a command that is started too\nhint: stanch hunt /path --vs './new' -- ./old")
	case q.vs != "" && q.port != 0:
		bad("--vs runs two workers at the same time, which can't share --worker-port %d\nhint: let them take {port} or $PORT", q.port)
	}
	if _, err := parseReady(q.ready); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return &codedError{code: exitUsage, err: errors.Join(errs...)}
	}
	return nil
}
