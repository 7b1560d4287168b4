// Package azurite runs Azurite, Microsoft's emulator of Azure Storage, for tests and demos: a process of its own on free ports of 127.0.0.1.
//
// It comes from npm, once for each checkout, into .cache/azurite. A rig that is
// stopped or killed can be started again on its ports and data. Azurite writes
// what it knows of queues and blobs to the disk every five seconds and when it is
// stopped: a kill loses what was acknowledged since, which Azure itself never
// does. Begin with [New] in a test and with [Start] elsewhere.
package azurite

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience bounds a start and a stop.
const patience = time.Minute

// account is the rig's own, beside the one that every emulator has.
const account = "stanchrig"

// Rig is an Azurite on two ports. Its methods are for one goroutine.
type Rig struct {
	program, data string
	ports         [3]int // of blobs, queues and tables
	key           string
	cmd           *exec.Cmd
	ended         chan struct{} // closed when cmd has
}

// New starts a rig that ends with the test, with its data in the test's own
// directory. It skips the test where node or npm is not there.
func New(t testing.TB) *Rig {
	t.Helper()
	root, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience) // npm may have to fetch it
	defer cancel()
	r, err := Start(ctx, root, t.TempDir())
	if errors.Is(err, ErrMissing) {
		t.Skipf("no Azurite: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Errorf("stop Azurite: %v", err)
		}
	})
	return r
}

// checkout is the nearest directory above with a go.mod.
func checkout() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			err = errors.New("find the checkout: no go.mod here or above")
			return "", err
		}
	}
	return "", err
}

// Start installs Azurite in a checkout if it isn't there, and starts one with its
// data in a directory. It returns ErrMissing where it can't be installed.
func Start(ctx context.Context, root, data string) (*Rig, error) {
	program, err := install(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("install Azurite: %w", err)
	}
	secret := make([]byte, 64)
	_, _ = rand.Read(secret) // it never fails
	r := &Rig{program: program, data: data, key: base64.StdEncoding.EncodeToString(secret)}
	for range 3 { // somebody may take a port between its choice and its use
		if r.ports, err = free(); err != nil {
			return nil, err
		}
		if err = r.Again(ctx); err == nil {
			return r, nil
		}
	}
	return nil, err
}

// free are ports that nobody listens on. They are held until all are found, so
// that none comes twice.
func free() (ports [3]int, err error) {
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ports, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// Again starts a rig that was stopped or killed, on its ports and data, and waits
// until both services answer.
func (r *Rig) Again(ctx context.Context) error {
	if r.cmd != nil {
		return nil
	}
	log, err := os.OpenFile(filepath.Join(r.data, "azurite.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start Azurite: %w", err)
	}
	defer log.Close()
	args := []string{r.program, "--silent", "--disableTelemetry", "--location", r.data}
	for i, service := range []string{"blob", "queue", "table"} {
		args = append(args, "--"+service+"Host", "127.0.0.1", "--"+service+"Port", strconv.Itoa(r.ports[i]))
	}
	cmd := exec.Command("node", args...)
	cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+account+":"+r.key+";"+emulator+":"+emulatorKey)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL} // it doesn't outlive a test that is killed
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start Azurite: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(ended)
	}()
	r.cmd, r.ended = cmd, ended
	if err := r.await(ctx); err != nil {
		r.Kill()
		tail, _ := os.ReadFile(log.Name()) // the error says enough without it
		return fmt.Errorf("start Azurite: %w\n%s", err, tail[max(0, len(tail)-1000):])
	}
	return nil
}

// await asks both services until they answer, whatever they answer.
func (r *Rig) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, port := range r.ports[:2] {
		for {
			ask, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/%s?comp=list", port, account), nil)
			if err != nil {
				return err
			}
			if answer, err := client.Do(ask); err == nil {
				_ = answer.Body.Close()
				break
			}
			select {
			case <-r.ended:
				return errors.New("it ended before it was ready")
			case <-ctx.Done():
				return fmt.Errorf("it is not ready after %v", patience)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// Stop lets it write what it holds. It is safe twice.
func (r *Rig) Stop() error {
	if r.cmd == nil {
		return nil
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-r.ended:
		r.cmd = nil
		return nil
	case <-time.After(patience):
		r.Kill()
		return fmt.Errorf("it did not end in %v, and was killed", patience)
	}
}

// Kill ends it by SIGKILL. It is safe twice.
func (r *Rig) Kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill() // it may have ended by itself
	<-r.ended
	r.cmd = nil
}

// Connection is the connection string of the rig's own account, which has a key
// that nobody else has.
func (r *Rig) Connection() string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s;QueueEndpoint=%s;", account, r.key, r.Blob(), r.Queue())
}

// Emulator is the connection string of the account that every emulator has.
func (r *Rig) Emulator() string {
	return fmt.Sprintf("UseDevelopmentStorage=true;BlobEndpoint=http://127.0.0.1:%d/%s;QueueEndpoint=http://127.0.0.1:%d/%s", r.ports[0], emulator, r.ports[1], emulator)
}

// Account and Key are of the rig's own account.
func (r *Rig) Account() string { return account }

// Key is base64.
func (r *Rig) Key() string { return r.key }

// Blob is the URL of the blobs of the rig's own account.
func (r *Rig) Blob() string { return fmt.Sprintf("http://127.0.0.1:%d/%s", r.ports[0], account) }

// Queue is the URL of its queues.
func (r *Rig) Queue() string { return fmt.Sprintf("http://127.0.0.1:%d/%s", r.ports[1], account) }

// emulator and its key are public: every emulator has them.
const (
	emulator    = "devstoreaccount1"
	emulatorKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
