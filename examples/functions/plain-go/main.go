// Command worker is a web server that takes work too: a path for each function.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello/{name}", func(w http.ResponseWriter, r *http.Request) { // a client's
		fmt.Fprintf(w, "Hello, %s!\n", r.PathValue("name"))
	})
	for path, function := range map[string]func(io.Writer, *http.Request) error{
		"POST /resize": resize, "POST /arrived": arrived, "POST /tick": tick,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			var answer bytes.Buffer
			if err := function(&answer, r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError) // the message comes again
				return
			}
			_, _ = answer.WriteTo(w)
		})
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}

// resize takes a message, the name of an image. The image is read by URL, the thumb
// written by one.
func resize(w io.Writer, r *http.Request) error {
	name, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	source := r.Header.Get("Stanch-Url-Image")
	if source == "" {
		return fmt.Errorf("there is no image %s", name)
	}
	image, err := ask(r, http.MethodGet, source, nil)
	if err != nil {
		return err
	}
	defer image.Close()
	digest, thumb := sha256.New(), &bytes.Buffer{}
	size, err := io.Copy(io.MultiWriter(digest, &first{1000, thumb}), image)
	if err != nil {
		return err
	}
	done, err := ask(r, http.MethodPut, r.Header.Get("Stanch-Url-Thumb"), thumb)
	if err != nil {
		return err
	}
	done.Close()
	return json.NewEncoder(w).Encode(map[string]any{"image": string(name), "bytes": size, "sha256": fmt.Sprintf("%x", digest.Sum(nil))})
}

// arrived takes a blob: its bytes are the body.
func arrived(w io.Writer, r *http.Request) error {
	size, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(map[string]any{"name": r.Header.Get("Stanch-Meta-Name"), "bytes": size})
}

func tick(w io.Writer, r *http.Request) error {
	var timer struct{ IsPastDue bool }
	if err := json.NewDecoder(r.Body).Decode(&timer); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "tick, past due: %v", timer.IsPastDue)
	return err
}

// ask reads or writes what the delivery lends.
func ask(r *http.Request, method, url string, body io.Reader) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(r.Context(), method, url, body)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode/100 != 2 {
		answer.Body.Close()
		return nil, fmt.Errorf("%s of a payload: %s", method, answer.Status)
	}
	return answer.Body, nil
}

// first keeps the first bytes of what is written.
type first struct {
	left int
	to   io.Writer
}

func (f *first) Write(p []byte) (int, error) {
	n, err := f.to.Write(p[:min(f.left, len(p))])
	f.left -= n
	return len(p), err
}
