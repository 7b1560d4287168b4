package langworker

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const versionName = "%FUNCTIONS_WORKER_RUNTIME_VERSION%"

// place puts the version, the system and the architecture into a path, in the
// words of Azure's host. Nothing of it is secret.
func place(pattern, version string) string {
	architecture := map[string]string{"amd64": "X64", "arm64": "Arm64", "386": "X86", "arm": "Arm"}[runtime.GOARCH]
	return strings.NewReplacer(versionName, version, "{os}", "LINUX", "{architecture}", architecture).Replace(pattern)
}

// expand puts settings in for %NAME%. missing is the first name that is not set.
func (s *search) expand(text string) (expanded, missing string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "%")
		name, rest, closed := strings.Cut(after, "%")
		if !found || !closed {
			b.WriteString(text)
			return b.String(), missing
		}
		value, set := s.lookup(name)
		if !set && missing == "" {
			missing = name
		}
		b.WriteString(before)
		b.WriteString(value)
		text = rest
	}
}

// words are the arguments of a list whose items may hold several, as Java's do. A
// setting that is not set adds none: they are there for people to add options.
func (s *search) words(items []string) (all []string) {
	for _, item := range items {
		text, _ := s.expand(item)
		all = append(all, strings.Fields(text)...)
	}
	return all
}

// executable is the program of a worker.config.json: a path, or a name on PATH.
func (s *search) executable(dir, pattern string) (string, error) {
	if pattern == "" {
		return "", fmt.Errorf("it has no defaultExecutablePath")
	}
	name, missing := s.expand(pattern)
	switch {
	case missing != "":
		return "", fmt.Errorf("defaultExecutablePath %q needs the setting %q, which is not set", clip(pattern), clip(missing))
	case !strings.Contains(name, "/"):
		names := []string{name}
		if name == "python" {
			names = append(names, "python3") // many systems have no other name
		}
		if path := s.onPath(names...); path != "" {
			return path, nil
		}
		return "", fmt.Errorf("its program %q is not on PATH\nhint: install it, or name it with languageWorkers__%s__defaultExecutablePath", clip(pattern), s.runtime)
	case !filepath.IsAbs(name):
		name = filepath.Join(dir, name)
	}
	if !runnable(name) {
		return "", fmt.Errorf("there is no program at defaultExecutablePath, %q", clip(pattern))
	}
	return name, nil
}

// onPath is the path of the first of some programs that is on PATH. Entries that
// are not absolute are passed over, as os/exec does.
func (s *search) onPath(names ...string) string {
	list, _ := s.lookup("PATH")
	for _, name := range names {
		for _, dir := range filepath.SplitList(list) {
			if path := filepath.Join(dir, name); filepath.IsAbs(dir) && runnable(path) {
				return path
			}
		}
	}
	return ""
}

func runnable(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.Mode().IsRegular() && stat.Mode()&0o111 != 0
}
