package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// echo sends the body back while it arrives: a body of known length comes back
// with its length, a chunked one chunked, with its trailers.
func (w *worker) echo(rw http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(rw)
	if err := control.EnableFullDuplex(); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/octet-stream")
	if r.ContentLength >= 0 {
		rw.Header().Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	} else if control.Flush() != nil { // else net/http would count a short body for us
		return
	}
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Body.Read(buffer)
		if _, writeErr := rw.Write(buffer[:n]); writeErr != nil {
			return
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			// Half an echo must not look like a whole one.
			panic(http.ErrAbortHandler)
		}
		if n > 0 && control.Flush() != nil {
			return
		}
	}
	for name, values := range r.Trailer {
		for _, v := range values {
			rw.Header().Add(http.TrailerPrefix+name, v)
		}
	}
}

// block is the k-th KiB of /stream: its number, a letter that changes with it,
// and a line end, so that a lost, doubled or moved KiB shows.
func block(k int64) []byte {
	b := bytes.Repeat([]byte{byte('a' + k%26)}, 1024)
	copy(b, fmt.Sprintf("%08d ", k))
	b[1023] = '\n'
	return b
}

// stream sends ?kb= blocks, chunked, with ?ms= between every 16 of them.
func (w *worker) stream(rw http.ResponseWriter, r *http.Request) {
	pause := time.Duration(query(r, "ms", 0)) * time.Millisecond
	rw.Header().Set("Content-Type", "text/plain")
	rw.WriteHeader(http.StatusOK)
	control := http.NewResponseController(rw)
	for k := range query(r, "kb", 1024) {
		if _, err := rw.Write(block(k)); err != nil {
			return
		}
		if k%16 == 15 {
			if control.Flush() != nil {
				return
			}
			time.Sleep(pause)
		}
	}
	control.Flush()
}

// sse sends ?n= events, one every ?ms=.
func (w *worker) sse(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(rw)
	every := time.NewTicker(max(time.Duration(query(r, "ms", 100))*time.Millisecond, time.Microsecond))
	defer every.Stop()
	for i := range query(r, "n", 10) {
		fmt.Fprintf(rw, "id: %d\ndata: event %d\n\n", i, i)
		if control.Flush() != nil {
			return
		}
		select {
		case <-every.C:
		case <-r.Context().Done():
			return
		}
	}
}
