package file

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/stanch-dev/stanch/internal/work"
)

// most is how many changes one transaction takes together.
const most = 512

// change is one caller's part of a transaction. An error that it returns as
// refusal means that it changed nothing: the others are committed.
type change struct {
	do   func(tx *session, st *statements) error
	done chan error
}

// refusal is an answer to the caller, not a failure of the database.
type refusal struct{ err error }

func (r refusal) Error() string { return r.err.Error() }

// session is the writer's connection, within a transaction.
type session struct{ conn *sql.Conn }

// None of these is bounded: a transaction is ended by its statements, not by one
// of its callers.

func (s *session) Exec(query string, args ...any) (sql.Result, error) {
	return s.conn.ExecContext(context.Background(), query, args...)
}

func (s *session) Query(query string, args ...any) (*sql.Rows, error) {
	return s.conn.QueryContext(context.Background(), query, args...)
}

func (s *session) QueryRow(query string, args ...any) *sql.Row {
	return s.conn.QueryRowContext(context.Background(), query, args...)
}

// writer is the one that changes the database. It has one connection and begins
// its transactions itself: database/sql's would prepare every statement anew for
// each of them.
type writer struct {
	db      *sql.DB
	tx      *session
	st      *statements
	changes chan change
	ended   chan struct{}
}

// statements are the prepared ones of the hot path.
type statements struct {
	begin, commit, addQueue, put, due, lease, renew, done, back, move *sql.Stmt
}

func newWriter(db *sql.DB) (*writer, error) {
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return nil, err
	}
	if version > 1 {
		return nil, fmt.Errorf("the database has format %d, this stanch knows 1\nhint: it was written by a newer stanch; use that one, or another directory", version)
	}
	if _, err := db.Exec(schema); err != nil {
		return nil, err
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, tx: &session{conn}, st: &statements{}, changes: make(chan change, most), ended: make(chan struct{})}
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&w.st.begin, "BEGIN IMMEDIATE"},
		{&w.st.commit, "COMMIT"},
		{&w.st.addQueue, "INSERT INTO queue(name) VALUES (?) ON CONFLICT DO NOTHING"},
		{&w.st.put, "INSERT INTO message(queue, visible, inserted, body) SELECT id, ?2, ?2, ?3 FROM queue WHERE name = ?1"},
		{&w.st.due, "SELECT seq, deliveries, inserted, body FROM message WHERE queue = (SELECT id FROM queue WHERE name = ?) AND visible <= ? ORDER BY visible, seq LIMIT ?"},
		{&w.st.lease, "UPDATE message SET visible = ?, deliveries = deliveries + 1, receipt = ?, owner = ? WHERE seq = ?"},
		{&w.st.renew, "UPDATE message SET visible = ? WHERE seq = ? AND receipt = ?"},
		{&w.st.done, "DELETE FROM message WHERE seq = ? AND receipt = ?"},
		{&w.st.back, "UPDATE message SET visible = ?, receipt = 0, owner = 0 WHERE seq = ? AND receipt = ?"},
		{&w.st.move, "INSERT INTO message(queue, visible, inserted, body) SELECT (SELECT id FROM queue WHERE name = ?1), ?2, ?2, body FROM message WHERE seq = ?3 AND receipt = ?4"},
	} {
		prepared, err := conn.PrepareContext(context.Background(), s.sql)
		if err != nil {
			return nil, err
		}
		*s.to = prepared
	}
	return w, nil
}

// change does one thing within a transaction, together with what others want at
// the same time, and returns when it is committed. The statements of do must all
// have been made, or none: do checks before it writes.
func (w *writer) change(ctx context.Context, do func(tx *session, st *statements) error) error {
	c := change{do: do, done: make(chan error, 1)}
	select {
	case w.changes <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ended:
		return errClosed
	}
	// Once it is on its way it is waited for: the caller has to know.
	select {
	case err := <-c.done:
		return err
	case <-w.ended:
		select {
		case err := <-c.done:
			return err
		default:
			return errClosed
		}
	}
}

var errClosed = &work.Unavailable{Err: errors.New("the store is closed")}

// run commits until ctx ends.
func (w *writer) run(ctx context.Context) {
	defer close(w.ended)
	var batch []change
	for {
		batch = batch[:0]
		select {
		case c := <-w.changes:
			batch = append(batch, c)
		case <-ctx.Done():
			return
		}
		// Whoever is about to want something gets the chance to: a transaction
		// costs more than what is in it.
		runtime.Gosched()
	gather:
		for len(batch) < most {
			select {
			case c := <-w.changes:
				batch = append(batch, c)
			default:
				break gather
			}
		}
		w.commit(batch)
	}
}

// commit makes the changes together, and one by one if that fails: then the
// caller whose change is the cause has the error, and nobody else.
func (w *writer) commit(batch []change) {
	answers := make([]error, len(batch))
	if err := w.transact(batch, answers); err != nil {
		for i := range batch {
			alone := answers[i : i+1]
			if err := w.transact(batch[i:i+1], alone); err != nil {
				alone[0] = told(err)
			}
		}
	}
	for i, c := range batch {
		c.done <- answers[i]
	}
}

func (w *writer) transact(batch []change, answers []error) error {
	if _, err := w.st.begin.Exec(); err != nil {
		return err
	}
	for i, c := range batch {
		answers[i] = nil
		err := c.do(w.tx, w.st)
		if refused, ok := errors.AsType[refusal](err); ok {
			answers[i] = refused.err
			continue
		}
		if err != nil {
			return errors.Join(err, w.rollback())
		}
	}
	if _, err := w.st.commit.Exec(); err != nil {
		return errors.Join(err, w.rollback())
	}
	return nil
}

// rollback undoes what is left of a transaction. SQLite undoes one by itself when
// the disk is full or fails; there is nothing to undo then, which is no error.
func (w *writer) rollback() error {
	if _, err := w.tx.Exec("ROLLBACK"); err != nil && !strings.Contains(err.Error(), "no transaction is active") {
		return err
	}
	return nil
}

func (w *writer) close() error { return errors.Join(w.tx.conn.Close(), w.db.Close()) }
