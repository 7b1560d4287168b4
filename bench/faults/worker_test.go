package faults_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The variables that make this program a handler.
const (
	controlVar = "FAULTS_CONTROL" // URL of the test
	notesVar   = "FAULTS_NOTES"   // directory of the notes
	hostVar    = "FAULTS_HOST"    // which of the hosts has it
)

// job is a message.
type job struct {
	N     int    `json:"n"`
	Blob  string `json:"blob"`
	Do    string `json:"do,omitempty"`    // fail, die, doom (with its host): always; empty: complete
	Fault string `json:"fault,omitempty"` // what happens once, and at which step
	Pad   string `json:"pad,omitempty"`
}

// inputSize is of the blob that messages name, in bytes.
const inputSize = 256 << 10

// serve is a custom handler until it is killed.
func serve() error {
	notes, err := os.Create(filepath.Join(os.Getenv(notesVar), fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())))
	if err != nil {
		return err
	}
	w := &handler{notes: notes}
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"), w)
}

type handler struct {
	notes *os.File
	fresh sync.Once
}

// note writes a line: one write, so that a kill leaves no half of one.
func (h *handler) note(word string, n int, sync bool) {
	_, err := fmt.Fprintf(h.notes, "%s %d\n", word, n)
	if err == nil && sync {
		err = h.notes.Sync()
	}
	if err != nil {
		panic(err)
	}
}

// at tells the test where a message is, and waits for what it does. It returns
// what is left to the handler.
func at(step string, j job) string {
	if j.Fault == "" {
		return ""
	}
	return tell(url.Values{"step": {step}, "n": {strconv.Itoa(j.N)}, "fault": {j.Fault}})
}

func tell(v url.Values) string {
	v.Set("host", os.Getenv(hostVar))
	v.Set("pid", strconv.Itoa(os.Getpid()))
	resp, err := http.Get(os.Getenv(controlVar) + "?" + v.Encode())
	if err != nil {
		return "" // the test has ended
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return string(answer)
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		h.fresh.Do(func() { go tell(url.Values{"step": {"leasing"}}) })
		return
	}
	var asked struct {
		Data struct {
			Msg   json.RawMessage
			Input string
		}
	}
	var j job
	err := json.NewDecoder(r.Body).Decode(&asked)
	if err == nil {
		text := []byte(asked.Data.Msg)
		if inner := ""; json.Unmarshal(text, &inner) == nil {
			text = []byte(inner)
		}
		err = json.Unmarshal(text, &j)
	}
	if err != nil {
		http.Error(w, "this is no job: "+err.Error(), http.StatusBadRequest)
		return
	}
	h.note("got", j.N, false)
	at("leased", j)
	if asked.Data.Input != "" {
		if err := read(asked.Data.Input, j); err != nil {
			h.note("failed", j.N, false)
			http.Error(w, "read the input: "+err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if at("working", j) == "hang" {
		<-r.Context().Done()
		h.note("hung", j.N, false)
		return
	}
	switch j.Do {
	case "fail":
		h.note("failed", j.N, false)
		http.Error(w, "as asked", http.StatusInternalServerError)
		return
	case "die":
		h.note("dying", j.N, false)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "doom":
		tell(url.Values{"step": {"doom"}})
		select {}
	}
	h.note("done", j.N, true)
	at("noted", j)
	answer := fmt.Appendf(nil, `{"Outputs":{"out":"%d"}}`, j.N)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer)
	_ = http.NewResponseController(w).Flush()
	h.note("end", j.N, false)
	at("answered", j)
}

// read reads the blob, and stops midway for the fault that is due there.
func read(from string, j job) error {
	resp, err := http.Get(from)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, resp.Body, 10_000); err != nil {
		return err
	}
	at("input", j)
	if _, err := io.Copy(&body, resp.Body); err != nil {
		return err
	}
	if want := input(); !bytes.Equal(body.Bytes(), want) {
		return fmt.Errorf("%d bytes that are not the %d of the blob", body.Len(), len(want))
	}
	return nil
}

// input is the blob's content.
func input() []byte {
	all := make([]byte, inputSize)
	for i := range all {
		all[i] = byte(i * i >> 3)
	}
	return all
}
