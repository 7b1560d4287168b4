package functions_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stanch-dev/stanch/internal/work/contract"
	"github.com/stanch-dev/stanch/internal/work/endpoint"
)

func TestBothHandlersOfBlobOOMAddUpTheSameBlob(t *testing.T) {
	body := make([]byte, 3<<20+1)
	_, _ = rand.NewChaCha8([32]byte{4}).Read(body)
	blob := &contract.Stream{Size: int64(len(body)), Open: func(_ context.Context, from int64) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(body[from:])), nil
	}}
	server := httptest.NewUnstartedServer(nil)
	lender := endpoint.New("http://" + server.Listener.Addr().String())
	server.Config.Handler = lender
	server.Start()
	defer server.Close()
	loan := lender.Lend(t.Context(), map[string]*contract.Stream{"blob": blob}, nil)
	defer loan.Close()
	for folder, payload := range map[string]contract.Value{
		"buffered": {Kind: contract.Large, Stream: blob},
		"streamed": {Kind: contract.Text, Text: loan.URL("blob")},
	} {
		t.Run(folder, func(t *testing.T) {
			folder = filepath.Join("../../labs/blob-oom", folder)
			client := handler(t, read(t, folder), folder, false, func(contract.Line) {})
			result, end, err := client.Invoke(t.Context(), &contract.Invocation{
				ID: id, Function: "total",
				Inputs:   []contract.Input{{Name: "blob", Binding: "blobTrigger", Binary: true, Value: payload}},
				Metadata: []contract.Datum{{Name: "name", Value: contract.Value{Kind: contract.Text, Text: "b"}}},
			})
			if err != nil {
				t.Fatalf("Invoke total: %v", err)
			}
			defer end()
			want := fmt.Sprintf(`{"bytes":%d,"name":"b","sha256":"%x"}`, len(body), sha256.Sum256(body))
			if len(result.Outputs) != 1 || ordered(result.Outputs[0].Value.Text) != want {
				t.Errorf("outputs of total: got %+v, want %s", result.Outputs, want)
			}
		})
	}
}

func TestTheSameSeedMakesTheSamePayload(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("python3", append([]string{"../../labs/payload.py"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("payload.py %v: %v\n%s", args, err, out)
		}
	}
	image := filepath.Join(dir, "image.png")
	run("image", image)
	text, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	const want = "51db6276aecdcb777be33b466dd82eed3ec9fd2f8af33d82ca3014299bfa3560"
	if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != want || len(text) != 5001782 {
		t.Errorf("the image: got %d bytes with %s, want 5001782 with %s", len(text), got, want)
	}
	run("--seed", "7", "blobs", filepath.Join(dir, "a"), "1000", "2MiB")
	run("--seed", "7", "blobs", filepath.Join(dir, "b"), "1000", "2MiB")
	for name, size := range map[string]int{"0001-1000.bin": 1000, "0002-2097152.bin": 2 << 20} {
		one, errOne := os.ReadFile(filepath.Join(dir, "a", name))
		other, errOther := os.ReadFile(filepath.Join(dir, "b", name))
		if errOne != nil || errOther != nil || len(one) != size || !bytes.Equal(one, other) {
			t.Errorf("%s: got %d and %d bytes (%v, %v), equal %v; want %d, equal", name, len(one), len(other), errOne, errOther, bytes.Equal(one, other), size)
		}
	}
}
