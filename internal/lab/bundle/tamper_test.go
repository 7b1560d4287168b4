package bundle_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stanch-dev/stanch/internal/lab"
	"github.com/stanch-dev/stanch/internal/lab/bundle"
)

// change rewrites a file.
func change(name string, by func(text []byte) []byte) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return os.WriteFile(name, by(text), 0o644)
}

// link puts a link to the very same thing in its place.
func link(name string) error {
	other := name + ".moved"
	return errors.Join(os.Rename(name, other), os.Symlink(filepath.Base(other), name))
}

// edit replaces a text in a file that has it.
func edit(name, from, to string) error {
	var found bool
	err := change(name, func(text []byte) []byte {
		found = bytes.Contains(text, []byte(from))
		return bytes.Replace(text, []byte(from), []byte(to), 1)
	})
	if err == nil && !found {
		err = fmt.Errorf("%s has no %q", name, from)
	}
	return err
}

// tampering does something to a bundle, and says what Check has to name.
type tampering struct {
	name string
	do   func(random *rand.Rand, dir string, files []string) (names string, err error)
}

func tamperings() []tampering {
	pick := func(random *rand.Rand, files []string) string { return files[random.IntN(len(files))] }
	evidence := func(files []string) []string {
		return slices.DeleteFunc(slices.Clone(files), func(f string) bool { return strings.HasPrefix(f, "manifest") })
	}
	inManifest := func(from, to string) func(*rand.Rand, string, []string) (string, error) {
		return func(_ *rand.Rand, dir string, _ []string) (string, error) {
			return "manifest.json", edit(filepath.Join(dir, "manifest.json"), from, to)
		}
	}
	return []tampering{
		{"a bit is flipped", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, files)
			return f, change(filepath.Join(dir, f), func(text []byte) []byte { text[random.IntN(len(text))] ^= 1 << random.IntN(8); return text })
		}},
		{"the end is cut", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, files)
			return f, change(filepath.Join(dir, f), func(text []byte) []byte { return text[:random.IntN(len(text))] })
		}},
		{"something is appended", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, files)
			return f, change(filepath.Join(dir, f), func(text []byte) []byte { return append(text, " \n"[random.IntN(2)]) })
		}},
		{"two lines change places", func(random *rand.Rand, dir string, _ []string) (string, error) {
			f := fmt.Sprintf("runs/%02d/%s.csv", 1+random.IntN(2), []string{"samples", "sent", "events"}[random.IntN(3)])
			return f, change(filepath.Join(dir, f), func(text []byte) []byte {
				lines := bytes.SplitAfter(text, []byte("\n"))
				lines[1], lines[2] = lines[2], lines[1]
				return bytes.Join(lines, nil)
			})
		}},
		{"a file is removed", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, evidence(files))
			return f, os.Remove(filepath.Join(dir, f))
		}},
		{"a file is added", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, files) + ".more\n"
			return strings.ReplaceAll(f, "\n", `\n`), os.WriteFile(filepath.Join(dir, f), nil, 0o644)
		}},
		{"a file is renamed", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, evidence(files))
			return f, os.Rename(filepath.Join(dir, f), filepath.Join(dir, f+"x"))
		}},
		{"a file becomes a link to what it was", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := pick(random, files)
			return f, link(filepath.Join(dir, f))
		}},
		{"a file becomes a pipe", func(random *rand.Rand, dir string, files []string) (string, error) {
			f := filepath.Join(dir, pick(random, files))
			name, _ := filepath.Rel(dir, f)
			return name, errors.Join(os.Remove(f), syscall.Mkfifo(f, 0o644))
		}},
		{"a run becomes a link to what it was", func(_ *rand.Rand, dir string, _ []string) (string, error) {
			return "runs/01", link(filepath.Join(dir, "runs", "01"))
		}},
		{"a folder of nothing is added", func(_ *rand.Rand, dir string, _ []string) (string, error) {
			return "runs/03", os.Mkdir(filepath.Join(dir, "runs", "03"), 0o755)
		}},
		{"another kernel", inManifest(`"6.18"`, `"6.19"`)},
		{"another seed", inManifest(`"seed": 9223372036854775815`, `"seed": 1`)},
		{"another speed", inManifest(`"speed": 20`, `"speed": 2`)},
		{"another state", inManifest(`"complete"`, `"aborted"`)},
		{"it was never ended", inManifest(`"complete"`, `"running"`)},
		{"a key of its own", inManifest(`"seed"`, `"more": 1, "seed"`)},
		{"a key twice", inManifest(`"seed"`, `"seed": 9223372036854775815, "seed"`)},
		{"a key in capitals", inManifest(`"seed"`, `"SEED"`)},
		{"a digit of a sum in a capital", func(random *rand.Rand, dir string, _ []string) (string, error) {
			return "manifest.json", change(filepath.Join(dir, "manifest.json"), func(text []byte) []byte {
				from := bytes.Index(text, []byte(`"sha256": "`)) + len(`"sha256": "`)
				return slices.Concat(text[:from], bytes.ToUpper(text[from:from+64]), text[from+64:])
			})
		}},
		{"a sum that fits the file that was changed", func(_ *rand.Rand, dir string, _ []string) (string, error) {
			before, err := bundle.Open(dir)
			if err != nil {
				return "", err
			}
			if err := change(filepath.Join(dir, "runs", "01", "worker.log"), bytes.ToUpper); err != nil {
				return "", err
			}
			return "manifest.json", edit(filepath.Join(dir, "manifest.json"), sum(before, "runs/01/worker.log"), fmt.Sprintf("%x", sha([]byte("LISTENING\n"))))
		}},
		{"a file outside", func(_ *rand.Rand, dir string, _ []string) (string, error) {
			return "../verdict.json", edit(filepath.Join(dir, "manifest.json"), `"verdict.json"`, `"../verdict.json"`)
		}},
		{"an absolute file", func(_ *rand.Rand, dir string, _ []string) (string, error) {
			return "/etc/hostname", edit(filepath.Join(dir, "manifest.json"), `"verdict.json"`, `"/etc/hostname"`)
		}},
		{"a file twice", func(_ *rand.Rand, dir string, _ []string) (string, error) {
			return "names runs/01/worker.log twice", edit(filepath.Join(dir, "manifest.json"), `"runs/02/worker.log"`, `"runs/01/worker.log"`)
		}},
	}
}

