package manifest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/funcapp"
	"github.com/stanch-dev/stanch/internal/work/manifest"
)

func page(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the pages show is read without a mistake, and the guide shows the example as
// it is.
func TestThePagesShowWhatIsRead(t *testing.T) {
	example := page(t, "examples/functions/plain-python/stanch.yaml")
	shown := 0
	for _, path := range []string{"docs/reference/functions-yaml.md", "docs/guide/feed-a-worker.md", "internal/work/manifest/manifest.go"} {
		text := page(t, path)
		if strings.HasSuffix(path, ".go") {
			comment, _, _ := strings.Cut(text, "\npackage ")
			text = "```yaml\n" + regexp.MustCompile(`(?m)^//(\t?)`).ReplaceAllString(comment[strings.Index(comment, "//\tfunctions:"):], "") + "```\n"
			text, _, _ = strings.Cut(text, "\n\n")
			text += "\n```\n"
		}
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1) {
			s := source(block[1])
			if s.Empty() {
				continue // another key
			}
			shown++
			if _, mistakes := manifest.Read(s, environ("ARCHIVE=file:x")); len(mistakes) > 0 {
				t.Errorf("%s shows\n%s\nwhich has mistakes: %v", path, block[1], funcapp.Faults(mistakes))
			}
		}
	}
	if shown != 3 {
		t.Errorf("the pages show functions %d times, want 3", shown)
	}
	if !strings.Contains(page(t, "docs/guide/feed-a-worker.md"), example) {
		t.Error("docs/guide/feed-a-worker.md does not show examples/functions/plain-python/stanch.yaml as it is")
	}
	if got := page(t, "examples/functions/plain-go/stanch.yaml"); got[strings.Index(got, "\n"):] != example[strings.Index(example, "\n"):] {
		t.Error("the examples plain-go and plain-python have other functions")
	}
}

// The hint for an unknown key lists the keys: each has its line in the reference.
func TestTheReferenceHasEveryKey(t *testing.T) {
	_, mistakes := manifest.Read(source("functions: {a: {queue: jobs, zzzzzzzz: 1}}\n"), nil)
	if len(mistakes) != 1 {
		t.Fatalf("an unknown key gives %v, want one mistake", mistakes)
	}
	keys, found := strings.CutPrefix(mistakes[0].Hint, "one of ")
	if !found {
		t.Fatalf("the hint is %q, want the list of keys", mistakes[0].Hint)
	}
	reference := page(t, "docs/reference/functions-yaml.md")
	for key := range strings.SplitSeq(keys, ", ") {
		if !strings.Contains(reference, "\n| `"+key+"` |") {
			t.Errorf("docs/reference/functions-yaml.md has no line for the key %s", key)
		}
	}
}
