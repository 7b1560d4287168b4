// Package proxy carries HTTP requests from clients to workers without being noticed.
//
// It exists because a worker that is replaced, frozen or killed must not cost
// its clients a request, and because nothing may stand in front of a worker
// that is slower than what people already put there. So both sides of the
// HTTP/1.1 path are its own: a strict parser, pooled buffers, no allocation for
// a request in the steady state, no deadline set for one. HTTP/2 without TLS
// goes through net/http's server and meets the same upstream connections and
// the same rules.
//
// The rules. What is ambiguous is refused, never repaired: a head or a chunk
// that two parsers could read in two ways does not get through in either
// direction. A request is sent twice only if the first worker provably never
// got it, or if it is safe, has no body, and no byte of an answer was passed
// on. An answer that was cut short looks cut short to the client. Bodies
// stream; none is held in memory. Nothing waits for ever: one sweeper looks
// after every connection's time.
//
// It decides nothing about memory and chooses no worker: a [Backend] does, one
// [Seat] a request.
//
// Begin at conn.go, which serves one client connection, then attempt.go, which
// takes one request to one worker.
package proxy
