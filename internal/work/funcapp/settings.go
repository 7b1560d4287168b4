package funcapp

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stanch-dev/stanch/internal/work/funcapp/jsonpos"
)

// Settings are the app settings: the process's environment, then Values of
// local.settings.json. They hold secrets, and print as their number.
type Settings struct {
	environ  map[string]string
	values   map[string]string
	folded   map[string]string // names in lower case to values, of both
	strings  map[string]string // ConnectionStrings
	HTTPPort int               // Host.LocalHttpPort; 0 if it is not given
	CORS     []string          // Host.CORS: origins
}

const settingsFile = "local.settings.json"

// Environment is the settings of an environment alone (NAME=value), where there is
// no folder.
func Environment(environ []string) Settings {
	s := Settings{environ: map[string]string{}, values: map[string]string{}, strings: map[string]string{}}
	for _, pair := range environ {
		if name, value, found := strings.Cut(pair, "="); found {
			s.environ[name] = value
		}
	}
	s.fold()
	return s
}

func readSettings(r *reader, environ []string) Settings {
	s := Environment(environ)
	f, top := r.open(settingsFile)
	if top != nil {
		s.read(top)
	}
	if f != nil {
		r.mistakes = append(r.mistakes, f.done()...)
	}
	s.fold()
	return s
}

// fold makes names equal in any case. Of two that differ in case alone the first
// one in the alphabet counts.
func (s *Settings) fold() {
	s.folded = map[string]string{}
	for _, from := range []map[string]string{s.environ, s.values} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			lower := strings.ToLower(name)
			if _, there := s.folded[lower]; !there {
				s.folded[lower] = from[name]
			}
		}
	}
}

func (s *Settings) read(top *object) {
	if top.flag("IsEncrypted", false) {
		v, _ := top.get("IsEncrypted")
		top.mistake(v.At, "the settings are encrypted, with a key that only Azure's tools have", `run "func settings decrypt" in the folder, which sets IsEncrypted to false`)
		return
	}
	if values := top.child("Values"); values != nil {
		for _, m := range values.members {
			switch m.Value.Kind {
			case jsonpos.List, jsonpos.Object:
				values.mistake(m.Value.At, fmt.Sprintf("the setting %q is %s, and has to be a text", clip(m.Name), m.Value.Kind), "Values takes texts; put JSON into one with its quotes escaped")
			case jsonpos.Null:
			default:
				s.values[m.Name] = m.Value.Text
			}
		}
	}
	if host := top.child("Host"); host != nil {
		s.HTTPPort = host.integer("LocalHttpPort", 1, 65535, 0)
		if cors, _, found := host.text("CORS"); found {
			for origin := range strings.SplitSeq(cors, ",") {
				s.CORS = append(s.CORS, strings.TrimSpace(origin))
			}
		}
		host.ignore("CORSCredentials", "LocalHttpsPort")
		host.rest()
	}
	if all := top.child("ConnectionStrings"); all != nil {
		for _, m := range all.members {
			v := m.Value
			if v.Kind == jsonpos.Object {
				below, _ := all.object(v, "a connection string")
				v, _ = below.get("ConnectionString")
			}
			if v.Kind != jsonpos.String {
				all.mistake(v.At, fmt.Sprintf("the connection string %q is no text", clip(m.Name)), "")
				continue
			}
			s.strings[m.Name] = v.Text
		}
	}
	top.ignore("ProjectId", "$schema")
	top.rest()
}

// Lookup finds a setting: in the environment first, and there and in the file by
// the very name first, then in any case, as .NET does. A colon in the name is two
// underscores in the environment.
func (s *Settings) Lookup(name string) (value string, found bool) {
	for _, from := range []map[string]string{s.environ, s.values} {
		for _, name := range []string{name, strings.ReplaceAll(name, ":", "__")} {
			if value, found = from[name]; found {
				return value, true
			}
		}
	}
	value, found = s.folded[strings.ToLower(name)]
	return value, found
}

// Connection finds the connection string of a store by the name that a binding
// has for it: with AzureWebJobs before it, else as it is, in ConnectionStrings
// and in the settings.
func (s *Settings) Connection(name string) (value string, found bool) {
	if name == "" {
		name = DefaultConnection
	}
	for _, name := range []string{"AzureWebJobs" + name, name} {
		if value, found = s.strings[name]; found && value != "" {
			return value, true
		}
		if value, found = s.Lookup(name); found && value != "" {
			return value, true
		}
	}
	return "", false
}

// DefaultConnection is the connection of a binding that names none.
const DefaultConnection = "AzureWebJobsStorage"

// Environ is what a worker gets as its environment: NAME=value, sorted.
func (s *Settings) Environ() []string {
	var all []string
	for name, value := range s.environ {
		all = append(all, name+"="+value)
	}
	for name, value := range s.values {
		if _, set := s.environ[name]; !set && !strings.ContainsAny(name, "=\x00") && !strings.Contains(value, "\x00") {
			all = append(all, name+"="+value)
		}
	}
	slices.Sort(all)
	return all
}

// String tells no values.
func (s Settings) String() string {
	return fmt.Sprintf("%d settings", len(s.values)+len(s.strings))
}

// GoString tells no values.
func (s Settings) GoString() string { return s.String() }
