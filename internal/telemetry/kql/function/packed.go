package function

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/stanch-dev/stanch/internal/telemetry/kql/value"
	"github.com/stanch-dev/stanch/internal/telemetry/schema"
)

// maxUnpacked is how long a text that is decompressed may get, in bytes: a few of
// them packed can stand for gigabytes.
const maxUnpacked = 16 << 20

// packed are the functions that write bytes as texts, and that unpack texts. What
// packs them is left out: the bytes depend on who does it.
func packed() []Func {
	return []Func{
		{Name: "gzip_decompress_from_base64_string", Args: []string{"string"}, Type: schema.String, Eval: textOK(unpack(func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }))},
		{Name: "zlib_decompress_from_base64_string", Args: []string{"string"}, Type: schema.String, Eval: textOK(unpack(func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }))},
		{Name: "base64_encode_fromarray", Args: []string{"array"}, Type: schema.String, Eval: base64FromArray},
		{Name: "base64_encode_fromguid", Args: []string{"guid"}, Type: schema.String, Eval: base64FromGUID},
		{Name: "url_encode", Args: []string{"string"}, Type: schema.String, Eval: text1(func(s string) string { return strings.ReplaceAll(encodeComponent(s), "%20", "+") })},
	}
}

func unpack(open func(io.Reader) (io.Reader, error)) func(string) (string, bool) {
	return func(s string) (string, bool) {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return "", false
		}
		r, err := open(bytes.NewReader(b))
		if err != nil {
			return "", false
		}
		var out strings.Builder
		n, err := io.Copy(&out, io.LimitReader(r, maxUnpacked+1))
		return out.String(), err == nil && n <= maxUnpacked && utf8.ValidString(out.String())
	}
}

func base64FromArray(args []value.Value) value.Value {
	if !isArray(args[0]) {
		return value.Null
	}
	b := make([]byte, len(args[0].Elems()))
	for i, e := range args[0].Elems() {
		if k := e.Kind(); k != value.KindInt && k != value.KindLong || e.Long() < 0 || e.Long() > 255 {
			return value.Null
		}
		b[i] = byte(e.Long())
	}
	return value.String(base64.StdEncoding.EncodeToString(b))
}

// base64FromGUID takes the first three groups from their last byte, as .NET keeps
// them.
func base64FromGUID(args []value.Value) value.Value {
	g := args[0].GUID()
	b := []byte{g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6]}
	return value.String(base64.StdEncoding.EncodeToString(append(b, g[8:]...)))
}
