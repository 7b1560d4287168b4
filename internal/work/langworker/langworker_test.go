package langworker_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stanch-dev/stanch/internal/work/langworker"
)

// pythonConfig and the others have the shape of the files in Azure's images.
const pythonConfig = `{
    "description":{
        "language":"python",
        "defaultRuntimeVersion":"3.11",
        "supportedOperatingSystems":["LINUX", "OSX", "WINDOWS"],
        "supportedRuntimeVersions":["3.10", "3.11", "3.12"],
        "supportedArchitectures":["X64", "X86", "Arm64"],
        "extensions":[".py"],
        "defaultExecutablePath":"python",
        "defaultWorkerPath":"%FUNCTIONS_WORKER_RUNTIME_VERSION%/{os}/{architecture}/worker.py",
        "workerIndexing": "true"
    },
    "processOptions": {"initializationTimeout": "00:02:00"}
}`

const nodeConfig = `{"description": {"language": "node", "extensions": [".js", ".mjs", ".cjs"],
  "defaultExecutablePath": "node", "defaultWorkerPath": "dist/src/nodejsWorker.js", "workerIndexing": "true"}}`

const javaConfig = `{"description": {"language": "java", "extensions": [".jar"], "defaultExecutablePath": "%JAVA_HOME%/bin/java",
  "defaultWorkerPath": "azure-functions-java-worker.jar", "arguments": ["-XX:+TieredCompilation -noverify", "%JAVA_OPTS%", "-jar"]}}`

var architecture = map[string]string{"amd64": "X64", "arm64": "Arm64"}[runtime.GOARCH]