func sum(b *bundle.Bundle, name string) string {
	i := slices.IndexFunc(b.Manifest.Files, func(f lab.FileSum) bool { return f.Path == name })
	return b.Manifest.Files[i].SHA256
}

func TestAHundredTamperingsAreNamed(t *testing.T) {
	original := filepath.Join(t.TempDir(), "original")
	sealed(t, original)
	public, private, err := ed25519.GenerateKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Sign(original, private); err != nil {
		t.Fatalf("Sign: %v", err)
	}
	var files []string
	if err := filepath.WalkDir(original, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(original, path)
			files = append(files, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	all := tamperings()
	for i := range 100 + len(all) {
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := bundle.Verify(dir, public); err != nil {
				t.Fatalf("Verify of a copy: %v", err)
			}
		}
		tamper := all[i%len(all)]
		names, err := tamper.do(rand.New(rand.NewPCG(uint64(i), 7)), dir, files)
		if err != nil {
			t.Fatalf("%s: %v", tamper.name, err)
		}
		var told []string
		b, err := bundle.Open(dir)
		if err == nil {
			told, err = b.Check()
		}
		if err != nil {
			told = append(told, err.Error())
		}
		if !strings.Contains(strings.Join(told, "\n"), names) {
			t.Errorf("seed %d, %s: told %q, want %s named", i, tamper.name, told, names)
		}
		if !slices.IsSorted(told) || slices.ContainsFunc(told, func(line string) bool { return strings.Contains(line, "\n") }) {
			t.Errorf("seed %d, %s: %q, want sorted lines", i, tamper.name, told)
		}
		if err := bundle.Verify(dir, public); err == nil {
			t.Errorf("seed %d, %s: Verify finds nothing", i, tamper.name)
		}
	}
}

func TestASealIsNoSignatureAndASignatureIs(t *testing.T) {
	dir := t.TempDir()
	forged := func() *bundle.Bundle { // made as stanch makes it, with what somebody wanted
		t.Helper()
		dir := t.TempDir()
		w, err := bundle.Create(dir, source, lab.Manifest{Name: "forged"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Seal(lab.Complete, "", began); err != nil {
			t.Fatal(err)
		}
		return open(t, dir)
	}()
	if lines, err := forged.Check(); err != nil || len(lines) > 0 {
		t.Errorf("Check of sums that are right: %q, %v; want nothing", lines, err)
	}
	sealed(t, dir)
	public, private, err := ed25519.GenerateKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := ed25519.GenerateKey(rand.NewChaCha8([32]byte{2}))
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Verify(dir, public); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Verify before anybody signed: %v, want that there is no signature", err)
	}
	if err := bundle.Sign(dir, private); err != nil {
		t.Fatalf("Sign: %v", err)
	}
	if err := bundle.Verify(dir, public); err != nil {
		t.Errorf("Verify with the signer's key: %v", err)
	}
	if lines, err := open(t, dir).Check(); err != nil || len(lines) > 0 {
		t.Errorf("Check of a signed bundle: %q, %v; want nothing", lines, err)
	}
	if err := bundle.Verify(dir, other); err == nil || !strings.Contains(err.Error(), "signed with the key") {
		t.Errorf("Verify with another's key: %v, want that it does not fit", err)
	}
	if err := bundle.Sign(dir, private[:10]); err == nil {
		t.Error("Sign with a tenth of a key gives no error")
	}
	if err := os.WriteFile(filepath.Join(dir, "verdict.json"), []byte("{1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Sign(dir, private); err == nil || !strings.Contains(err.Error(), "verdict.json") {
		t.Errorf("Sign of a bundle that was edited: %v, want verdict.json named", err)
	}
}
