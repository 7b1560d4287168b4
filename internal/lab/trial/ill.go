package trial

import (
	"context"
	"fmt"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/faults"
)

// dependencies are what the worker calls and this experiment knows of: services of its
// own, and proxies before what some phase makes ill.
type dependencies struct {
	t        *Trial
	env      map[string]string // settings that the worker gets in place of its own
	proxies  map[string][]*faults.Proxy
	services []*service
}

// dependencies starts the services, and stands before what will be ill. A proxy is
// there from the beginning, so that it is no difference between two phases.
func (t *Trial) dependencies(ctx context.Context) (*dependencies, error) {
	d := &dependencies{t: t, env: map[string]string{}, proxies: map[string][]*faults.Proxy{}}
	if err := d.start(ctx); err != nil {
		d.close()
		return nil, err
	}
	for _, setting := range d.settings() {
		if err := d.standBefore(setting); err != nil {
			d.close()
			return nil, err
		}
	}
	return d, nil
}

// settings are those that a proxy stands before: what will be ill, and the services,
// whose calls would leave no row without one.
func (d *dependencies) settings() (all []string) {
	for _, p := range d.t.e.Phases {
		for _, action := range p.Do {
			if action.Fault != nil {
				all = append(all, action.Fault.Dependency)
			}
		}
	}
	if d.t.e.Collect.Calls {
		for _, one := range d.t.e.Subject.Services {
			all = append(all, one.Setting)
		}
	}
	return all
}

func (d *dependencies) standBefore(setting string) error {
	if d.proxies[setting] != nil {
		return nil
	}
	value, found := d.env[setting]
	if !found {
		value, found = d.t.variant.Env[setting]
	}
	if !found && setting == "AzureWebJobsStorage" {
		value, found = d.t.store.text, d.t.store.text != ""
	}
	if !found {
		return fmt.Errorf("make the dependency %s ill: the worker has no such setting\nhint: the fault names the variable that holds the dependency's address", setting)
	}
	rewritten, proxies, err := faults.Rewrite(value)
	if err != nil {
		return fmt.Errorf("stand before the dependency %s: %w", setting, err)
	}
	d.env[setting], d.proxies[setting] = rewritten, proxies
	return nil
}

// set makes a dependency ill; nil makes it well again.
func (d *dependencies) set(setting string, f *lab.Fault) {
	for _, p := range d.proxies[setting] {
		p.Set(f)
	}
}

func (d *dependencies) close() {
	for _, proxies := range d.proxies {
		for _, p := range proxies {
			_ = p.Close()
		}
	}
	for _, s := range d.services {
		s.stop()
	}
}
