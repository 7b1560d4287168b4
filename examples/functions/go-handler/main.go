// Command handler is a custom handler of Azure Functions in Go, as the samples of
// its documentation are: an HTTP server with a path for each function.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path"
)

// invocation is what the host posts.
type invocation struct {
	Data     map[string]json.RawMessage
	Metadata map[string]json.RawMessage
}

// answer is what it expects.
type answer struct {
	Outputs map[string]any
	Logs    []string
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /resize", invoked(resize))
	mux.HandleFunc("POST /arrived", invoked(arrived))
	mux.HandleFunc("POST /tick", invoked(tick))
	mux.HandleFunc("/api/hello", hello)
	mux.HandleFunc("/api/hello/{name}", hello)
	port, found := os.LookupEnv("FUNCTIONS_CUSTOMHANDLER_PORT")
	if !found {
		port = "8080"
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, mux))
}

func invoked(function func(invocation) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in invocation
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := function(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(out); err != nil {
			log.Print(err)
		}
	}
}

func resize(in invocation) (out answer, err error) {
	var image []byte
	if err := json.Unmarshal(in.Data["image"], &image); err != nil {
		return out, fmt.Errorf("image: %w", err)
	}
	name := text(in.Data["job"])
	if image == nil {
		return out, fmt.Errorf("there is no blob %s in images", name)
	}
	done, err := json.Marshal(map[string]any{"image": name, "bytes": len(image), "sha256": fmt.Sprintf("%x", sha256.Sum256(image))})
	out.Outputs = map[string]any{"done": string(done)}
	out.Logs = []string{fmt.Sprintf("%s has %d bytes", name, len(image))}
	return out, err
}

func arrived(in invocation) (out answer, err error) {
	var file []byte
	if err := json.Unmarshal(in.Data["file"], &file); err != nil {
		return out, fmt.Errorf("file: %w", err)
	}
	arrival, err := json.Marshal(map[string]any{"name": text(in.Metadata["name"]), "bytes": len(file)})
	out.Outputs = map[string]any{"arrivals": string(arrival)}
	return out, err
}

func tick(in invocation) (out answer, err error) {
	var timer struct{ IsPastDue bool }
	if err := json.Unmarshal(in.Data["timer"], &timer); err != nil {
		return out, fmt.Errorf("timer: %w", err)
	}
	out.Outputs = map[string]any{"ticks": fmt.Sprintf("tick, past due: %v", timer.IsPastDue)}
	return out, nil
}

// hello gets the client's request itself: host.json has enableForwardingHttpRequest.
func hello(w http.ResponseWriter, r *http.Request) {
	name := "world"
	if base := path.Base(r.URL.Path); base != "hello" {
		name = base
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Handler", "go")
	fmt.Fprintf(w, "Hello, %s! You sent %d bytes.\n", name, len(body))
}

// text is a text of the payload. Azure's host puts JSON strings into JSON strings.
func text(raw json.RawMessage) string {
	var outer, inner string
	if json.Unmarshal(raw, &outer) != nil {
		return string(raw)
	}
	if json.Unmarshal([]byte(outer), &inner) == nil {
		return inner
	}
	return outer
}
