package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
)

// exit dies at once, in the middle of the request that asked for it.
func (w *worker) exit(_ http.ResponseWriter, r *http.Request) {
	os.Exit(int(query(r, "code", 3)))
}

// garbage answers with bytes that are not HTTP.
func (w *worker) garbage(rw http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte("\x00\xff\x13\x37 this is no HTTP\r\n\r\n\x00\x00"))
}

// closePort stops listening while the process and its connections live on.
func (w *worker) closePort(rw http.ResponseWriter, _ *http.Request) {
	w.portClosed.Store(true)
	w.listener.Close()
	w.answer(rw)
}

// hang promises 1000 bytes, sends 500, and says nothing more.
func (w *worker) hang(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Content-Length", "1000")
	rw.Write(block(0)[:500])
	http.NewResponseController(rw).Flush()
	<-r.Context().Done()
}

// orphan leaves n processes behind whose parent is gone, each in a session of
// its own, where no signal to the worker's group reaches them.
func orphan(n int64) error {
	for range n {
		shell := exec.Command("sh", "-c", "sleep 600 >/dev/null 2>&1 &")
		shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := shell.Run(); err != nil {
			return fmt.Errorf("leave an orphan: %w", err)
		}
	}
	return nil
}
