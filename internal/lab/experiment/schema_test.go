package experiment_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/stanch-dev/stanch/internal/lab/experiment"
)

var update = flag.Bool("update", false, "write the JSON schema and the reference anew")

// The published schema and the reference come from the tables that the reader reads by.
func TestTheSchemaAndTheReferenceAreWhatIsRead(t *testing.T) {
	schema, err := json.MarshalIndent(experiment.FileSchema(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const page = "../../../docs/reference/experiment.md"
	head, _, found := strings.Cut(fixture(t, page), "\n## The keys\n")
	if !found {
		t.Fatalf("%s has no heading: The keys", page)
	}
	for file, want := range map[string]string{
		"../../../docs/reference/experiment.schema.json": string(schema) + "\n",
		page: head + "\n## The keys\n" + experiment.Reference(),
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := fixture(t, file); got != want {
			t.Errorf("%s is not what the tables say: go test ./internal/lab/experiment -run Reference -update", file)
		}
	}
}

func TestTheSchemaTakesWhatTheReaderTakes(t *testing.T) {
	schema := fileSchema(t)
	_, shown, _ := strings.Cut(fixture(t, "../../../docs/reference/experiment.md"), "```yaml\n")
	shown, _, _ = strings.Cut(shown, "```")
	for name, text := range map[string]string{
		"the page's example": shown, "least": least, "everything": everything(t),
		"blob-oom":       fixture(t, "../../../labs/blob-oom/experiment.yaml"),
		"binding-vs-sdk": fixture(t, "../../../labs/binding-vs-sdk/experiment.yaml"),
		"runtime-swap":   fixture(t, "../../../labs/runtime-swap/experiment.yaml"),
	} {
		sound(t, text, experiment.Options{Small: strings.Contains(text, "\nsmall:")})
		if wrong := schemaErrors(t, schema, text); len(wrong) > 0 {
			t.Errorf("the schema refuses %s, which the reader takes: %v", name, wrong)
		}
	}
}

// fileSchema is the schema as an editor has it.
func fileSchema(t testing.TB) map[string]any {
	t.Helper()
	text, err := json.Marshal(experiment.FileSchema())
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// schemaErrors is what an editor would mark in a text.
func schemaErrors(t testing.TB, schema map[string]any, text string) []string {
	t.Helper()
	var value, plain any
	if err := yaml.UnmarshalWithOptions([]byte(text), &value, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(asJSON, &plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	return against(schema, plain, "")
}

// against checks a value against the part of JSON schema that FileSchema uses.
func against(s map[string]any, v any, at string) (wrong []string) {
	fail := func(format string, args ...any) { wrong = append(wrong, at+": "+fmt.Sprintf(format, args...)) }
	sub := func(key string) []map[string]any {
		var all []map[string]any
		list, _ := s[key].([]any)
		for _, one := range list {
			all = append(all, one.(map[string]any))
		}
		return all
	}
	if want, there := s["type"]; there && !typed(want, v) {
		fail("is %T, want %v", v, want)
	}
	if c, there := s["const"]; there && c != v {
		fail("is not %v", c)
	}
	if enum, there := s["enum"].([]any); there && !slices.Contains(enum, v) {
		fail("is none of %v", enum)
	}
	switch v := v.(type) {
	case string:
		if p, there := s["pattern"].(string); there && !regexp.MustCompile(p).MatchString(v) {
			fail("%q does not match %s", v, p)
		}
	case float64:
		if least, there := s["minimum"].(float64); there && v < least {
			fail("is below %v", least)
		}
		if most, there := s["maximum"].(float64); there && v > most {
			fail("is above %v", most)
		}
	case []any:
		if least, there := s["minItems"].(float64); there && len(v) < int(least) {
			fail("has %d items", len(v))
		}
		if items, there := s["items"].(map[string]any); there {
			for i, item := range v {
				wrong = append(wrong, against(items, item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for key, value := range v {
			if names, there := s["propertyNames"].(map[string]any); there {
				wrong = append(wrong, against(names, key, at+"."+key)...)
			}
			if p, there := properties[key].(map[string]any); there {
				wrong = append(wrong, against(p, value, at+"."+key)...)
			} else if other, there := s["additionalProperties"].(map[string]any); there {
				wrong = append(wrong, against(other, value, at+"."+key)...)
			}
		}
		required, _ := s["required"].([]any)
		for _, key := range required {
			if _, there := v[key.(string)]; !there {
				fail("needs %v", key)
			}
		}
	}
	fits := func(all []map[string]any) (n int) {
		for _, one := range all {
			if len(against(one, v, at)) == 0 {
				n++
			}
		}
		return n
	}
	if one := sub("oneOf"); one != nil && fits(one) != 1 {
		fail("fits %d of oneOf", fits(one))
	}
	if some := sub("anyOf"); some != nil && fits(some) == 0 {
		fail("fits none of anyOf")
	}
	for _, one := range sub("allOf") {
		wrong = append(wrong, against(one, v, at)...)
	}
	if not, there := s["not"].(map[string]any); there && len(against(not, v, at)) == 0 {
		fail("is not allowed")
	}
	if when, there := s["if"].(map[string]any); there && len(against(when, v, at)) == 0 {
		wrong = append(wrong, against(s["then"].(map[string]any), v, at)...)
	}
	return wrong
}

func typed(want, v any) bool {
	if list, several := want.([]any); several {
		return slices.ContainsFunc(list, func(w any) bool { return typed(w, v) })
	}
	switch v := v.(type) {
	case nil:
		return want == "null"
	case bool:
		return want == "boolean"
	case string:
		return want == "string"
	case float64:
		return want == "number" || want == "integer" && v == float64(int64(v))
	case []any:
		return want == "array"
	}
	return want == "object"
}
