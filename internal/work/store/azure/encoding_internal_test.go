package azure

import (
	"bytes"
	"encoding/xml"
	"testing"
)

// A body that an encoding takes comes back from it, through the XML of a message.
func FuzzABodySurvivesItsEncoding(f *testing.F) {
	for _, seed := range []string{"", "hello", "<a>&amp;</a>]]>", "\x00\xff", "\ufffe", "é漢🙂\t\n", " spaces "} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, e := range []Encoding{Base64, Plain} {
			text, err := e.encode(body)
			if err != nil {
				if e == Base64 && len(body) <= 48<<10 {
					t.Errorf("%s refuses %q: %v", e, body, err)
				}
				continue
			}
			if len(text) > maxText {
				t.Errorf("%s makes %d bytes of %d", e, len(text), len(body))
			}
			type message struct{ MessageText string }
			wire, err := xml.Marshal(message{text})
			if err != nil {
				t.Fatal(err)
			}
			var came message
			if err := xml.Unmarshal(wire, &came); err != nil {
				t.Fatalf("%s: %q is no XML: %v", e, wire, err)
			}
			if got, fault := e.decode(came.MessageText); fault != "" || !bytes.Equal(got, body) {
				t.Errorf("%s: %q came back as %q, fault %q", e, body, got, fault)
			}
		}
	})
}
