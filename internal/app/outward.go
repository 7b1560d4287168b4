package app

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/stanch-dev/stanch/internal/supervisor/egress"
)

// outward is the way of the workers' own calls. A nil one leaves them alone.
type outward struct {
	proxy   *egress.Proxy
	address string
	serving sync.WaitGroup
}

// openEgress opens the proxy for outgoing calls and serves, if it is wanted.
func openEgress(wanted bool, rows *tables, j *journal) (*outward, error) {
	if !wanted {
		return nil, nil
	}
	l, err := egress.Listen()
	if err != nil {
		return nil, err
	}
	o := &outward{address: l.Addr().String(), proxy: egress.New(egress.Config{
		Observe: rows.call,
		// What stanch itself would have to go through, its workers have, too.
		Parent: http.ProxyFromEnvironment,
	})}
	o.serve(l, j)
	j.say("Outgoing calls of the workers go through %s", o.address)
	return o, nil
}

func (o *outward) serve(l net.Listener, j *journal) {
	o.serving.Go(func() {
		if err := o.proxy.Serve(l); err != nil {
			j.say("%v", err)
		}
	})
}

// environ is how a worker is told; nil for not.
func (o *outward) environ() func(id string, environ []string) []string {
	if o == nil {
		return nil
	}
	return func(id string, environ []string) []string { return egress.Env(environ, o.address, id) }
}

// close cuts what is still under way: the workers have gone.
func (o *outward) close() {
	if o == nil {
		return
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	o.proxy.Shutdown(now)
	o.serving.Wait()
}
