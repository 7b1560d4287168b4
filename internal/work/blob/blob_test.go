package blob_test

import (
	"strings"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/blob"
)

func TestANameIsReadAndPrintedBack(t *testing.T) {
	for _, s := range []string{"images/cat.jpg", "images/2026/11/cat 1.jpg", "abc/ü/漢字", "a-1/x..y/~", "box/.hidden"} {
		n, err := blob.ParseName(s)
		if err != nil || n.String() != s {
			t.Errorf("ParseName(%q) = %q, %v", s, n, err)
		}
	}
	if n, err := blob.ParseName("/images/cat.jpg"); err != nil || n.String() != "images/cat.jpg" {
		t.Errorf("ParseName with a slash before it = %q, %v", n, err)
	}
	for name, s := range map[string]string{
		"nothing": "", "no path": "images", "no path after the slash": "images/", "no container": "//x", "an upper-case container": "Images/x",
		"a way up": "images/../x", "a part that is empty": "images/a//b", "a dot": "images/./b", "a backslash": `images/a\b`, "a line end": "images/a\nb",
		"stanch's own": "images/.stanch-x", "too long": "images/" + strings.Repeat("a/", 600), "a part that is too long": "images/" + strings.Repeat("a", 250),
	} {
		if n, err := blob.ParseName(s); err == nil {
			t.Errorf("%s: ParseName(%q) = %v", name, s, n)
		}
	}
}

func FuzzAName(f *testing.F) {
	f.Add("images/cat.jpg")
	f.Add("abc/../x")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := blob.ParseName(s)
		if err != nil {
			return
		}
		again, err := blob.ParseName(n.String())
		if err != nil || again != n || strings.Contains("/"+n.Path+"/", "/../") {
			t.Errorf("ParseName(%q) = %q, and of that %q, %v", s, n, again, err)
		}
	})
}
