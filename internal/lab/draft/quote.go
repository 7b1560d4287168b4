package draft

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/stanch-dev/stanch/internal/bytesize"
)

// quoted is a text between quotes of YAML, in which nothing is YAML.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, c)
		case c <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			fmt.Fprintf(&b, `\U%08x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// words are texts in a list of YAML.
func words(all []string) string {
	parts := make([]string, len(all))
	for i, word := range all {
		parts[i] = quoted(word)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// size is an amount without rounding, in the largest unit that it is whole in.
func size(b bytesize.Size) string {
	for _, u := range []struct {
		name string
		size bytesize.Size
	}{{"GiB", bytesize.GiB}, {"GB", 1e9}, {"MiB", bytesize.MiB}, {"MB", 1e6}, {"KiB", bytesize.KiB}, {"KB", 1e3}} {
		if b > 0 && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// span is a time as one writes it: 5m, 1m30s, 500ms.
func span(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// rate is so many a second.
func rate(perSecond float64) string { return strconv.FormatFloat(perSecond, 'f', -1, 64) + "/s" }
