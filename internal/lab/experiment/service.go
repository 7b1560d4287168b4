package experiment

import (
	"maps"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/tree"
)

func service() object[lab.Service] {
	return object[lab.Service]{
		title: "a service",
		fields: []field[lab.Service]{
			by(".", at("dir", "Where it is started, below the experiment's folder.", folder(), func(s *lab.Service) *string { return &s.Dir })),
			must(at("command", "Its program and arguments. {port} is the port that it is to listen on, as is the variable PORT.", list(1, 200, text()), func(s *lab.Service) *[]string { return &s.Command })),
			at("env", "Variables, beside those that the lab runs with.", environment(), func(s *lab.Service) *map[string]string { return &s.Env }),
			must(at("setting", "The worker's variable that gets its address, as http://HOST:PORT.", variable(), func(s *lab.Service) *string { return &s.Setting })),
		},
	}
}

const variablePattern = "^[A-Za-z_][A-Za-z0-9_]*$"

// variable is the name of a variable of an environment.
func variable() kind[string] {
	return kind[string]{"name of a variable", func() *Schema { return &Schema{Type: types{"string"}, Pattern: variablePattern} }, func(r *reader, what string, n tree.Node) (string, bool) {
		s, ok := r.scalar(what, n)
		if ok && !isVariable(s) {
			r.fail(n, "letters, digits and _, without a digit at the front", "%s is %q, which is no name of a variable", what, clip(s))
			return "", false
		}
		return s, ok
	}}
}

// storeSetting is the variable that a worker finds the experiment's store by.
const storeSetting = "AzureWebJobsStorage"

// dependencies checks that each setting has one owner, and that what is to be ill is
// known to all variants.
func (r *reader) dependencies(root tree.Node, e *lab.Experiment) {
	owners := map[string]string{}
	if e.Subject.Store != lab.NoStore {
		owners[storeSetting] = "the store's"
	}
	for i, n := range root.Value("subject").Value("services").Entries {
		s := e.Subject.Services[i]
		for _, v := range e.Subject.Variants {
			if _, there := v.Env[s.Setting]; there && owners[s.Setting] == "" {
				owners[s.Setting] = "in the env of the variant " + v.Name
			}
		}
		if owner := owners[s.Setting]; owner != "" {
			r.fail(n.Value.Value("setting"), "a variable that nothing else sets", "service %s: the setting %s is %s already", s.Name, clip(s.Setting), owner)
		}
		owners[s.Setting] = "the service " + s.Name + "'s"
	}
	for i, n := range root.Value("phases").Items {
		for j, do := range n.Value("do").Items {
			if f := e.Phases[i].Do[j].Fault; f != nil {
				r.ill(do.Value("fault").Value("dependency"), f.Dependency, e)
			}
		}
	}
}

// ill tells of a dependency that is no setting of each variant.
func (r *reader) ill(n tree.Node, setting string, e *lab.Experiment) {
	if setting == storeSetting && e.Subject.Store == lab.FileStore {
		r.fail(n, "store: azurite", "dependency: the store is a folder, and can't be made ill")
		return
	}
	if setting == storeSetting && e.Subject.Store != lab.NoStore || slices.ContainsFunc(e.Subject.Services, func(s lab.Service) bool { return s.Setting == setting }) {
		return
	}
	var known []string
	for _, s := range e.Subject.Services {
		known = append(known, s.Setting)
	}
	for _, v := range e.Subject.Variants {
		if _, there := v.Env[setting]; !there {
			known = append(known, slices.Sorted(maps.Keys(v.Env))...)
			hint := "a setting in the env of each variant, the setting of a service, or " + storeSetting + " where there is a store"
			if near := meant(setting, known); strings.HasPrefix(near, "did you mean") {
				hint = near
			}
			r.fail(n, hint, "dependency: the variant %s has no setting %s", v.Name, clip(setting))
			return
		}
	}
}
