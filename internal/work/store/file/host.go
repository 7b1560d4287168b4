package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// sweepPause is how often leases of dead processes are looked for.
const sweepPause = 2 * time.Second

// tenancy is this process's place in the store: the lock that it holds while it
// lives, and the number that its leases bear.
type tenancy struct {
	owner int64
	lock  *os.File
}

func (s *Store) lockName(owner int64) string {
	return filepath.Join(s.dir, "hosts", fmt.Sprintf("%016x.lock", owner))
}

// moveIn takes a number, and gives back what the dead have left.
func (s *Store) moveIn(ctx context.Context) (*tenancy, error) {
	t := &tenancy{owner: rand.Int64N(1<<62) + 1}
	lock, err := os.OpenFile(s.lockName(t.owner), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	t.lock = lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", lock.Name(), err), lock.Close())
	}
	err = s.writer.change(ctx, func(tx *session, _ *statements) error {
		_, err := tx.Exec("INSERT INTO host(owner) VALUES (?)", t.owner)
		return err
	})
	if err == nil {
		err = s.sweep(ctx, t.owner)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return t, nil
}

// moveOut gives back what this process still has on lease.
func (s *Store) moveOut() error {
	err := s.evict(context.Background(), s.self.owner)
	return errors.Join(err, s.self.lock.Close())
}

func (s *Store) sweepEvery(ctx context.Context, pause time.Duration) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			// What fails now is tried again, and lapses at the latest.
			_ = s.sweep(ctx, s.self.owner)
		case <-ctx.Done():
			return
		}
	}
}

// sweep gives back the leases of hosts whose lock is free: they are dead.
func (s *Store) sweep(ctx context.Context, self int64) error {
	rows, err := s.readers.QueryContext(ctx, "SELECT owner FROM host WHERE owner <> ?", self)
	if err != nil {
		return told(err)
	}
	defer rows.Close()
	var others []int64
	for rows.Next() {
		var owner int64
		if err := rows.Scan(&owner); err != nil {
			return told(err)
		}
		others = append(others, owner)
	}
	if err := rows.Err(); err != nil {
		return told(err)
	}
	for _, owner := range others {
		if s.alive(owner) {
			continue
		}
		if err := s.evict(ctx, owner); err != nil {
			return err
		}
	}
	return nil
}

// alive says whether a host holds its lock. Where that can't be told it counts
// as alive: its leases lapse in their time.
func (s *Store) alive(owner int64) bool {
	lock, err := os.OpenFile(s.lockName(owner), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		return true
	}
	defer lock.Close()
	return syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil
}

// evict gives back a host's leases and forgets it. Messages that were leased by
// somebody else since bear that one's number.
func (s *Store) evict(ctx context.Context, owner int64) error {
	var queues []string
	err := s.writer.change(ctx, func(tx *session, _ *statements) error {
		queues = nil
		rows, err := tx.Query("SELECT DISTINCT name FROM queue JOIN message ON queue.id = message.queue WHERE owner = ?", owner)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			queues = append(queues, name)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		if _, err := tx.Exec("UPDATE message SET visible = ?, receipt = 0, owner = 0 WHERE owner = ?", now(), owner); err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM host WHERE owner = ?", owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("give back the leases of a host that is gone: %w", err)
	}
	for _, name := range queues {
		s.bells.ring(name)
	}
	if err := (&Blobs{root: s.root}).removeTemps(owner); err != nil {
		return fmt.Errorf("remove what a host that is gone has not finished: %w", err)
	}
	if err := os.Remove(s.lockName(owner)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
