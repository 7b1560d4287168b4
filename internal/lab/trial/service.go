package trial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stanch-dev/stanch/internal/supervisor/process"
)

// service is a dependency that the experiment brings along. It is outside the worker's
// limit.
type service struct{ process *process.Process }

// start starts the services, and tells the worker where they are.
func (d *dependencies) start(ctx context.Context) error {
	for _, one := range d.t.e.Subject.Services {
		port, err := process.FreePort(func(int) bool { return false })
		if err != nil {
			return fmt.Errorf("find a port for the service %s: %w", one.Name, err)
		}
		address := "127.0.0.1:" + strconv.Itoa(port)
		var args []string
		for _, arg := range one.Command {
			args = append(args, strings.ReplaceAll(arg, "{port}", strconv.Itoa(port)))
		}
		env := append([]string{}, d.t.cfg.Environ...)
		for name, value := range one.Env {
			env = append(env, name+"="+value)
		}
		env = append(env, "PORT="+strconv.Itoa(port))
		p, err := d.t.cfg.Host.Start(process.Spec{
			Name: "service-" + one.Name, Args: args, Env: env,
			Dir: filepath.Join(d.t.cfg.Folder, filepath.FromSlash(one.Dir)), Output: func(process.Stream, []byte) {},
		})
		if err != nil {
			return fmt.Errorf("start the service %s: %w", one.Name, err)
		}
		d.services = append(d.services, &service{p})
		if err := listens(ctx, p, address); err != nil {
			return fmt.Errorf("start the service %s: %w", one.Name, err)
		}
		d.env[one.Setting] = "http://" + address
	}
	return nil
}

// listens waits until somebody takes connections there.
func listens(ctx context.Context, p *process.Process, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.Done():
			return errors.New("it " + p.Exit().Status + " before it listened")
		case <-ctx.Done():
			return fmt.Errorf("it did not listen within %v", startTime)
		case <-tick.C:
		}
	}
}

func (s *service) stop() {
	_ = s.process.Signal(unix.SIGTERM)
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-s.process.Done():
	case <-timer.C:
		s.process.Kill("the trial is over")
		<-s.process.Done()
	}
}
