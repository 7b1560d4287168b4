package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"github.com/stanch-dev/stanch/bench/rig"
	"github.com/stanch-dev/stanch/bench/work/report"
	stored "github.com/stanch-dev/stanch/internal/work/blob"
	"github.com/stanch-dev/stanch/internal/work/connect"
)

// blobs are the ways to hand a large blob to a worker, and curl's from the same
// store. The blob is written anew each time, so that both find it as warm.
func (b *bench) blobs() []*way {
	if b.blob == 0 {
		return nil
	}
	var all []*way
	for _, s := range []struct {
		name  string
		store func() (string, error)
	}{
		{"1 blob in file", func() (string, error) { d, err := b.stage.Scratch("store"); return "file:" + d, err }},
		{"1 blob in azurite", func() (string, error) { return b.azurite, nil }},
	} {
		curl := s.name + " curl"
		all = append(all,
			&way{name: s.name + " stanch run", than: curl, blob: true, measure: func(ctx context.Context, b *bench) (figure, error) { return b.streamed(ctx, s.store) }},
			&way{name: curl, blob: true, measure: func(ctx context.Context, b *bench) (figure, error) { return b.curl(ctx, s.store) }})
	}
	return all
}

// bigName is the blob.
var bigName = stored.Name{Container: "big", Path: "payload"}

// lay writes the blob, and returns how to take it away.
func (b *bench) lay(ctx context.Context, text string) (remove func(), err error) {
	c := connect.New(connect.Config{})
	defer c.Close()
	s, err := c.OpenText(text)
	if err != nil {
		return nil, err
	}
	_, err = s.Blobs.Put(ctx, bigName, stored.Head{}, io.LimitReader(endless{}, b.blob), stored.Want{})
	return func() {
		c := connect.New(connect.Config{})
		defer c.Close()
		if s, err := c.OpenText(text); err == nil {
			_ = s.Blobs.Delete(context.Background(), bigName, stored.Want{}) // the next Put replaces it anyway
		}
	}, err
}

// endless is bytes that are not all the same.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i * 31)
	}
	return len(p), nil
}

// streamed has stanch hand the blob to the worker by URL.
func (b *bench) streamed(ctx context.Context, open func() (string, error)) (f figure, err error) {
	store, err := open()
	if err != nil {
		return f, err
	}
	remove, err := b.lay(ctx, store)
	if err != nil {
		return f, err
	}
	defer remove()
	folder, err := b.files(map[string]string{
		"host.json":          fmt.Sprintf(`{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":%q}}}`, b.worker),
		"read/function.json": `{"bindings":[{"type":"blobTrigger","direction":"in","name":"file","path":"big/{name}","dataType":"binary","stanchMode":"streamed"}]}`,
	})
	if err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	file := filepath.Join(folder, "report.json")
	st, err := b.begin(folder, store, file, 0)
	if err != nil {
		return f, err
	}
	defer st.Stop(20 * time.Second)
	r, err := report.Wait(ctx, file, st.Done)
	if err != nil {
		return f, err
	}
	if r.Bytes != b.blob {
		return f, fmt.Errorf("the worker read %d of %d bytes", r.Bytes, b.blob)
	}
	f.bytes, f.rate = true, float64(r.Bytes)/r.Took.Seconds()
	f.stanch, err = rig.CPU(st.PID)
	return f, err
}

// curl reads the same blob: of the file store from a server of static files
// (net/http), of Azurite by a URL with a signature.
func (b *bench) curl(ctx context.Context, open func() (string, error)) (f figure, err error) {
	store, err := open()
	if err != nil {
		return f, err
	}
	remove, err := b.lay(ctx, store)
	if err != nil {
		return f, err
	}
	defer remove()
	url, stop, err := b.url(store)
	if err != nil {
		return f, err
	}
	defer stop()
	began := time.Now()
	out, err := exec.CommandContext(ctx, "curl", "--silent", "--fail", "--output", os.DevNull, "--write-out", "%{size_download}", url).Output()
	took := time.Since(began)
	if err != nil {
		return f, fmt.Errorf("curl: %w", err)
	}
	if string(out) != fmt.Sprint(b.blob) {
		return f, fmt.Errorf("curl read %s of %d bytes", out, b.blob)
	}
	return figure{bytes: true, rate: float64(b.blob) / took.Seconds()}, nil
}

func (b *bench) url(store string) (url string, stop func(), err error) {
	if store == b.azurite {
		c, err := blob.NewClientFromConnectionString(store, bigName.Container, bigName.Path, nil)
		if err != nil {
			return "", nil, err
		}
		url, err = c.GetSASURL(sas.BlobPermissions{Read: true}, time.Now().Add(time.Hour), nil)
		return url, func() {}, err
	}
	file, err := largest(store[len("file:"):])
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })}
	go server.Serve(l)
	return "http://" + l.Addr().String() + "/", func() { server.Close() }, nil
}

// largest is the file of a store that holds the blob.
func largest(dir string) (found string, err error) {
	var most int64
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Size() > most {
			found, most = path, info.Size()
		}
		return err
	})
	return found, err
}
