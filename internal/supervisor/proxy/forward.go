package proxy

import "strconv"

// The heads that are sent on are made of the lines that came in, copied in runs,
// less those that concern one connection only (RFC 9110, section 7.6.1), plus
// what is made anew.

// appendRequest appends the head that a worker gets. client is the client's
// address without its port; local stands in for the Host that HTTP/1.0 may
// leave out.
func appendRequest(out []byte, r *request, b []byte, client, local string) []byte {
	out = append(out, r.method.of(b)...)
	out = append(out, ' ')
	if r.target.from == r.target.to {
		out = append(out, '/') // "http://host" has an empty path
	} else {
		out = append(out, r.target.of(b)...)
	}
	out = append(out, " HTTP/1.1\r\n"...)
	if r.absHost || r.hosts == 0 {
		out = append(out, "Host: "...)
		if r.host == (span{}) {
			out = append(out, local...)
		} else {
			out = append(out, r.host.of(b)...)
		}
		out = append(out, "\r\n"...)
	}
	length, proto, forwarded := false, false, false
	for i := range r.fields {
		f := &r.fields[i]
		switch f.kind {
		case connection, keepAlive, te, transferEncoding, upgrade, http2Settings, proxyConnection, proxyAuthenticate, proxyAuthorization, forwardedFor:
			continue
		case host:
			if r.absHost {
				continue
			}
		case contentLength:
			if length {
				continue // the same again
			}
			length = true
		case trailer:
			if !r.chunked {
				continue
			}
		case expect:
			if !r.expects {
				continue
			}
		}
		if r.named && r.names(b, f) {
			continue
		}
		proto = proto || f.kind == forwardedProto
		forwarded = forwarded || f.kind == forwardedHost
		out = append(out, f.line.of(b)...)
	}
	if r.chunked {
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	if r.trails {
		out = append(out, "TE: trailers\r\n"...)
	}
	if r.upgrade != (span{}) {
		out = append(out, "Connection: Upgrade\r\nUpgrade: "...)
		out = append(out, r.upgrade.of(b)...)
		out = append(out, "\r\n"...)
	}
	out = append(out, "X-Forwarded-For: "...)
	if r.forward {
		for i := range r.fields {
			if f := &r.fields[i]; f.kind == forwardedFor && f.value.from < f.value.to && !(r.named && r.names(b, f)) {
				out = append(out, f.value.of(b)...)
				out = append(out, ", "...)
			}
		}
	}
	out = append(out, client...)
	if !proto {
		out = append(out, "\r\nX-Forwarded-Proto: http"...)
	}
	if !forwarded && r.host != (span{}) {
		out = append(out, "\r\nX-Forwarded-Host: "...)
		out = append(out, r.host.of(b)...)
	}
	return append(out, "\r\n\r\n"...)
}

// framing is how an answer's body is delimited.
type framing uint8

const (
	noBody      framing = iota
	byLength            // Content-Length
	byChunks            // chunked as it comes
	byClose             // ends with the connection
	intoChunks          // comes until the end of the connection, goes out chunked
	outOfChunks         // comes chunked, goes out until the end of the connection
)

// appendAnswer appends the head that a client gets.
func appendAnswer(out []byte, a *answer, b []byte, f framing, minor byte, keep bool) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = append(out, byte('0'+a.status/100), byte('0'+a.status/10%10), byte('0'+a.status%10))
	if a.rest.from == a.rest.to {
		out = append(out, ' ')
	}
	out = append(out, a.rest.of(b)...)
	out = append(out, "\r\n"...)
	length := false
	for i := range a.fields {
		field := &a.fields[i]
		switch field.kind {
		case connection, keepAlive, te, transferEncoding, upgrade, proxyConnection, proxyAuthenticate, proxyAuthorization:
			continue
		case contentLength:
			// A length without a body is a fact about another answer, for HEAD
			// and 304; elsewhere it would be a second framing.
			if length || f == noBody && (a.status < 200 || a.status == 204) {
				continue
			}
			length = true
		case trailer:
			if f != byChunks {
				continue
			}
		}
		if a.named && a.names(b, field) {
			continue
		}
		out = append(out, field.line.of(b)...)
	}
	switch {
	case a.status == 101:
		out = append(out, "Connection: Upgrade\r\nUpgrade: "...)
		out = append(out, a.upgrade.of(b)...)
		return append(out, "\r\n\r\n"...)
	case a.status < 200:
		return append(out, "\r\n"...)
	}
	if f == byChunks || f == intoChunks {
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	switch {
	case !keep:
		out = append(out, "Connection: close\r\n"...)
	case minor == 0:
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	return append(out, "\r\n"...)
}

// appendChunk appends data as one chunk.
func appendChunk(out, data []byte) []byte {
	out = strconv.AppendInt(out, int64(len(data)), 16)
	out = append(out, "\r\n"...)
	out = append(out, data...)
	return append(out, "\r\n"...)
}
