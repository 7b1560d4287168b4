package nats

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// EmbedOptions say how the server in this process keeps its data.
type EmbedOptions struct {
	Dir string // made if it isn't there
	// SyncEvery is how often what was written is forced to the disk. 0, the
	// default, does it before every acknowledgement; with more, what was
	// acknowledged survives the end of the process, but the last of it not a power
	// cut.
	SyncEvery time.Duration
	Log       *slog.Logger // warnings and errors of the server; nil for none
}

// Embedded is a JetStream server in this process that listens to nobody else.
type Embedded struct {
	server  *server.Server
	lock    *os.File
	durable bool
	stop    sync.Once
}

// maxPayload leaves a body of 1 MiB room for the headers of a Move.
const maxPayload = 1<<20 + headroom

// Embed starts a server. It holds a lock on its directory: two servers on the
// same files would destroy them.
func Embed(o EmbedOptions) (*Embedded, error) {
	e, err := embed(o)
	if err != nil {
		return nil, fmt.Errorf("start the embedded NATS server: %w", err)
	}
	return e, nil
}

func embed(o EmbedOptions) (_ *Embedded, err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	e := &Embedded{durable: o.SyncEvery == 0}
	if e.lock, err = os.OpenFile(filepath.Join(o.Dir, "stanch.lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.lock.Close())
		}
	}()
	if err := syscall.Flock(int(e.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s: %w\nhint: another stanch runs on this directory; several need one NATS cluster, nats://…", o.Dir, err)
	}
	e.server, err = server.NewServer(&server.Options{
		ServerName: "stanch", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: o.Dir, JetStreamMaxMemory: 64 << 20,
		SyncAlways: e.durable, SyncInterval: o.SyncEvery,
		MaxPayload: maxPayload,
	})
	if err != nil {
		return nil, err
	}
	if o.Log != nil {
		e.server.SetLoggerV2(logger{o.Log}, false, false, false)
	}
	e.server.Start()
	if !e.server.ReadyForConnections(patience) {
		e.server.Shutdown()
		return nil, fmt.Errorf("not ready in %v", patience)
	}
	if !e.server.JetStreamEnabled() {
		e.server.Shutdown()
		return nil, fmt.Errorf("JetStream did not start in %s\nhint: is the disk full, or the directory read-only?", o.Dir)
	}
	return e, nil
}

// Stop ends the server when it has written what it holds. Clients lose their
// connection. It is safe twice.
func (e *Embedded) Stop() error {
	var err error
	e.stop.Do(func() {
		e.server.Shutdown()
		e.server.WaitForShutdown()
		err = e.lock.Close()
	})
	return err
}

// logger hands the server's words on. What it notices, debugs and traces is of
// no use to stanch's users.
type logger struct{ to *slog.Logger }

func (l logger) Noticef(string, ...any) {}
func (l logger) Debugf(string, ...any)  {}
func (l logger) Tracef(string, ...any)  {}
func (l logger) Warnf(format string, values ...any) {
	l.to.Warn("nats: " + fmt.Sprintf(format, values...))
}

func (l logger) Errorf(format string, values ...any) {
	l.to.Error("nats: " + fmt.Sprintf(format, values...))
}

func (l logger) Fatalf(format string, values ...any) {
	l.to.Error("nats: " + fmt.Sprintf(format, values...))
}
