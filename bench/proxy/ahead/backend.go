package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
)

// serveBackend is the worker behind all proxies: it answers GET /large with 10
// MiB, everything else with a greeting, and reads every body to its end. It
// understands just the requests that the bench sends, so that it costs as
// little as it can.
func serveBackend(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	large := append([]byte("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n"), make([]byte, 10<<20)...)
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go answer(c, large)
	}
}

var greeting = []byte("HTTP/1.1 200 OK\r\nServer: backend\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, world\n")

func answer(c net.Conn, large []byte) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 32<<10)
	for {
		var length int64
		reply := greeting
		for first := true; ; first = false {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				break
			}
			switch {
			case first && bytes.HasPrefix(line, []byte("GET /large ")):
				reply = large
			case len(line) > 16 && bytes.EqualFold(line[:16], []byte("Content-Length: ")):
				length, _ = strconv.ParseInt(string(bytes.TrimSpace(line[16:])), 10, 64)
			}
		}
		if _, err := io.CopyN(io.Discard, r, length); err != nil {
			return
		}
		if _, err := c.Write(reply); err != nil {
			return
		}
	}
}