// files makes a tree; what ends in * may be run. It returns its root.
func files(t testing.TB, tree map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range tree {
		name, run := strings.CutSuffix(name, "*")
		path, mode := filepath.Join(root, name), os.FileMode(0o644)
		if run {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// settings is a lookup in NAME=value pairs, where ROOT stands for a directory.
func settings(root string, pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, pair := range pairs {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return strings.ReplaceAll(value, "ROOT", root), true
			}
		}
		return "", false
	}
}

func TestFindKnowsTheFormsInWhichWorkersAreThere(t *testing.T) {
	image := map[string]string{
		"workers/python/worker.config.json":                        pythonConfig,
		"workers/python/3.11/LINUX/" + architecture + "/worker.py": "",
		"workers/python/3.12/LINUX/" + architecture + "/worker.py": "",
		"workers/node/worker.config.json":                          nodeConfig,
		"workers/node/dist/src/nodejsWorker.js":                    "",
		"workers/java/worker.config.json":                          javaConfig,
		"workers/java/azure-functions-java-worker.jar":             "",
		"bin/python*":                "",
		"bin/node*":                  "",
		"jdk/bin/java*":              "",
		"only3/python3*":             "",
		"complete/source/worker.py":  "",
		"complete/venv/bin/python*":  "",
		"bare/worker.py":             "",
		"bare/.venv/bin/python*":     "",
		"anc[ie]nt/venv/bin/python*": "",
		"anc[ie]nt/venv/lib/python3.8/site-packages/azure_functions_worker/main.py": "",
		"own/worker*": "",
	}
	script := func(version string) string {
		return "ROOT/workers/python/" + version + "/LINUX/" + architecture + "/worker.py"
	}
	rows := []struct {
		name             string
		runtime, version string
		places           []string
		settings         []string
		want             langworker.Command
	}{
		{
			"a worker's directory of Azure's image", "python", "",
			[]string{"ROOT/workers/python"},
			[]string{"PATH=ROOT/bin"},
			langworker.Command{Program: "ROOT/bin/python", Args: []string{script("3.11")}, Dir: "ROOT/workers/python", Index: true},
		},
		{
			"the directory of all workers, and a version", "python", "3.12",
			[]string{"ROOT/workers"},
			[]string{"PATH=ROOT/bin"},
			langworker.Command{Program: "ROOT/bin/python", Args: []string{script("3.12")}, Dir: "ROOT/workers/python", Index: true},
		},
		{
			"a system whose Python is python3 only", "python", "",
			[]string{"ROOT/workers"},
			[]string{"PATH=relative:ROOT/nowhere:ROOT/only3"},
			langworker.Command{Program: "ROOT/only3/python3", Args: []string{script("3.11")}, Dir: "ROOT/workers/python", Index: true},
		},
		{
			"the program that Azure's host would be told", "python", "",
			[]string{"ROOT/workers"},
			[]string{"languageWorkers__python__defaultExecutablePath=ROOT/only3/python3"},
			langworker.Command{Program: "ROOT/only3/python3", Args: []string{script("3.11")}, Dir: "ROOT/workers/python", Index: true},
		},
		{
			"node", "node", "",
			[]string{"ROOT/workers"},
			[]string{"PATH=ROOT/bin"},
			langworker.Command{Program: "ROOT/bin/node", Args: []string{"ROOT/workers/node/dist/src/nodejsWorker.js"}, Dir: "ROOT/workers/node", Index: true},
		},
		{
			"java: settings in the path, several words in an argument, and one that is not set", "java", "",
			[]string{"ROOT/workers"},
			[]string{"JAVA_HOME=ROOT/jdk"},
			langworker.Command{Program: "ROOT/jdk/bin/java", Args: []string{"-XX:+TieredCompilation", "-noverify", "-jar", "ROOT/workers/java/azure-functions-java-worker.jar"}, Dir: "ROOT/workers/java"},
		},
		{
			"a checkout beside its environment", "python", "",
			[]string{"ROOT/complete"},
			nil,
			langworker.Command{Program: "ROOT/complete/venv/bin/python", Args: []string{"ROOT/complete/source/worker.py"}, Dir: "ROOT/complete/source", Index: true},
		},
		{
			"a checkout with its environment in it, named by its file", "python", "",
			[]string{"ROOT/bare/worker.py"},
			nil,
			langworker.Command{Program: "ROOT/bare/.venv/bin/python", Args: []string{"ROOT/bare/worker.py"}, Dir: "ROOT/bare", Index: true},
		},
		{
			"an environment with the package, below a name that looks like a pattern", "python", "",
			[]string{"ROOT/anc[ie]nt"},
			nil,
			langworker.Command{
				Program: "ROOT/anc[ie]nt/venv/bin/python", Args: []string{"-m", "azure_functions_worker"},
				Dir: "ROOT/anc[ie]nt/venv/lib/python3.8/site-packages/azure_functions_worker", Ancient: true,
			},
		},
		{
			"a program", "powershell", "",
			[]string{"ROOT/own/worker"},
			nil,
			langworker.Command{Program: "ROOT/own/worker", Dir: "ROOT/own", Index: true},
		},
		{
			"the second place, as the first is not there", "python", "",
			[]string{"ROOT/none", "ROOT/complete"},
			nil,
			langworker.Command{Program: "ROOT/complete/venv/bin/python", Args: []string{"ROOT/complete/source/worker.py"}, Dir: "ROOT/complete/source", Index: true},
		},
		{
			"a given place before the variables", "python", "",
			[]string{"ROOT/complete"},
			[]string{"STANCH_LANGUAGE_WORKER=ROOT/bare"},
			langworker.Command{Program: "ROOT/complete/venv/bin/python", Args: []string{"ROOT/complete/source/worker.py"}, Dir: "ROOT/complete/source", Index: true},
		},
		{
			"stanch's variable before that of Azure's host", "python", "", nil,
			[]string{"languageWorkers__python__workerDirectory=ROOT/complete", "STANCH_LANGUAGE_WORKER=ROOT/bare"},
			langworker.Command{Program: "ROOT/bare/.venv/bin/python", Args: []string{"ROOT/bare/worker.py"}, Dir: "ROOT/bare", Index: true},
		},
		{
			"the variable of Azure's host", "python", "", nil,
			[]string{"languageWorkers__python__workerDirectory=ROOT/complete"},
			langworker.Command{Program: "ROOT/complete/venv/bin/python", Args: []string{"ROOT/complete/source/worker.py"}, Dir: "ROOT/complete/source", Index: true},
		},
	}
	root := files(t, image)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			rooted := func(texts []string) (all []string) {
				for _, text := range texts {
					all = append(all, strings.ReplaceAll(text, "ROOT", root))
				}
				return all
			}
			row.want.Program = strings.ReplaceAll(row.want.Program, "ROOT", root)
			row.want.Dir = strings.ReplaceAll(row.want.Dir, "ROOT", root)
			row.want.Args = rooted(row.want.Args)
			got, err := langworker.Find(row.runtime, row.version, rooted(row.places), settings(root, row.settings...))
			if err != nil {
				t.Fatalf("Find: %v", err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("Find -want +got:\n%s", diff)
			}
		})
	}
}

func TestFindSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	config := func(description string) map[string]string {
		return map[string]string{"python/worker.config.json": `{"description": {"language": "python", "defaultExecutablePath": "/bin/sh", ` + description + `}}`, "python/worker.py": ""}
	}
	rows := []struct {
		name             string
		tree             map[string]string
		runtime, version string
		places           []string
		settings         []string
		want             []string
	}{
		{
			"nothing anywhere: every place, and the ways out", nil, "python", "",
			[]string{"ROOT/one", "ROOT/two"},
			nil,
			[]string{"ROOT/one: it is not there", "ROOT/two: it is not there", "hint: build the app's image FROM", "language-worker", "$STANCH_LANGUAGE_WORKER", "pip install azure-functions-worker"},
		},
		{"no image of Azure's", nil, "python", "", nil, nil, []string{"/azure-functions-host/workers/python: it is not there"}},
		{
			"a variable that names nothing: the image's worker is not what was meant", nil, "python", "", nil,
			[]string{"STANCH_LANGUAGE_WORKER=ROOT/typo"},
			[]string{"ROOT/typo: it is not there"},
		},
		{"a file in the way", map[string]string{"a": ""}, "python", "", []string{"ROOT/a/b"}, nil, []string{"ROOT/a/b: not a directory"}},
		{"a directory with something else", map[string]string{"x": ""}, "python", "", []string{"ROOT"}, nil, []string{"ROOT: it has neither a worker.config.json nor a worker.py nor a venv"}},
		{"and of another language", map[string]string{"x": ""}, "node", "", []string{"ROOT"}, nil, []string{"ROOT: it has no worker.config.json", "azure-functions/node"}},
		{"a Python without the worker", map[string]string{"bin/python*": ""}, "python", "", []string{"ROOT"}, nil, []string{"it has a Python, without azure_functions_worker"}},
		{"a file that is no program", map[string]string{"worker": ""}, "python", "", []string{"ROOT/worker"}, nil, []string{"it is a file that can't be run"}},
		{"no Python for a worker.py", map[string]string{"worker.py": ""}, "python", "", []string{"ROOT"}, nil, []string{"what runs it is not on PATH"}},
		{"a runtime that is a path", nil, "../python", "", nil, nil, []string{`"../python" is no name of a runtime`, "hint: FUNCTIONS_WORKER_RUNTIME"}},
		{"a version that is a path", nil, "python", "../3", nil, nil, []string{`"../3" is no version`, "hint: FUNCTIONS_WORKER_RUNTIME_VERSION"}},
		{"a worker of another language", map[string]string{"worker.config.json": nodeConfig}, "python", "", []string{"ROOT"}, nil, []string{`the worker is one for "node"`, "hint:"}},
		{"a version that it does not support", map[string]string{"worker.config.json": pythonConfig}, "python", "3.9", []string{"ROOT"}, nil, []string{"does not support python 3.9", "3.10, 3.11, 3.12"}},
		{
			"a version that is not installed",
			map[string]string{"worker.config.json": pythonConfig, "3.12/LINUX/" + architecture + "/worker.py": ""},
			"python", "",
			[]string{"ROOT"},
			nil,
			[]string{`no file at defaultWorkerPath, "3.11/LINUX/`, "hint: it has FUNCTIONS_WORKER_RUNTIME_VERSION 3.12"},
		},
		{"no version for a path that needs one", config(`"defaultWorkerPath": "%FUNCTIONS_WORKER_RUNTIME_VERSION%/w.py"`), "python", "", []string{"ROOT"}, nil, []string{"needs a version of python", "hint: set FUNCTIONS_WORKER_RUNTIME_VERSION"}},
		{"a path that leads out", config(`"defaultWorkerPath": "../../etc/passwd"`), "python", "", []string{"ROOT"}, nil, []string{`"../../etc/passwd" leads out of its directory`}},
		{"an absolute one", config(`"defaultWorkerPath": "/etc/passwd"`), "python", "", []string{"ROOT"}, nil, []string{"leads out of its directory"}},
		{"one that a default version leads out", config(`"defaultRuntimeVersion": "../..", "defaultWorkerPath": "%FUNCTIONS_WORKER_RUNTIME_VERSION%/passwd"`), "python", "", []string{"ROOT"}, nil, []string{`defaultRuntimeVersion "../.." is no version`}},
		{"a setting that is not there", config(`"defaultWorkerPath": "%NOWHERE%/worker.py"`), "python", "", []string{"ROOT"}, nil, []string{`needs the setting "NOWHERE"`}},
		{"no path", config(`"extensions": []`), "python", "", []string{"ROOT"}, nil, []string{"it has no defaultWorkerPath"}},
		{"a path that is a number", config(`"defaultWorkerPath": 7`), "python", "", []string{"ROOT"}, nil, []string{`"defaultWorkerPath" is a number, and has to be a text`}},
		{"arguments that are a text", config(`"defaultWorkerPath": "worker.py", "arguments": "-u"`), "python", "", []string{"ROOT"}, nil, []string{`"arguments" is a text, and has to be a list of texts`}},
		{"no description", map[string]string{"worker.config.json": "[]"}, "python", "", []string{"ROOT"}, nil, []string{`it has no "description"`}},
		{"half a file", map[string]string{"worker.config.json": "{\n  \"description\": "}, "python", "", []string{"ROOT"}, nil, []string{"worker.config.json: 2:18: "}},
		{"an endless file", map[string]string{"worker.config.json": strings.Repeat(" ", 1<<20+1)}, "python", "", []string{"ROOT"}, nil, []string{"read ROOT/worker.config.json"}},
		{
			"a program that is not installed",
			map[string]string{"worker.config.json": nodeConfig, "dist/src/nodejsWorker.js": ""},
			"node", "",
			[]string{"ROOT"},
			[]string{"PATH=ROOT"},
			[]string{`its program "node" is not on PATH`, "hint: install it, or name it with languageWorkers__node__defaultExecutablePath"},
		},
		{
			"a program's path without a program",
			map[string]string{"worker.config.json": javaConfig, "azure-functions-java-worker.jar": ""},
			"java", "",
			[]string{"ROOT"},
			[]string{"JAVA_HOME=ROOT"},
			[]string{`no program at defaultExecutablePath, "%JAVA_HOME%/bin/java"`},
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			root := files(t, row.tree)
			var places []string
			for _, place := range row.places {
				places = append(places, strings.ReplaceAll(place, "ROOT", root))
			}
			got, err := langworker.Find(row.runtime, row.version, places, settings(root, row.settings...))
			if err == nil {
				t.Fatalf("Find: got %+v, want an error with %q", got, row.want)
			}
			for _, want := range row.want {
				if want = strings.ReplaceAll(want, "ROOT", root); !strings.Contains(err.Error(), want) {
					t.Errorf("Find: got %v, want it to say %q", err, want)
				}
			}
		})
	}
}

