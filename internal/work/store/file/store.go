// Package file keeps work in one directory of this machine: queues and ledger in an SQLite database, blobs as plain files.
//
// It is the default, and needs no service. The database is in WAL mode and by
// default synchronous=FULL, so that what Put has acknowledged survives a power
// cut. All writes pass one goroutine, which commits what has come together in one
// transaction: one fsync serves many callers. Several processes may share the
// directory. Each holds a lock file as long as it lives; the leases of one that
// was killed are given back at once by whoever sees that its lock is free, not
// when they lapse. Begin with [Open]; blobs are in blob.go.
package file

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stanch-dev/stanch/internal/work"
)

// Options say how a store is opened.
type Options struct {
	// Relaxed lets the database's commits reach the disk later (SQLite's
	// synchronous=NORMAL): what was acknowledged survives the end of the process,
	// but the last of it not a power cut.
	Relaxed bool
}

// Store is one directory. It is a queue.Store; [Store.Blobs] and [Store.Ledger]
// are the others.
type Store struct {
	dir     string
	readers *sql.DB
	writer  *writer
	root    *os.Root // of the blobs
	self    *tenancy
	bells   bells
	look    *sql.Stmt // of due
	more    sync.Map  // of queues whose last lease was as large as was asked: there may be more
	cancel  context.CancelFunc
	group   sync.WaitGroup
	close   sync.Once
}

// schema is version 1 of the database. Times are Unix microseconds. A message is
// leased while visible lies ahead and receipt is not 0.
const schema = `
CREATE TABLE IF NOT EXISTS queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS message (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	queue INTEGER NOT NULL REFERENCES queue(id),
	visible INTEGER NOT NULL,
	inserted INTEGER NOT NULL,
	deliveries INTEGER NOT NULL DEFAULT 0,
	receipt INTEGER NOT NULL DEFAULT 0,
	owner INTEGER NOT NULL DEFAULT 0,
	body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS message_due ON message(queue, visible, seq);
CREATE INDEX IF NOT EXISTS message_owner ON message(owner) WHERE owner <> 0;
CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, written INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (last INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counter);
CREATE TABLE IF NOT EXISTS host (owner INTEGER PRIMARY KEY);
PRAGMA user_version = 1;
`

// Open opens the store in dir, and makes it if it isn't there.
func Open(dir string, o Options) (*Store, error) {
	s, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open the store of work in %s: %w", dir, err)
	}
	return s, nil
}

func open(dir string, o Options) (_ *Store, err error) {
	s := &Store{dir: dir, bells: bells{rung: map[string]chan struct{}{}}}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	for _, sub := range []string{"", "blobs", "hosts"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	if s.root, err = os.OpenRoot(filepath.Join(dir, "blobs")); err != nil {
		return nil, err
	}
	writes, err := database(dir, o, 1)
	if err != nil {
		return nil, err
	}
	if s.writer, err = newWriter(writes); err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	if s.readers, err = database(dir, o, 4); err != nil {
		return nil, err
	}
	if s.look, err = s.readers.Prepare("SELECT EXISTS (SELECT 1 FROM message WHERE message.queue = queue.id AND visible <= ?) FROM queue WHERE name = ?"); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.group.Go(func() { s.writer.run(ctx) })
	if s.self, err = s.moveIn(ctx); err != nil {
		return nil, err
	}
	s.group.Go(func() { s.sweepEvery(ctx, sweepPause) })
	return s, nil
}

func database(dir string, o Options, conns int) (*sql.DB, error) {
	sync := "FULL"
	if o.Relaxed {
		sync = "NORMAL"
	}
	settings := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(" + sync + ")", "cache_size(-2000)", "temp_store(MEMORY)"}}
	path := filepath.Join(dir, "work.db")
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: absolute(path), RawQuery: settings.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Close gives back what this process still has on lease, and closes the store.
// It is safe to call twice.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		if s.self != nil {
			err = s.moveOut()
		}
		if s.cancel != nil {
			s.cancel()
		}
		s.group.Wait()
		if s.writer != nil {
			err = errors.Join(err, s.writer.close())
		}
		if s.readers != nil {
			err = errors.Join(err, s.readers.Close())
		}
		if s.root != nil {
			err = errors.Join(err, s.root.Close())
		}
	})
	return err
}

// told translates an error of SQLite: what may pass is work.Unavailable.
func told(err error) error {
	if code, ok := errors.AsType[*sqlite.Error](err); ok {
		switch code.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			return &work.Unavailable{Err: err}
		}
	}
	if errors.Is(err, sql.ErrConnDone) {
		return &work.Unavailable{Err: err}
	}
	return err
}

// now is the time as the database keeps it.
func now() int64 { return time.Now().UnixMicro() }
