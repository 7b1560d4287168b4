package azure

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/work"
)

// Encoding is how a message's body is written into the text that a queue holds.
type Encoding string

// The encodings, in the words of host.json. Azure Functions' own is Base64.
const (
	Base64 Encoding = "base64"
	Plain  Encoding = "none"
)

// maxText is the most that a message holds: 64 KiB.
const maxText = 64 << 10

// encode refuses a body that a message can't hold.
func (e Encoding) encode(body []byte) (string, error) {
	if e == Base64 {
		if limit := base64.StdEncoding.DecodedLen(maxText); len(body) > limit {
			return "", &work.TooLarge{Size: int64(len(body)), Limit: int64(limit)}
		}
		return base64.StdEncoding.EncodeToString(body), nil
	}
	if len(body) > maxText {
		return "", &work.TooLarge{Size: int64(len(body)), Limit: maxText}
	}
	for i, text := 0, body; len(text) > 0; {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 || !legal(r) {
			return "", fmt.Errorf("byte %d of the body can't be in XML, in which messages travel\nhint: set messageEncoding to %s", i+1, Base64)
		}
		i, text = i+size, text[size:]
	}
	return string(body), nil
}

// legal says which characters XML 1.0 allows. A carriage return is left out: XML
// allows it, and every parser may turn it into a line feed.
func legal(r rune) bool {
	return r == '\t' || r == '\n' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// decode is the body that a text stands for, or the text itself and why it stands
// for none.
func (e Encoding) decode(text string) (body []byte, fault string) {
	if e == Plain {
		return []byte(text), ""
	}
	body, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return []byte(text), "not base64: " + err.Error()
	}
	return body, ""
}