func TestAConfigThatNobodyWritesIsNotWaitedFor(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "worker.config.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := langworker.Find("python", "", []string{root}, settings(root)); err == nil || !strings.Contains(err.Error(), "it is no file") {
		t.Errorf("Find in a directory whose worker.config.json is a pipe: got %v, want that it is no file", err)
	}
}

// Whatever the file says: the worker lies in its directory, and no setting's value
// is told.
func FuzzConfig(f *testing.F) {
	for _, config := range []string{
		pythonConfig, nodeConfig, javaConfig,
		`{"description":{"language":"python","defaultExecutablePath":"/bin/sh","defaultWorkerPath":"worker.py","arguments":["%SECRET%"]}}`,
		`{"description":{"language":"python","defaultExecutablePath":"%SECRET%","defaultWorkerPath":"worker.py"}}`,
		`{"description":{"language":"python","defaultExecutablePath":"python","defaultWorkerPath":"%SECRET%/%X%\u0000%%"}}`,
		`{"description":{"language":"python","defaultExecutablePath":"python","defaultWorkerPath":"x/../../worker.py"}}`,
	} {
		f.Add(config)
	}
	root := files(f, map[string]string{"w/worker.py": "", "w/3.11/worker.py": "", "bin/python*": "", "worker.py": ""})
	dir := filepath.Join(root, "w")
	const secret = "c2VjcmV0"
	f.Fuzz(func(t *testing.T, config string) {
		if strings.Contains(config, secret) {
			return
		}
		if err := os.WriteFile(filepath.Join(dir, "worker.config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		command, err := langworker.Find("python", "", []string{dir}, settings(root, "PATH=ROOT/bin", "SECRET="+secret))
		switch {
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("Find: %v tells a setting", err)
		case err != nil:
		case !filepath.IsAbs(command.Program) || !slices.ContainsFunc(command.Args, func(arg string) bool { return strings.HasPrefix(arg, dir+"/") && filepath.Clean(arg) == arg }):
			t.Errorf("Find: got %+v, want a program and a file below %s", command, dir)
		}
	})
}
